"""How many mails visitors from one network may ask for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connections

from cf_protected.models import RequestingNetwork
from cf_protected.services.networks import MAX_NETWORKS, MAX_REQUESTS, WINDOW, seconds_to_wait
from cf_protected.viewer import Viewer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def ask(address: str | None, now: datetime = NOW) -> int:
    return seconds_to_wait(Viewer(address), now=now)


def use_up(address: str) -> None:
    assert {ask(address) for _ in range(MAX_REQUESTS)} == {0}
    assert ask(address) > 0


def test_a_network_that_asks_too_often_is_told_when_to_come_back() -> None:
    use_up("203.0.113.7")

    assert ask("203.0.113.7", NOW + timedelta(seconds=1.5)) == WINDOW.total_seconds() - 1
    assert ask("203.0.113.7", NOW + WINDOW - timedelta(seconds=0.5)) == 1
    assert ask("203.0.113.7", NOW + WINDOW) == 0


def test_waiting_begins_again_after_the_window() -> None:
    use_up("203.0.113.7")
    later = NOW + WINDOW

    assert [ask("203.0.113.7", later) for _ in range(MAX_REQUESTS)] == [0] * MAX_REQUESTS
    assert ask("203.0.113.7", later) == WINDOW.total_seconds()


@pytest.mark.parametrize("same", ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"])
def test_an_ipv4_address_is_one_network(same: str) -> None:
    use_up("203.0.113.7")

    assert ask(same) > 0
    assert ask("203.0.113.8") == 0


def test_an_ipv6_network_has_64_bits() -> None:
    use_up("2001:db8:1:2::7")

    assert ask("2001:db8:1:2:ffff:ffff:ffff:ffff") > 0
    assert ask("2001:db8:1:2::7%eth0") > 0
    assert ask("2001:db8:1:3::7") == 0


@pytest.mark.parametrize("address", [None, "", "/run/gunicorn.sock", "nonsense"])
def test_a_viewer_without_an_address_never_waits(address: str | None) -> None:
    assert [ask(address) for _ in range(MAX_REQUESTS + 1)] == [0] * (MAX_REQUESTS + 1)
    assert not RequestingNetwork.objects.exists()


def test_the_table_shows_no_visitors_address() -> None:
    ask("203.0.113.7")

    (row,) = RequestingNetwork.objects.values_list("network", flat=True)
    assert len(row) == 64
    assert "203.0" not in row


def test_networks_whose_time_is_over_are_forgotten() -> None:
    for number in range(5):
        ask(f"203.0.113.{number}")

    ask("198.51.100.1", NOW + WINDOW)

    assert RequestingNetwork.objects.count() == 1


def test_the_table_keeps_the_latest_networks_alone() -> None:
    RequestingNetwork.objects.bulk_create(
        RequestingNetwork(network=str(number), since=NOW) for number in range(MAX_NETWORKS)
    )

    assert [ask(f"198.51.100.{number}") for number in range(3)] == [0, 0, 0]

    assert RequestingNetwork.objects.count() == MAX_NETWORKS
    assert not RequestingNetwork.objects.filter(network="0").exists()


def test_a_clock_that_was_far_ahead_makes_nobody_wait() -> None:
    assert {ask("203.0.113.7", NOW + timedelta(days=3)) for _ in range(MAX_REQUESTS)} == {0}

    assert ask("203.0.113.7") == 0


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_are_all_counted() -> None:
    barrier = Barrier(4)

    def ask_often(_number: int) -> int:
        barrier.wait()
        try:
            return [ask("203.0.113.7") for _ in range(MAX_REQUESTS // 2)].count(0)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask_often, range(4))) == MAX_REQUESTS
