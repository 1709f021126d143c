"""What stands in front of ministack, to make it behave as AWS does.

CloudFront's answers have the simulated time and the edge locations' state, and quotas hold.
In Secrets Manager staging labels move.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from tests.drill.account import Account, Answer
from tests.waiting import PATIENCE


class Front(ThreadingHTTPServer):
    """Passes requests on to ministack, past ``account``."""

    daemon_threads = True

    def __init__(self, ministack: tuple[str, int], account: Account) -> None:
        self.ministack = ministack
        self.account = account
        self.lock = Lock()
        self.calls = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.ministack = HTTPConnection(*self.server.ministack, timeout=PATIENCE)

    def finish(self) -> None:
        self.ministack.close()
        super().finish()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with self.server.lock:  # the books follow ministack's order
            self.server.calls += 1
            self._send(self._answer(body))

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _answer(self, body: bytes) -> Answer:
        path, account = self.path.partition("?")[0], self.server.account
        refused = account.refuse(self.command, path, body)
        if refused is not None:
            return refused
        answer = self._ask(self.command, self.path, body, dict(self.headers))
        account.note(self.command, path, answer)
        if self.headers.get("X-Amz-Target") == "secretsmanager.PutSecretValue":
            self._move_labels(json.loads(body))
        return account.retell(path, answer)

    def _move_labels(self, put: dict[str, Any]) -> None:
        """Take the labels of a new version away from the others, which ministack forgets.

        Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
        """
        secret = {"SecretId": put["SecretId"]}
        versions = self._secretsmanager("DescribeSecret", secret)["VersionIdsToStages"]
        for version, labels in versions.items():
            for label in {*labels} & {*put.get("VersionStages", ())}:
                if version != put["ClientRequestToken"]:
                    move = {**secret, "VersionStage": label, "RemoveFromVersionId": version}
                    self._secretsmanager("UpdateSecretVersionStage", move)

    def _secretsmanager(self, operation: str, parameters: dict[str, Any]) -> Any:
        body = json.dumps(parameters).encode()
        headers = dict(self.headers) | {
            "X-Amz-Target": f"secretsmanager.{operation}",
            "Content-Length": str(len(body)),
        }
        answer = self._ask("POST", "/", body, headers)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.ministack.request(method, target, body, headers)
        response = self.ministack.getresponse()
        return Answer(response.status, dict(response.headers), response.read())

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


@contextmanager
def running(ministack: tuple[str, int], account: Account) -> Iterator[Front]:
    with Front(ministack, account) as front:
        thread = Thread(target=front.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield front
        front.shutdown()
        thread.join()
