"""The load: run in a process of its own, so that it doesn't share the servers' interpreter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection

MAX_REQUESTS = 50_000


def requests_per_second(port: int, path: str, cookies: Sequence[str], seconds: float) -> float:
    """Ask for ``path`` for ``seconds``, over one kept connection for each of ``cookies``.

    Raises ``RuntimeError`` if an answer is anything but a 303.
    """
    start = time.perf_counter()

    def ask(cookie: str) -> int:
        return _ask(HTTPConnection("127.0.0.1", port, timeout=30), path, cookie, start + seconds)

    with ThreadPoolExecutor(len(cookies)) as threads:
        answered = sum(threads.map(ask, cookies))
    return answered / (time.perf_counter() - start)


def _ask(connection: HTTPConnection, path: str, cookie: str, until: float) -> int:
    """Ask until ``until``, at most ``MAX_REQUESTS`` times. Return the number of requests."""
    asked = 0
    try:
        while time.perf_counter() < until and asked < MAX_REQUESTS:
            connection.request("GET", path, headers={"Cookie": cookie})
            response = connection.getresponse()
            response.read()
            if response.status != HTTPStatus.SEE_OTHER:
                raise RuntimeError(f"{path} answered {response.status}.")
            asked += 1
    finally:
        connection.close()
    return asked
