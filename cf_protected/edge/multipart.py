"""Send several ranges of an object as one body. Source: RFC 9110, section 14.6."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import NamedTuple

from cf_protected.edge.messages import Body


class Part(NamedTuple):
    """One range: its headers, and its bytes."""

    headers: dict[str, str]
    length: int
    body: Body


class JoinedBody:
    """The bytes of several bodies, one after the other."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        self._bodies = list(bodies)
        self._current = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        while self._current < len(self._bodies):
            if chunk := self._bodies[self._current].read(size):
                return chunk
            self._current += 1
        return b""

    def close(self) -> None:
        for body in self._bodies:
            body.close()


def multipart(parts: Sequence[Part]) -> tuple[dict[str, str], Body]:
    """Return the headers and the body of a ``multipart/byteranges`` response."""
    boundary = secrets.token_hex(16)
    bodies: list[Body] = []
    length = 0
    for part in parts:
        lines = [f"\r\n--{boundary}", *(f"{name}: {value}" for name, value in part.headers.items())]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        bodies += [BytesIO(head), part.body]
        length += len(head) + part.length
    end = f"\r\n--{boundary}--\r\n".encode("ascii")
    headers = {
        "Content-Type": f"multipart/byteranges; boundary={boundary}",
        "Content-Length": str(length + len(end)),
    }
    return headers, JoinedBody([*bodies, BytesIO(end)])
