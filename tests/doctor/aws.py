"""AWS for these tests: moto over HTTP, behind a front that can answer in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from moto.server import ThreadedMotoServer

CACHE_POLICY_ID = "7c1a5d0e-1f0b-4c53-9d5e-cf0doctor000"
# What the connection itself says, and what moto would count differently.
_OWN_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Front(ThreadingHTTPServer):
    """Passes requests on to moto, unless ``answers`` has one for their path."""

    daemon_threads = True

    def __init__(self, moto: tuple[str, int]) -> None:
        self.moto = moto
        self.answers: dict[str, tuple[int, str]] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def deny(self, path: str) -> None:
        """Answer requests whose path or body fits as IAM does without a permission."""
        self.answers[path] = (403, error_xml("AccessDenied", "User is not authorized."))

    def reset(self) -> None:
        self.answers.clear()
        connection = HTTPConnection(*self.moto)
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        target = self.headers.get("X-Amz-Target", "")
        asked = f"{self.path} {target} {body.decode('latin-1')}"
        for pattern, (status, text) in self.server.answers.items():
            if re.search(pattern, asked):
                self._send(status, {"Content-Length": str(len(text))}, text.encode())
                return
        connection = HTTPConnection(*self.server.moto)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        content = response.read()
        length = response.headers.get("Content-Length", str(len(content)))  # of a HEAD, too
        kept = {k: v for k, v in response.headers.items() if k.lower() not in _OWN_HEADERS}
        self._send(response.status, {**kept, "Content-Length": length}, content)
        connection.close()

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running_aws() -> Iterator[Front]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    with Front(moto.get_host_and_port()) as front:
        thread = Thread(target=front.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield front
        front.shutdown()
        thread.join()
    moto.stop()


def error_xml(code: str, message: str) -> str:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )


def cache_policy_xml(*query_strings: str, behavior: str = "whitelist", max_ttl: int = 86400) -> str:
    """GetCachePolicy's answer, which moto doesn't have."""
    items = "".join(f"<Name>{name}</Name>" for name in query_strings)
    return (
        f"<CachePolicy><Id>{CACHE_POLICY_ID}</Id><CachePolicyConfig><Name>downloads</Name>"
        f"<MinTTL>0</MinTTL><MaxTTL>{max_ttl}</MaxTTL>"
        "<ParametersInCacheKeyAndForwardedToOrigin>"
        f"<QueryStringsConfig><QueryStringBehavior>{behavior}</QueryStringBehavior>"
        f"<QueryStrings><Quantity>{len(query_strings)}</Quantity><Items>{items}</Items>"
        "</QueryStrings></QueryStringsConfig></ParametersInCacheKeyAndForwardedToOrigin>"
        "</CachePolicyConfig></CachePolicy>"
    )
