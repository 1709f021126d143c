from __future__ import annotations

import itertools
import signal
import socket
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.example_project.demo import (
    READER,
    STAFF,
    Demo,
    environment,
    free_ports,
    manage,
    running_demo,
)
from tests.waiting import PATIENCE, wait_until

TABLES = ("auth_user", "shop_product", "shop_order", "cf_protected_assetfile", "cf_protected_grant")


def run(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        manage(*arguments),
        env=environment(var),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_says_where_to_click_and_how_to_sign_in(demo: Demo) -> None:
    output = demo.output()
    for address in (f"{demo.shop}/", f"{demo.shop}/admin/", f"{demo.shop}/downloads/", demo.edge):
        assert address in output
    for name, password in (READER, STAFF):
        assert name in output
        assert password in output


def test_the_edge_lets_the_shops_scripts_read_even_a_refusal(demo: Demo) -> None:
    host = demo.edge.removeprefix("http://")
    with closing(HTTPConnection(host, timeout=PATIENCE)) as connection:
        connection.request("GET", "/videos/field-notes/master.m3u8", headers={"Origin": demo.shop})
        response = connection.getresponse()
    assert response.status == 403
    assert response.headers["Access-Control-Allow-Origin"] == demo.shop


def test_the_film_and_the_gallery_are_there(demo: Demo) -> None:
    protected = demo.var / "protected"
    assert (protected / "videos/field-notes/master.m3u8").is_file()
    assert len(list(protected.glob("galleries/tideline/*.jpg"))) == 24


def test_a_second_start_changes_nothing_and_both_signals_end_it(tmp_path: Path) -> None:
    with running_demo(tmp_path / "var") as first:
        files = first.files()
        counts = [first.count(table) for table in TABLES]
        assert first.stop(signal.SIGINT) == 0, first.output()
        assert "Traceback" not in first.output()
    with running_demo(tmp_path / "var") as second:
        assert second.files() == files
        assert [second.count(table) for table in TABLES] == counts
        assert second.stop(signal.SIGTERM) == 0, second.output()
        assert "Traceback" not in second.output()


@pytest.mark.parametrize("option", ["--port", "--edge-port"])
def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path, option: str) -> None:
    ports = dict(zip(("--port", "--edge-port"), map(str, free_ports()), strict=True))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = ports[option] = str(taken.getsockname()[1])
        ended = run(tmp_path / "var", "demo", *itertools.chain(*ports.items()))
    assert ended.returncode == 1
    assert f"port {port}: " in ended.stderr
    assert f"Give another port with {option}." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_host_that_no_url_can_be_signed_for_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path / "var", "demo", "--host", "::1")
    assert ended.returncode == 1
    assert "CF_PROTECTED['DISTRIBUTIONS']['default']['DOMAIN']" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_warns_if_other_machines_can_reach_it(tmp_path: Path) -> None:
    with running_demo(tmp_path / "var", "--host", "0.0.0.0") as exposed:
        wait_until(lambda: "so other machines can reach the shop" in exposed.output())
        assert exposed.output().count("It listens on 0.0.0.0, ") == 1


@pytest.mark.parametrize("command", ["check", "migrate"])
def test_other_commands_need_no_demo_before_them(tmp_path: Path, command: str) -> None:
    ended = run(tmp_path / "var", command)
    assert ended.returncode == 0, ended.stderr


def test_the_shops_own_tests_pass(tmp_path: Path) -> None:
    ended = run(tmp_path / "var", "test", "example_project")
    assert ended.returncode == 0, ended.stderr
    assert "OK" in ended.stderr
