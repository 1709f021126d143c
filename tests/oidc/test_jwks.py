"""The issuer's keys: kept, renewed, and fetched at most once in a window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from cf_protected.oidc.exceptions import IssuerUnavailable
from cf_protected.oidc.jwks import IssuerKeys
from tests.distributions.test_registry import exit_code_of_child
from tests.key_sources.caches import Clock
from tests.keys import private_key
from tests.oidc.issuer import jwk_of
from tests.waiting import PATIENCE, wait_until

URL = "https://login.example.com/keys"
HOUR = 3600.0
WINDOW = 30.0


class Source:
    """Stands in for the issuer: counts, fails and waits as it is told."""

    def __init__(self) -> None:
        self.fetches = 0
        self.key_ids = ["one"]
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, url: str) -> Mapping[str, Any]:
        assert url == URL
        self.fetches += 1
        assert self.gate.wait(PATIENCE)
        if self.fails:
            raise IssuerUnavailable("It is down.")
        return {"keys": [jwk_of(private_key("p256"), key_id) for key_id in self.key_ids]}


class Keys:
    """Keys with all that a test wants to move and to see."""

    def __init__(self) -> None:
        self.source = Source()
        self.clock = Clock()
        self.keys = IssuerKeys(
            "https://login.example.com",
            jwks_url=URL,
            patience=timedelta(seconds=PATIENCE),
            fetch=self.source,
            clock=self.clock,
        )

    def has(self, key_id: str) -> bool:
        return self.keys.get(key_id, "ES256") is not None

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @contextmanager
    def fetching(self, key_id: str) -> Iterator[None]:
        """Another thread asks for the key, and the issuer doesn't answer meanwhile."""
        fetches = self.source.fetches
        self.source.gate.clear()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.has, key_id)
            wait_until(lambda: self.source.fetches > fetches)
            try:
                yield
            finally:
                self.source.gate.set()
            asked.result()

    def in_threads(self, call: Callable[[int], object], count: int = 20) -> list[object]:
        """Call it in so many threads at once, with the issuer slow enough that all wait."""
        barrier = threading.Barrier(count + 1)

        def run(number: int) -> object:
            barrier.wait(PATIENCE)
            return call(number)

        self.source.gate.clear()
        with ThreadPoolExecutor(count) as pool:
            results = [pool.submit(run, number) for number in range(count)]
            barrier.wait(PATIENCE)
            self.source.gate.set()
            return [result.result() for result in results]


@pytest.fixture
def keys() -> Keys:
    return Keys()


def test_nothing_is_fetched_before_a_key_is_wanted(keys: Keys) -> None:
    assert keys.source.fetches == 0


def test_a_set_is_kept_for_its_lifetime(keys: Keys) -> None:
    assert keys.has("one")
    keys.wait(HOUR - 1)
    assert keys.has("one")
    assert keys.source.fetches == 1

    keys.wait(1)
    assert keys.has("one")
    assert keys.source.fetches == 2


def test_a_withdrawn_key_is_not_accepted_after_the_next_refresh(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.key_ids = ["two"]
    assert keys.has("one")

    keys.wait(HOUR)

    assert not keys.has("one")
    assert keys.has("two")


def test_an_issuer_may_withdraw_all_its_keys(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.key_ids = []
    keys.wait(HOUR)

    assert not keys.has("one")


def test_an_unknown_key_is_looked_for(keys: Keys) -> None:
    keys.has("one")
    keys.wait(WINDOW)
    keys.source.key_ids = ["one", "two"]

    assert keys.has("two")
    assert keys.source.fetches == 2


def test_a_new_key_is_found_when_the_window_is_over(keys: Keys) -> None:
    keys.has("one")
    keys.source.key_ids = ["two"]

    assert not keys.has("two")
    keys.wait(WINDOW)
    assert keys.has("two")


def test_a_flood_of_unknown_keys_is_one_fetch_in_a_window(keys: Keys) -> None:
    for number in range(1000):
        assert not keys.has(f"made-up-{number}")
        keys.wait(0.1)

    assert keys.source.fetches == 4  # in 100 seconds: at 0, 30, 60 and 90


def test_a_flood_from_20_threads_is_one_fetch_in_a_window(keys: Keys) -> None:
    assert keys.has("one")

    for window in range(1, 5):
        keys.wait(WINDOW)
        found = keys.in_threads(lambda number: keys.has(f"made-up-{number}"))
        assert found == [False] * 20
        assert keys.source.fetches == 1 + window


def test_20_threads_at_the_start_are_one_fetch(keys: Keys) -> None:
    assert keys.in_threads(lambda _: keys.has("one")) == [True] * 20
    assert keys.source.fetches == 1


def test_20_threads_after_the_lifetime_are_one_fetch(keys: Keys) -> None:
    assert keys.has("one")
    keys.wait(HOUR)

    assert keys.in_threads(lambda _: keys.has("one")) == [True] * 20
    assert keys.source.fetches == 2


# A slow issuer


@pytest.mark.parametrize("key_id", ["made-up-2", "made-up-1", "one"])
def test_only_one_thread_waits_for_an_unknown_key(keys: Keys, key_id: str) -> None:
    assert keys.has("one")
    keys.wait(WINDOW)

    with keys.fetching("made-up-1"):
        for _ in range(15):
            assert keys.has(key_id) == (key_id == "one")

    assert keys.source.fetches == 2


def test_only_one_thread_waits_after_the_lifetime(keys: Keys) -> None:
    assert keys.has("one")
    keys.wait(HOUR)
    keys.source.key_ids = ["two"]

    with keys.fetching("one"):
        assert keys.has("one")
        assert not keys.has("two")

    assert (keys.has("one"), keys.has("two")) == (False, True)
    assert keys.source.fetches == 2


def test_without_any_keys_the_others_wait_only_for_a_while(keys: Keys) -> None:
    keys.keys._patience = 0.01

    with keys.fetching("one"), pytest.raises(IssuerUnavailable, match="are being fetched"):
        keys.has("one")

    assert keys.has("one")


def test_keys_beyond_their_limit_are_waited_for(keys: Keys) -> None:
    assert keys.has("one")
    keys.wait(7 * HOUR)
    keys.source.key_ids = ["two"]

    assert keys.in_threads(lambda _: keys.has("one")) == [False] * 20
    assert keys.source.fetches == 2


def test_the_window_begins_when_the_issuer_has_answered(keys: Keys) -> None:
    assert keys.has("one")
    keys.wait(WINDOW)
    with keys.fetching("made-up-1"):
        keys.wait(2 * WINDOW)

    assert not keys.has("made-up-2")
    assert keys.source.fetches == 2


# Outages


def test_an_outage_at_the_start(keys: Keys) -> None:
    keys.source.fails = True

    for _ in range(10):
        with pytest.raises(IssuerUnavailable, match="down"):
            keys.has("one")
    assert keys.source.fetches == 1

    keys.wait(WINDOW)
    keys.source.fails = False
    assert keys.has("one")


def test_an_outage_later_is_bridged_for_six_hours(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.fails = True

    keys.wait(HOUR)
    assert keys.has("one")
    keys.wait(6 * HOUR - 1)
    assert keys.has("one")
    keys.wait(1)
    with pytest.raises(IssuerUnavailable, match="down"):
        keys.has("one")


def test_an_outage_is_no_storm(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.fails = True
    keys.wait(HOUR)

    for _ in range(100):
        assert keys.has("one")
        keys.wait(WINDOW / 10)

    assert keys.source.fetches == 11


def test_an_unknown_key_in_an_outage_is_the_issuers_fault(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.fails = True
    keys.wait(WINDOW)

    with pytest.raises(IssuerUnavailable, match="down"):
        keys.has("two")
    assert keys.has("one")


def test_nobody_waits_for_an_attempt_in_an_outage(keys: Keys) -> None:
    assert keys.has("one")
    keys.source.fails = True
    keys.wait(HOUR)
    assert keys.has("one")
    keys.wait(WINDOW)
    keys.source.gate.clear()
    attempt = threading.Thread(target=keys.has, args=("one",))
    attempt.start()
    while keys.source.fetches < 3:
        attempt.join(0.001)

    assert keys.has("one")  # while the attempt goes on

    keys.source.gate.set()
    attempt.join()
    assert keys.source.fetches == 3


def test_a_mistake_elsewhere_leaves_the_keys_usable(keys: Keys) -> None:
    def broken(url: str) -> Mapping[str, Any]:
        raise ZeroDivisionError

    keys.keys._fetch = broken
    with pytest.raises(ZeroDivisionError):
        keys.has("one")

    keys.keys._fetch = keys.source
    assert keys.has("one")


# Forks


def test_a_child_that_was_forked_during_a_fetch_fetches_by_itself(keys: Keys) -> None:
    keys.source.gate.clear()
    fetching = threading.Thread(target=keys.has, args=("one",))
    fetching.start()
    while not keys.source.fetches:
        fetching.join(0.001)

    def child() -> None:
        keys.source.gate = threading.Event()
        keys.source.gate.set()
        assert keys.has("one")

    code = exit_code_of_child(child)

    keys.source.gate.set()
    fetching.join()
    assert code == 0


def test_a_child_keeps_its_parents_keys(keys: Keys) -> None:
    assert keys.has("one")

    def child() -> None:
        assert keys.has("one")
        assert keys.source.fetches == 1

    assert exit_code_of_child(child) == 0
