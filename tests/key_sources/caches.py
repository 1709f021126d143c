"""A cached key on a clock that the test moves, and sources that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from queue import Queue
from typing import Any

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind
from tests.keys import signing_key
from tests.waiting import PATIENCE, wait_until

LIFETIME = 300.0
STALE_LIMIT = 3600.0
#: Where the clock starts: long after any expiry that a mistake could leave at zero.
START = 100_000.0


def longest(low: float, high: float) -> float:
    return high


def shortest(low: float, high: float) -> float:
    return low


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class GivenSource(KeySource):
    """Delivers ``key``, or raises it if it is an error; waits for ``gate`` before."""

    def __init__(self) -> None:
        self.key: SigningKey | Exception = signing_key("p256")
        self.fetches = 0
        self.gate = threading.Event()
        self.gate.set()

    def get_signing_key(self) -> SigningKey:
        self.fetches += 1
        assert self.gate.wait(PATIENCE)
        if isinstance(self.key, Exception):
            raise self.key
        return self.key

    def fail(self, message: str = "down") -> None:
        self.key = KeySourceError(message)


class Cache:
    """A ``CachedKeySource`` with all that a test wants to move and to see."""

    def __init__(
        self,
        source: Any = None,
        *,
        uniform: Callable[[float, float], float] = longest,
        stale_limit: float = STALE_LIMIT,
    ) -> None:
        self.source = source or GivenSource()
        self.clock = Clock()
        self.events: Queue[KeyEvent] = Queue()
        self.cached = CachedKeySource(
            self.source,
            lifetime=timedelta(seconds=LIFETIME),
            stale_limit=timedelta(seconds=stale_limit),
            listener=self.events.put,
            clock=self.clock,
            uniform=uniform,
        )

    def get(self) -> SigningKey:
        return self.cached.get_signing_key()

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def next_event(self) -> KeyEvent:
        return self.events.get(timeout=PATIENCE)

    def kinds(self) -> list[KeyEventKind]:
        return [self.events.get().kind for _ in range(self.events.qsize())]

    def settle(self) -> None:
        """Wait for the fetch in the background, if there is one."""
        wait_until(lambda: not self.cached._fetching)
        # Its listener is told after the others go on.
        for thread in threading.enumerate():
            if thread.name == "cf_protected signing key" and thread.is_alive():
                thread.join(PATIENCE)
