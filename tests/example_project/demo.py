"""``manage.py demo`` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]

READER = ("reader", "high-tide")
STAFF = ("staff", "low-tide")

_READY = "Stop it with Control-C."
_SECONDS_TO_START = 500  # the files are made at the first start, on a machine that is busy


@dataclass(frozen=True)
class StoredFile:
    """A row of ``AssetFile``."""

    key: str
    url: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    shop: str
    edge: str
    var: Path
    process: subprocess.Popen[bytes]
    log: Path

    def files(self) -> dict[str, StoredFile]:
        """What the shop knows of its single files, by their keys."""
        query = "SELECT key, uuid, size, checksum FROM cf_protected_assetfile WHERE kind = 'object'"
        with closing(sqlite3.connect(self.var / "shop.sqlite3")) as database:
            return {
                key: StoredFile(key, f"/downloads/files/{_dashed(uuid)}/", size, checksum)
                for key, uuid, size, checksum in database.execute(query)
            }

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.var / "shop.sqlite3")) as database:
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            return int(count)

    def output(self) -> str:
        return self.log.read_text()

    def stop(self, number: signal.Signals) -> int:
        """Send the signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def _dashed(uuid: str) -> str:
    return f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"


def free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def manage(*arguments: str) -> list[str]:
    """The command line, on which any warning is an error."""
    return [sys.executable, "-W", "error", str(ROOT / "manage.py"), *arguments]


def environment(var: Path, settings: str = "example_project.settings") -> dict[str, str]:
    """The environment of the example project, with a directory of its own."""
    example = {
        "DJANGO_SETTINGS_MODULE": settings,
        "EXAMPLE_PROJECT_VAR": str(var),
        "PYTHONUNBUFFERED": "1",
    }
    return os.environ | example


@contextmanager
def running_demo(
    var: Path, *arguments: str, command: str = "demo", settings: str = "example_project.settings"
) -> Iterator[Demo]:
    """Start the demo on free ports, and kill it at the end if it is still there."""
    port, edge_port = free_ports()
    started = manage(command, "--port", str(port), "--edge-port", str(edge_port), *arguments)
    log = var.with_suffix(".log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            started, env=environment(var, settings), stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_ready(process, log)
            shop, edge = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{edge_port}"
            yield Demo(shop, edge, var, process, log)
        finally:
            process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    def is_ready() -> bool:
        output = log.read_text()
        assert process.poll() is None, f"The demo ended:\n{output}"
        return _READY in output

    wait_until(is_ready, patience=_SECONDS_TO_START)
