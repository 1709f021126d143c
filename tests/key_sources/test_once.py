from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cf_protected.key_sources.once import Once
from tests.waiting import PATIENCE


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    loads = itertools.count()
    Once(lambda: next(loads))
    assert next(loads) == 0


def test_it_is_loaded_once() -> None:
    loads = itertools.count()
    once = Once(lambda: next(loads))
    assert [once.get(), once.get()] == [0, 0]


def test_nothing_is_a_result_too() -> None:
    results = iter([None])
    once = Once(lambda: next(results))
    assert [once.get(), once.get()] == [None, None]


def test_eight_threads_load_once() -> None:
    loads, barrier = itertools.count(), Barrier(8)
    once = Once(lambda: next(loads))

    def get(_: int) -> int:
        barrier.wait(PATIENCE)
        return once.get()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {0}
    assert next(loads) == 1


def test_a_failure_is_tried_again() -> None:
    results = iter([OSError("down"), OSError("still down"), "key"])

    def load() -> str:
        result = next(results)
        if isinstance(result, OSError):
            raise result
        return str(result)

    once = Once(load)
    for problem in ("down", "still down"):
        with pytest.raises(OSError, match=problem):
            once.get()
    assert [once.get(), once.get()] == ["key", "key"]
