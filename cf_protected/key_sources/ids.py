"""Read a key pair ID as people store it."""

from __future__ import annotations

from typing import Any, TypeVar

from cf_protected.cloudfront.keys import check_key_pair_id
from cf_protected.cloudfront.text import plain

T = TypeVar("T")


def clean_id(key_pair_id: T) -> T | str:
    """Return the ID without the blanks, line breaks and quotes that an editor left around it.

    Anything but text is returned unchanged. ``check_key_pair_id`` says what is wrong with the rest.
    """
    if not isinstance(key_pair_id, str):
        return key_pair_id
    return plain(key_pair_id).decode("ascii").strip(" \t\r\n\"'")


def id_option(key_pair_id: Any) -> str | None:
    """Return the option ``key_pair_id`` of a source in AWS; ``None`` if it isn't given.

    Raises ``UnusableKey``, a ``ValueError``, for an ID that isn't that of a public key: a check
    can't ask AWS for the key, but the option is at hand.
    """
    if not key_pair_id:
        return None
    cleaned = clean_id(key_pair_id)
    check_key_pair_id(cleaned)
    return str(cleaned)
