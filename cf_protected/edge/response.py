"""What the edge answers, before it becomes bytes on a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import Protocol


class Body(Protocol):
    """Bytes to send, taken in chunks."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Response:
    """A status, headers and a body, which whoever takes the response has to close."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: Body = field(default_factory=BytesIO)

    #: Which rule refused the request: for the developer's log, never for the viewer.
    detail: str = ""

    #: Does the connection end here? What follows an unread body can't be told from it.
    is_last: bool = False
