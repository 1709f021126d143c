"""A proxy between a client and its server that spoils answers: late, wrong, cut off or none."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.waiting import PATIENCE


@dataclass(frozen=True)
class Request:
    """What the client sent."""

    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """AWS's name of what is asked for, such as ``AmazonSSM.GetParameter``."""
        return self.headers.get("X-Amz-Target", "")


@dataclass(frozen=True)
class Answer:
    """What the client is to get; ``cut`` bytes of the body are promised and not sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: int = 0


#: Changes the server's answer; without an answer the connection is reset.
Fault = Callable[[Answer], Answer | None]


def none(answer: Answer) -> Answer:
    return answer


def reset(answer: Answer) -> None:
    return None


def cut_off(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[:20], cut=len(answer.body) - 20)


def body(content: bytes) -> Fault:
    """Another body with the same status."""
    return lambda answer: replace(answer, body=content)


def refusal(code: str, message: str = "", status: int = 400) -> Fault:
    """An error as AWS's JSON protocols have it."""
    content = json.dumps({"__type": code, "message": message}).encode()
    return lambda answer: Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, content)


THROTTLED = refusal("ThrottlingException", "Rate exceeded")


class FaultyServer(ThreadingHTTPServer):
    """Hands requests on to ``upstream`` and its answers back, through ``fault``.

    A ``gate`` that isn't set lets no answer pass.
    """

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.requests: list[Request] = []
        self.fault: Fault = none
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that didn't wait."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(dict(self.headers), content)
        self.server.requests.append(request)
        answer = self.server.fault(self._upstream(request))
        self.server.gate.wait(PATIENCE)
        if answer is None:
            self._reset()
        else:
            self._send(answer)

    def _upstream(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(*self.server.upstream, timeout=PATIENCE)
        try:
            connection.request("POST", self.path, request.body, request.headers)
            response = connection.getresponse()
            return Answer(
                response.status,
                {"Content-Type": response.headers.get("Content-Type", "")},
                response.read(),
            )
        finally:
            connection.close()

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + answer.cut))
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = bool(answer.cut)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def faulty(upstream: tuple[str, int]) -> Iterator[FaultyServer]:
    """The proxy, on a free port, until the block ends."""
    with FaultyServer(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()
        thread.join()
