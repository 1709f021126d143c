"""The folders and streams that are also tested elsewhere."""

from tests.signed_cookies.conftest import (
    both_granted,
    course,
    course_grant,
    make_folder,
    neighbour,
)
from tests.streams.conftest import limited, storage, stream

__all__ = [
    "both_granted",
    "course",
    "course_grant",
    "limited",
    "make_folder",
    "neighbour",
    "storage",
    "stream",
]
