"""The cache under many threads and after a fork."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cf_protected.cloudfront.keys import SigningKey, public_pem
from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.cached import KeyEventKind
from tests.distributions.test_registry import exit_code_of_child
from tests.key_sources.caches import LIFETIME, Cache, Clock, longest
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID, signing_key
from tests.waiting import PATIENCE, wait_until

THREADS = 64


def at_the_same_instant(call: Callable[[], object], source_gate: threading.Event) -> list[object]:
    """Call it in 64 threads at once, with the source slow enough that all of them wait."""
    barrier = threading.Barrier(THREADS)

    def run(_: int) -> object:
        barrier.wait(PATIENCE)
        return call()

    source_gate.clear()
    timer = threading.Timer(0.1, source_gate.set)
    timer.start()
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(run, range(THREADS)))
    timer.join()
    return results


@pytest.mark.parametrize("repeat", range(5))
def test_64_threads_before_any_key_cause_one_fetch(repeat: int) -> None:
    cache = Cache()

    keys = at_the_same_instant(cache.get, cache.source.gate)

    assert Counter(map(id, keys)) == {id(cache.source.key): THREADS}
    assert cache.source.fetches == 1


@pytest.mark.parametrize("repeat", range(5))
@pytest.mark.parametrize("age", [LIFETIME * 0.75, LIFETIME * 0.99, LIFETIME, LIFETIME * 10])
def test_64_threads_later_cause_one_more(repeat: int, age: float) -> None:
    cache = Cache()
    cache.get()
    cache.wait(age)

    keys = at_the_same_instant(cache.get, cache.source.gate)

    cache.settle()
    assert Counter(map(id, keys)) == {id(cache.source.key): THREADS}
    assert cache.source.fetches == 2


def test_a_thread_that_comes_late_does_not_fetch_again() -> None:
    """Between its look at the key and its turn, another thread fetched it."""
    cache = Cache()

    class Interrupted(Clock):
        interrupted = False

        def __call__(self) -> float:
            if not self.interrupted:
                self.interrupted = True
                cache.get()
            return super().__call__()

    cache.cached._clock = Interrupted()

    assert cache.get() is cache.source.key
    assert cache.source.fetches == 1


def test_a_thread_that_waited_does_not_wait_for_the_next_fetch_too() -> None:
    cache = Cache()
    cache.source.gate.clear()
    fetching = threading.Thread(target=cache.get)
    fetching.start()
    wait_until(lambda: cache.source.fetches)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get)
        wait_until(lambda: cache.cached._turn._waiters)  # type: ignore[attr-defined]
        with cache.cached._turn:
            key = signing_key("p256")
            cache.cached._settle(cache.cached._fetched(key, None))
            cache.cached._fetching = True  # by the next fetch
        try:
            assert waiting.result(PATIENCE) is key
        finally:
            cache.source.gate.set()
            fetching.join()


def test_64_threads_in_an_outage_cause_one_fetch() -> None:
    cache = Cache()
    cache.source.fail()

    def get() -> str:
        with pytest.raises(KeySourceError) as caught:
            cache.get()
        return str(caught.value)

    assert at_the_same_instant(get, cache.source.gate) == ["down"] * THREADS
    assert cache.source.fetches == 1


def test_64_threads_with_a_stale_key_are_all_served() -> None:
    cache = Cache()
    first = cache.get()
    cache.source.fail()
    cache.wait(LIFETIME)

    assert at_the_same_instant(cache.get, cache.source.gate) == [first] * THREADS

    kinds = cache.kinds()
    assert kinds == [KeyEventKind.FETCHED, KeyEventKind.FAILED, KeyEventKind.STALE]


def test_an_unexpected_error_is_one_threads_alone() -> None:
    cache = Cache()
    cache.source.key = ZeroDivisionError("a mistake")

    def get() -> str:
        with pytest.raises((ZeroDivisionError, KeySourceError)) as caught:
            cache.get()
        return caught.typename

    raised = Counter(at_the_same_instant(get, cache.source.gate))

    assert raised == {"ZeroDivisionError": 1, "KeySourceError": THREADS - 1}
    assert cache.source.fetches == 1


def test_an_unexpected_error_in_the_background_is_reported_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))
    cache = Cache()
    first = cache.get()
    cache.source.key = ZeroDivisionError("a mistake")
    cache.wait(LIFETIME * 0.8)

    for _ in range(20):
        assert cache.get() is first
        cache.settle()

    assert reported == [ZeroDivisionError]
    assert cache.source.fetches == 2


def test_key_and_id_belong_together_at_every_moment() -> None:
    """Keys change while eight threads use them: an ID never comes with another's key."""
    keys = signing_key("p256", KEY_PAIR_ID), signing_key("rsa", OTHER_KEY_PAIR_ID)
    pairs = {key.key_pair_id: public_pem(key.public_key) for key in keys}
    cache = Cache(uniform=longest)
    stop = threading.Event()

    def use() -> set[tuple[str, str]]:
        seen = set()
        while not stop.is_set():
            key: SigningKey = cache.get()
            seen.add((key.key_pair_id, public_pem(key.public_key)))
        return seen

    with ThreadPoolExecutor(8) as pool:
        used = [pool.submit(use) for _ in range(8)]
        try:
            for turn in range(100):
                cache.source.key = keys[turn % 2]
                cache.wait(LIFETIME * 0.8)
                cache.get()
                cache.settle()
        finally:
            stop.set()
        seen = set().union(*(one.result() for one in used))

    assert seen == set(pairs.items())


# Forks


def test_a_child_that_was_forked_during_a_refresh_fetches_by_itself() -> None:
    cache = Cache()
    cache.get()
    cache.source.gate.clear()
    cache.wait(LIFETIME * 0.8)
    cache.get()

    def child() -> None:
        cache.source.gate = threading.Event()
        cache.source.gate.set()
        cache.source.key = signing_key("p256", OTHER_KEY_PAIR_ID)
        cache.wait(LIFETIME)
        assert cache.get().key_pair_id == OTHER_KEY_PAIR_ID

    code = exit_code_of_child(child)

    cache.source.gate.set()
    cache.settle()
    assert code == 0


def test_a_child_that_was_forked_while_threads_wait_fetches_by_itself() -> None:
    cache = Cache()
    cache.source.gate.clear()
    waiting = [threading.Thread(target=cache.get) for _ in range(8)]
    for thread in waiting:
        thread.start()
    wait_until(lambda: cache.source.fetches)

    def child() -> None:
        cache.source.gate = threading.Event()
        cache.source.gate.set()
        assert cache.get().key_pair_id == KEY_PAIR_ID

    code = exit_code_of_child(child)

    cache.source.gate.set()
    for thread in waiting:
        thread.join()
    assert code == 0


def test_a_child_keeps_its_parents_key() -> None:
    cache = Cache()
    key = cache.get()

    def child() -> None:
        assert cache.get() is key
        assert cache.source.fetches == 1

    assert exit_code_of_child(child) == 0
