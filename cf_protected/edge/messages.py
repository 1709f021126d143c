"""HTTP messages: a viewer's request, and the edge's response before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from http import HTTPStatus
from io import BytesIO
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """A viewer's request. ``target`` is the request line's, with one character for each byte.

    ``head_bytes`` is its size from the request line to the empty line after the headers.
    """

    method: str
    target: str
    headers: Message
    viewer_ip: str
    head_bytes: int = 0

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name; the first one if a name occurs twice.

        ``http.cookies`` stops at the first cookie that it can't parse. All sites of a domain
        share the header, so that cookie may be another site's.
        """
        cookies: dict[str, str] = {}
        for cookie in "; ".join(self.headers.get_all("Cookie", [])).split(";"):
            name, mark, value = cookie.strip().partition("=")
            if mark:
                cookies.setdefault(name, value)
        return cookies


class Body(Protocol):
    """The bytes of a response, read in chunks."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Response:
    """A response. Its receiver must close the body."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: Body = field(default_factory=BytesIO)

    #: The rule that refused the request. It is for the developer's log and never sent.
    detail: str = ""

    #: Must the connection be closed? An unread body would be taken for the next request.
    is_last: bool = False

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the same response with ``headers`` added."""
        return replace(self, headers={**self.headers, **headers})
