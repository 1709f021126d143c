"""One distribution per process: for all its threads, and again after a fork."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from cf_protected import conf
from cf_protected.cloudfront.keys import SigningKey
from cf_protected.distributions import distributions
from cf_protected.distributions.signers import signer_of
from cf_protected.key_sources.base import KeySource
from cf_protected.process import Once
from tests.conftest import Configure
from tests.doubles import SlowDict
from tests.keys import signing_key
from tests.signing import sign
from tests.waiting import PATIENCE, wait_until

URL = "https://downloads.example.com/books/ebook.pdf"


class SlowKeySource(KeySource):
    """So slow to make and to load that other threads come to it meanwhile."""

    made = 0
    loaded = 0

    def __init__(self) -> None:
        type(self).made += 1
        time.sleep(0.02)
        self._key = Once(self._load)

    def _load(self) -> SigningKey:
        type(self).loaded += 1
        time.sleep(0.02)
        return signing_key("p256")

    def get_signing_key(self) -> SigningKey:
        return self._key.get()


@pytest.fixture
def slow_source(use_key_source: Configure) -> type[SlowKeySource]:
    SlowKeySource.made = SlowKeySource.loaded = 0
    use_key_source(SlowKeySource)
    return SlowKeySource


def in_eight_threads(call: Callable[[], object]) -> list[object]:
    """Call it in eight threads that start at the same moment."""
    barrier = threading.Barrier(8)

    def wait_and_call(_: int) -> object:
        barrier.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(wait_and_call, range(8)))


def test_eight_threads_share_one_distribution(slow_source: type[SlowKeySource]) -> None:
    made = in_eight_threads(lambda: distributions["default"])

    assert len({id(distribution) for distribution in made}) == 1
    assert slow_source.made == 1


def test_eight_threads_load_the_key_once(slow_source: type[SlowKeySource]) -> None:
    signers = in_eight_threads(lambda: signer_of(distributions["default"]))

    assert len({id(signer) for signer in signers}) == 1
    assert slow_source.loaded == 1


def exit_code_of_child(run: Callable[[], object]) -> int:
    """Fork, run it in the child, and return 0 if it came to its end."""
    with warnings.catch_warnings():
        # Newer Pythons warn of a fork with threads around, which is what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    return wait_for(child)


def wait_for(child: int) -> int:
    guard = threading.Timer(PATIENCE, os.kill, (child, signal.SIGKILL))
    guard.start()
    try:
        _, status = os.waitpid(child, 0)
    finally:
        guard.cancel()
    return os.waitstatus_to_exitcode(status)


def test_a_forked_child_signs() -> None:
    assert sign(URL)

    assert exit_code_of_child(lambda: sign(URL)) == 0


def test_a_forked_child_makes_its_own_distribution() -> None:
    parents = distributions["default"]

    def child() -> None:
        assert distributions["default"] is not parents

    assert exit_code_of_child(child) == 0


def test_a_forked_child_signs_though_another_thread_held_the_lock(
    slow_source: type[SlowKeySource],
) -> None:
    thread = threading.Thread(target=lambda: distributions["default"])
    thread.start()
    wait_until(lambda: slow_source.made)

    code = exit_code_of_child(lambda: sign(URL))

    thread.join()
    assert code == 0


def test_a_forked_child_reads_the_settings_though_another_thread_held_the_lock(
    settings: Settings,
) -> None:
    settings.CF_PROTECTED = raw = SlowDict(settings.CF_PROTECTED)
    thread = threading.Thread(target=conf.current)
    thread.start()
    wait_until(lambda: raw.reads)

    code = exit_code_of_child(conf.current)

    thread.join()
    assert code == 0
