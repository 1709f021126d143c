"""``manage.py cf_edge``, over real HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from cf_protected.distributions import distributions
from cf_protected.edge.server import running
from cf_protected.management.commands.cf_edge import edge_for
from tests.edge.client import Answer, fetch
from tests.signing import sign
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from pytest_django import Settings

Visit = Callable[[tuple[str, int]], Answer]


@pytest.fixture
def use_root(settings: Settings, root: Path) -> Callable[..., None]:
    """Point the default distribution at ``root``, with other options if given."""
    (root / "book.txt").write_bytes(b"Call me Ishmael.")
    settings.DEBUG = True

    def use(**options: Any) -> None:
        settings.STORAGES = {
            **settings.STORAGES,
            "protected": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": root},
            },
        }
        default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
        settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": {**default, **options}}}

    return use


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run(visit: Visit, **options: Any) -> tuple[Answer, str, str]:
    """Run the command, visit its address from a thread, and stop it with SIGTERM."""
    out, err = StringIO(), StringIO()
    answers: list[Answer] = []

    def visit_and_stop() -> None:
        try:
            answers.append(visit(_address(out)))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=visit_and_stop)
    thread.start()
    try:
        call_command("cf_edge", stdout=out, stderr=err, **options)
    finally:
        thread.join()
    return answers[0], out.getvalue(), err.getvalue()


def _address(out: StringIO) -> tuple[str, int]:
    address = re.compile(r"http://([\w.]+):(\d+);")
    wait_until(lambda: address.search(out.getvalue()))
    host, port = address.search(out.getvalue()).groups()  # type: ignore[union-attr]
    return host, int(port)


def signed_target() -> str:
    distribution = distributions["default"]
    signed = sign(distribution.url("book.txt", download_name="Möby.txt"))
    return signed.removeprefix(f"{distribution.scheme}://{distribution.domain}")


def test_signed_url_downloads_the_file(use_root: Callable[..., None], port: int) -> None:
    use_root(DOMAIN=f"127.0.0.1:{port}", SCHEME="http")
    answer, out, err = run(lambda address: fetch(address, signed_target()), port=port)
    assert answer.body == b"Call me Ishmael."
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%B6by.txt"
    assert out == (
        f"The edge of 'default' is at http://127.0.0.1:{port}; stop it with Control-C.\n"
    )
    assert err == "GET /book.txt 200\n"


def test_warns_if_urls_are_signed_for_another_address(use_root: Callable[..., None]) -> None:
    use_root(DOMAIN="downloads.example.com")
    answer, _, err = run(lambda address: fetch(address, signed_target()), port=0)
    assert answer.status == 403
    assert err.startswith("URLs are signed for https://downloads.example.com and open only there.")


def test_warns_without_debug(use_root: Callable[..., None], port: int, settings: Settings) -> None:
    use_root(DOMAIN=f"127.0.0.1:{port}", SCHEME="http")
    settings.DEBUG = False
    answer, _, err = run(lambda address: fetch(address, signed_target()), port=port)
    assert answer.body == b"Call me Ishmael."
    assert err.startswith("DEBUG is False, and cf_edge is for development alone: in production, ")
    assert "other machines" not in err


@pytest.mark.parametrize("host", ["0.0.0.0", ""])
def test_warns_if_other_machines_can_reach_it(
    use_root: Callable[..., None], port: int, host: str
) -> None:
    use_root(DOMAIN=f"127.0.0.1:{port}", SCHEME="http")
    out, err = StringIO(), StringIO()
    stop = threading.Thread(target=_stop_when, args=[lambda: "other machines" in err.getvalue()])
    stop.start()
    call_command("cf_edge", host=host, port=port, stdout=out, stderr=err)
    stop.join()
    where = host or "every address"
    assert f"It listens on {where}, so other machines can reach it, without TLS." in err.getvalue()
    assert "DEBUG" not in err.getvalue()


def _stop_when(condition: Callable[[], bool]) -> None:
    try:
        wait_until(condition)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_does_not_warn_of_this_machines_own_addresses(
    use_root: Callable[..., None], port: int, host: str
) -> None:
    use_root(DOMAIN=f"{host}:{port}", SCHEME="http")
    _, _, err = run(lambda address: fetch(address, signed_target()), host=host, port=port)
    assert err == "GET /book.txt 200\n"


def test_cors_origins(use_root: Callable[..., None], port: int) -> None:
    use_root(DOMAIN=f"127.0.0.1:{port}", SCHEME="http")
    origins = ["http://127.0.0.1:8000", "http://localhost:8000"]
    asked = {"Origin": origins[1]}
    answer, _, _ = run(
        lambda address: fetch(address, signed_target(), headers=asked),
        port=port,
        cors_origin=origins,
    )
    assert answer.headers["Access-Control-Allow-Origin"] == origins[1]


def test_cors_origin_that_is_not_an_origin() -> None:
    with pytest.raises(CommandError, match=r"'http://127\.0\.0\.1:8000/' isn't an origin"):
        call_command("cf_edge", "--cors-origin", "http://127.0.0.1:8000/")


def test_restores_the_handler_of_sigterm(use_root: Callable[..., None]) -> None:
    use_root()
    before = signal.getsignal(signal.SIGTERM)
    run(lambda address: fetch(address, "/"), port=0)
    assert signal.getsignal(signal.SIGTERM) is before


def test_path_prefix_of_the_distribution(use_root: Callable[..., None]) -> None:
    use_root(DOMAIN="cdn.test", SCHEME="http", PATH_PREFIX="media/")
    with running(edge_for(distributions["default"])) as server:
        target = signed_target()
        assert target.startswith("/media/book.txt?")
        answer = fetch(("127.0.0.1", server.port), target, headers={"Host": "cdn.test"})
    assert answer.body == b"Call me Ishmael."


def test_unknown_distribution() -> None:
    with pytest.raises(
        CommandError, match=r"no distribution 'nope'.* Known distributions: default"
    ):
        call_command("cf_edge", distribution="nope")


def test_key_that_cannot_be_read(use_root: Callable[..., None], tmp_path: Path) -> None:
    source = "cf_protected.key_sources.file.FileKeySource"
    options = {"path": tmp_path / "none.pem", "key_pair_id": "K2JCJMDEHXQW5F"}
    use_root(KEY_SOURCE={"BACKEND": source, "OPTIONS": options})
    with pytest.raises(CommandError, match=r"none\.pem can't be read"):
        call_command("cf_edge", port=0)


def test_storage_that_is_not_configured(use_root: Callable[..., None]) -> None:
    use_root(STORAGE="nope")
    with pytest.raises(CommandError, match="nope"):
        call_command("cf_edge", port=0)


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(CommandError, match=rf"port {taken}: .*in use.* another --host or --po"):
            call_command("cf_edge", port=taken)


def test_port_that_does_not_exist() -> None:
    with pytest.raises(CommandError, match=r"port 65536: .*[^.]\. Give another"):
        call_command("cf_edge", port=65536)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_quietly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "django", "cf_edge", "--port", "0"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "is at http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err
