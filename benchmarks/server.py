"""The benchmarks' project behind gunicorn, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

START_SECONDS: Final = 20


@contextmanager
def server(*, threads: int, repeat_window: int, database_name: str) -> Iterator[int]:
    """Serve the project, and yield the port. ``repeat_window`` is in seconds.

    Raises ``RuntimeError`` if it doesn't start.
    """
    port = _free_port()
    environment = os.environ | {
        "BENCHMARK_REPEAT_WINDOW": str(repeat_window),
        "BENCHMARK_DATABASE_NAME": database_name,
    }
    # No part of the command comes from outside.
    process = subprocess.Popen(_command(port, threads), env=environment)  # noqa: S603
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _command(port: int, threads: int) -> list[str]:
    """Return gunicorn's command: one process, so one processor, loaded before it listens."""
    return [
        *(sys.executable, "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()"),
        *("--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", str(threads)),
        *("--keep-alive", "60", "--preload", "--log-level", "error", "--no-control-socket"),
    ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The server doesn't start; see its output above.")
