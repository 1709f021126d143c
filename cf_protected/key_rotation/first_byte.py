"""Ask for a URL as a viewer does, without downloading the object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit


@contextmanager
def first_byte(url: str, *, timeout: float, user_agent: str) -> Iterator[HTTPResponse]:
    """Open the response to a GET of the first byte of ``url``; no redirect is followed.

    ``timeout`` is in seconds, for each wait.

    Raises ``OSError`` or ``HTTPException`` without an answer. Their text may repeat the
    signature.
    """
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.netloc, timeout=timeout)
    target = parts._replace(scheme="", netloc="").geturl()
    try:
        connection.request("GET", target, headers={"Range": "bytes=0-0", "User-Agent": user_agent})
        yield connection.getresponse()
    finally:
        connection.close()
