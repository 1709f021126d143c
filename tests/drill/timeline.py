"""Simulated time: a day takes as long as what happens in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from threading import RLock
from typing import Final

Action = Callable[[], None]

START: Final = 1_800_000_000.0


class Timeline:
    """A clock, in epoch seconds, and what is to happen when. Several threads may wait on it."""

    def __init__(self) -> None:
        self.now = START
        self._lock = RLock()
        self._queue: list[tuple[float, int, Action]] = []
        self._numbers = count()

    def clock(self) -> float:
        return self.now

    def after(self, seconds: float, action: Action) -> None:
        """Do it ``seconds`` from now, while somebody waits."""
        heapq.heappush(self._queue, (self.now + seconds, next(self._numbers), action))

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass, with all that happens in them."""
        self.wait_until(self.now + seconds)

    def wait_until(self, moment: float) -> None:
        """Let time pass until then, with all that happens."""
        with self._lock:
            while self._queue and self._queue[0][0] <= moment:
                self.now, _, action = heapq.heappop(self._queue)
                action()
            self.now = max(self.now, moment)
