from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cf_protected.process import Once, reset_after_fork
from tests.distributions.test_registry import exit_code_of_child


def numbers() -> Callable[[], int]:
    """Return a ``load`` with another result at each call: 0, 1, 2."""
    return itertools.count().__next__


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    load = numbers()
    Once(load)
    assert load() == 0


def test_it_is_loaded_once() -> None:
    once = Once(numbers())
    assert [once.get(), once.get()] == [0, 0]


def test_none_is_a_result_too() -> None:
    results = iter([None])
    once = Once(lambda: next(results))
    assert [once.get(), once.get()] == [None, None]


def test_eight_threads_load_once() -> None:
    load, barrier = numbers(), Barrier(8)
    once = Once(load)

    def get(_: int) -> int:
        barrier.wait(timeout=30)
        return once.get()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {0}
    assert load() == 1


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


def test_it_is_loaded_again_when_what_it_depends_on_changes() -> None:
    settings = ["old"]
    once = Once(numbers(), depends_on=lambda: settings[0])
    before = [once.get(), once.get()]

    settings[0] = "new"

    assert (before, [once.get(), once.get()]) == ([0, 0], [1, 1])


def test_a_change_during_the_load_is_not_missed() -> None:
    settings = ["old"]

    def load() -> str:
        found, settings[0] = settings[0], "new"
        return found

    once = Once(load, depends_on=lambda: settings[0])

    assert [once.get(), once.get()] == ["old", "new"]


def test_a_load_that_asks_for_itself_does_not_hang() -> None:
    def load() -> int:
        return once.get()

    once = Once(load)
    with pytest.raises(RecursionError):
        once.get()


def test_no_frame_of_a_failure_shows_an_earlier_result() -> None:
    results, settings = iter(["secret"]), ["secret too"]
    once = Once(lambda: next(results), depends_on=lambda: settings[0])
    once.get()
    settings[0] = "another"

    with pytest.raises(StopIteration) as raised:
        once.get()

    frames = [entry.frame for entry in raised.traceback if entry.path.name == "process.py"]
    assert len(frames) == 2
    assert "secret" not in repr([frame.f_locals for frame in frames])


def test_a_forked_child_loads_for_itself() -> None:
    once = Once(numbers())
    once.get()

    def child() -> None:
        assert [once.get(), once.get()] == [1, 1]

    assert exit_code_of_child(child) == 0
    assert once.get() == 0


def test_a_child_that_was_forked_during_a_load_loads_for_itself() -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load() -> str:
        if threading.current_thread() is not threading.main_thread():
            loading.set()
            go_on.wait(10)
        return "key"

    once = Once(load)
    thread = threading.Thread(target=once.get)
    thread.start()
    loading.wait(10)

    code = exit_code_of_child(once.get)

    go_on.set()
    thread.join()
    assert code == 0


class Resettable:
    resets = 0

    def reset(self) -> None:
        self.resets += 1


def test_a_reset_happens_in_the_child_alone() -> None:
    thing = Resettable()
    reset_after_fork(thing)

    def child() -> None:
        assert thing.resets == 1

    assert exit_code_of_child(child) == 0
    assert thing.resets == 0


def test_what_is_to_be_reset_is_not_kept_alive() -> None:
    thing = Resettable()
    reset_after_fork(thing)
    reference = weakref.ref(thing)

    del thing
    gc.collect()

    assert reference() is None
