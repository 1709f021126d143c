"""Serve an edge over HTTP from threads, for development and never for production."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Final

from cf_protected.cloudfront.url import MAX_REQUEST_BYTES
from cf_protected.edge.edge import Edge
from cf_protected.edge.errors import BAD_REQUEST, EdgeError
from cf_protected.edge.messages import Request, Response

logger = logging.getLogger(__name__)

_CHUNK_BYTES: Final = 256 * 1024
_IDLE_SECONDS: Final = 60
_STOP_SECONDS: Final = 0.02
_DISCARD_SECONDS: Final = 1
_DISCARDED_CHUNKS: Final = 64


class EdgeServer(ThreadingTCPServer):
    """A server on ``host`` and ``port`` (0: any free port) that answers through ``edge``.

    ``log`` is called with one line for each request. It never contains a query, since
    signatures are secrets.

    Raises ``OSError`` if it can't listen there.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, edge: Edge, *, log: Callable[[str], object] = logger.info
    ) -> None:
        self.edge = edge
        self.log = log
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self.server_address[1]
        return port

    @property
    def is_loopback(self) -> bool:
        """Can only this machine reach it?"""
        address = viewer_address(str(self.server_address[0]))
        return ipaddress.ip_address(address).is_loopback


@contextmanager
def running(
    edge: Edge,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    log: Callable[[str], object] = logger.info,
) -> Iterator[EdgeServer]:
    """Serve ``edge`` from a thread while the ``with`` block runs.

    Raises ``OSError`` if it can't listen there.
    """
    with EdgeServer(host, port, edge, log=log) as server:
        thread = Thread(target=server.serve_forever, args=[_STOP_SECONDS], name="edge", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def viewer_address(host: str) -> str:
    """Return the address of the peer ``host``; as plain IPv4 if it is mapped into IPv6."""
    address = ipaddress.ip_address(host)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _discard_rest(connection: socket.socket) -> None:
    """Read what the viewer still sends, for a moment.

    Closing a connection with unread bytes resets it, and the viewer could lose the response.
    """
    connection.settimeout(_DISCARD_SECONDS)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        for _ in range(_DISCARDED_CHUNKS):
            if not connection.recv(_CHUNK_BYTES):
                return


class _HeadReader(BufferedReader):
    """A reader of a request's head, which ends one byte after the longest that is accepted.

    http.server asks for lines of up to 65,536 bytes, and takes the end for that of the head.
    """

    bytes_read = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(MAX_REQUEST_BYTES + 1 - self.bytes_read)
        self.bytes_read += len(line)
        return line


class _Handler(BaseHTTPRequestHandler):
    """One viewer's connection."""

    server: EdgeServer
    protocol_version = "HTTP/1.1"
    # An unparsable request would otherwise get an HTTP/0.9 response, without status and headers.
    default_request_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Headers and body are two writes. Otherwise the body would wait for the viewer's ACK.
    disable_nagle_algorithm = True

    _is_refused = False

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = self._head = _HeadReader(self.connection.makefile("rb", buffering=0))

    def handle_one_request(self) -> None:
        self._head.bytes_read = 0
        super().handle_one_request()

    def finish(self) -> None:
        super().finish()
        if self._is_refused:
            _discard_rest(self.connection)

    def handle(self) -> None:
        with suppress(ConnectionError):  # the viewer hung up
            super().handle()

    def do_GET(self) -> None:
        # Not self.path, since http.server merges leading slashes there.
        target = self.requestline.split()[1]
        viewer_ip = viewer_address(self.client_address[0])
        read = self._head.bytes_read
        request = Request(self.command, target, self.headers, viewer_ip, head_bytes=read)
        self._send(self.server.edge.respond(request), target)

    do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer requests that http.server refuses, which include methods without a ``do_``."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self.do_GET()
            return
        is_long = self._head.bytes_read > MAX_REQUEST_BYTES
        if is_long or code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            status = HTTPStatus.BAD_REQUEST
        error = EdgeError(status, BAD_REQUEST, HTTPStatus(code).phrase)
        self._send(self.server.edge.error_page(error), "")

    def log_error(self, format: str, *args: object) -> None:
        """Log nothing: http.server calls this only when an idle connection times out."""

    def _send(self, response: Response, target: str) -> None:
        self._log(target, response.status, response.detail)
        self._is_refused = response.is_last
        self.close_connection = self.close_connection or response.is_last
        with closing(response.body) as body:
            self._send_headers(response)
            if self.command == "HEAD":
                return
            try:
                while chunk := body.read(_CHUNK_BYTES):
                    self.wfile.write(chunk)
            except EdgeError as error:
                # The status is out, so only a broken connection tells the viewer.
                self.close_connection = True
                self._log(target, error.status, error.detail)

    def _send_headers(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()

    def _log(self, target: str, status: HTTPStatus, detail: str) -> None:
        path = target.partition("?")[0]
        line = f"{self.command or '-'} {path or '-'} {status.value} {detail}".rstrip()
        self.server.log("".join(c if c.isprintable() else repr(c)[1:-1] for c in line))
