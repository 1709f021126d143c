"""AWS on this machine: ministack, which checks IAM policies here, with its gaps filled.

What it lacks is answered in its place: turning a secret's rotation off, a response headers
policy without the empty lists that CloudFront leaves out and Terraform would take for a change,
key groups that aren't in the order in which they were given, and alarms with all their parts.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.waiting import PATIENCE, wait_until

ACCOUNT = "123456789012"
REGION = "eu-central-1"
# What the connection itself says.
_OWN_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}
_EMPTY_LISTS = re.compile(
    rb"<(CustomHeadersConfig|RemoveHeadersConfig)>\s*<Quantity>0</Quantity>\s*</\1>"
)
_KEY_GROUPS = re.compile(rb"(?:<KeyGroup>[^<]+</KeyGroup>\s*){2,}")


@dataclass(frozen=True)
class AWS:
    """Where it is: ``url`` counts as TLS for policies, and ``plain_url`` doesn't."""

    url: str
    plain_url: str


@contextmanager
def running_aws(log: Path) -> Iterator[AWS]:
    """An AWS for this block, whose own words go to ``log``."""
    port = _free_port()
    with log.open("wb") as output, _ministack(port, output) as process:
        try:
            wait_until(lambda: _is_up(port))
            with _front(port) as url:
                yield AWS(url, f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def credentials(url: str, home: Path) -> dict[str, str]:
    """An environment in which the root of the account uses this AWS, and no other."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",  # ministack's own
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
    }


def _ministack(port: int, output: object) -> subprocess.Popen[bytes]:
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "ministack"],
        env=inherited | settings,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_up(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/_ministack/health"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except OSError:
        return False


@contextmanager
def _front(upstream: int) -> Iterator[str]:
    with _Front(upstream) as front:
        thread = threading.Thread(target=front.serve_forever, args=[0.02], daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{front.server_port}"
        finally:
            front.shutdown()
            thread.join()


class _Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # Terraform opens many connections at once

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Front
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("X-Amz-Target") == "secretsmanager.CancelRotateSecret":
            secret = json.loads(body)["SecretId"]
            self._send(200, {}, json.dumps({"ARN": secret, "Name": secret}).encode())
        elif b"Action=DescribeAlarms&" in body:
            self._describe_alarms(dict(urllib.parse.parse_qsl(body.decode())))
        else:
            self._pass_on(body)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815

    def _describe_alarms(self, form: dict[str, str]) -> None:
        """Ask in JSON, whose answer is complete, and answer in XML."""
        names = [value for name, value in form.items() if name.startswith("AlarmNames.member.")]
        target = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms",
        }
        _, _, content = self._ask(json.dumps({"AlarmNames": names}).encode(), **target)
        result = f"<DescribeAlarmsResult>{_xml(json.loads(content))}</DescribeAlarmsResult>"
        answer = f"<DescribeAlarmsResponse>{result}</DescribeAlarmsResponse>"
        self._send(200, {"Content-Type": "text/xml"}, answer.encode())

    def _pass_on(self, body: bytes) -> None:
        status, headers, content = self._ask(body)
        self._send(status, headers, _as_cloudfront_answers(content))

    def _ask(self, body: bytes, **other: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream)
        replaced = {name.lower() for name in other} | {"content-length"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in replaced}
        headers |= {"X-Forwarded-Proto": "https", **other}
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kept = {k: v for k, v in response.headers.items() if k.lower() not in _OWN_HEADERS}
        return response.status, kept, content

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _as_cloudfront_answers(content: bytes) -> bytes:
    return _KEY_GROUPS.sub(_sorted, _EMPTY_LISTS.sub(b"", content))


def _sorted(groups: re.Match[bytes]) -> bytes:
    return b"".join(sorted(re.findall(rb"<KeyGroup>[^<]+</KeyGroup>", groups[0])))


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        # AWS's dates have another form in XML, and Terraform needs none.
        parts = {k: v for k, v in value.items() if v is not None and "Timestamp" not in k}
        return "".join(f"<{name}>{_xml(part)}</{name}>" for name, part in parts.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(part)}</member>" for part in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
