"""An HTTP client that sends exactly the given bytes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage, HTTPResponse

from tests.waiting import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @classmethod
    def read(cls, response: HTTPResponse) -> Answer:
        return cls(response.status, response.headers, response.read())


def fetch(
    address: tuple[str, int],
    target: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection = HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Host": host_of(address)} | dict(headers or {})).items():
            connection.putheader(name, value)
        connection.endheaders()
        return Answer.read(connection.getresponse())
    finally:
        connection.close()


def send_raw(address: tuple[str, int], data: bytes) -> bytes:
    """Send ``data`` and return all that the edge sends before it closes the connection."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def host_of(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
