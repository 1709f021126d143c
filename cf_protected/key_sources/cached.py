"""Cache a key, and serve it while its source is down."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from threading import Condition, Thread
from typing import ClassVar, Final, NoReturn

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.base import KeySource
from cf_protected.process import reset_after_fork

_REFRESH_AHEAD: Final = 0.75  # of the lifetime, so that a slow source still answers in time
_SHORTEST_BACKOFF: Final = 1.0
_LONGEST_BACKOFF: Final = 30.0
_WARN_EVERY: Final = 60.0


class KeyEventKind(StrEnum):
    """What can happen to a cached key."""

    FETCHED = "fetched"  # the first key
    REFRESHED = "refreshed"  # the key was fetched again, changed or not
    FAILED = "failed"  # a fetch failed; the next one is due after a back-off
    STALE = "stale"  # a key past its lifetime was served; at most one event a minute


@dataclass(frozen=True, kw_only=True)
class KeyEvent:
    """One event, for logs and metrics.

    ``seconds`` is how long the fetch took, ``age`` how long ago a stale key was fetched.
    ``changed`` says whether the key or its ID differs from before.
    """

    kind: KeyEventKind
    source: str
    key_pair_id: str = ""
    changed: bool = False
    seconds: float = 0.0
    age: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class _Entry:
    """A fetched key. It is replaced whole, so key and ID always belong together."""

    key: SigningKey
    fetched: float
    refresh: float
    expiry: float
    limit: float


@dataclass(frozen=True)
class _Failure:
    """Why the last fetch failed. The error itself isn't kept: its frames may hold the secret."""

    message: str
    count: int
    retry: float

    def throw(self) -> NoReturn:
        raise KeySourceError(self.message)


def uptime() -> float:
    """Return monotonic seconds, which include the machine's sleep if the system supports that."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class CachedKeySource(KeySource):
    """Asks ``source`` once in each ``lifetime``, for any number of threads and signatures.

    - The lifetime is shortened at random, to between half and the whole of it, so that
      processes don't ask at the same time.
    - After three quarters of it, the key is fetched again in the background. No thread waits.
    - A key past its lifetime, after a time without requests, is fetched by one thread while the
      others wait for it.
    - If a fetch fails, the old key is served until it is ``stale_limit`` past its lifetime. No
      thread waits. The next fetch is made after 1 second plus full jitter: between 0 and 1, 2,
      4 … at most 30 seconds.

    Every failure is a ``KeySourceError`` here. That includes an unusable key in the secret,
    which can be corrected while the old one is served.

    ``listener`` gets each ``KeyEvent``, outside of any lock, on the thread that fetched.
    ``clock`` returns monotonic seconds; ``uniform`` is ``random.uniform``. ``source`` must
    answer or fail in a bounded time.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    is_local: ClassVar[bool] = False

    def __init__(
        self,
        source: KeySource,
        *,
        lifetime: timedelta,
        stale_limit: timedelta,
        listener: Callable[[KeyEvent], object] = lambda _event: None,
        clock: Callable[[], float] = uptime,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.source = source
        self._lifetime = lifetime.total_seconds()
        self._stale_limit = stale_limit.total_seconds()
        self._listener = listener
        self._clock = clock
        self._uniform = uniform
        self._entry: _Entry | None = None
        self._failure: _Failure | None = None
        self._warned = -math.inf
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Forget a fetch in progress: in a forked child its thread is gone. The key stays."""
        self._turn = Condition()  # guards what follows and every change of entry and failure
        self._fetching = False
        self._fetches = 0

    def get_signing_key(self) -> SigningKey:
        entry, now = self._entry, self._clock()
        if entry is None or now >= self._wait_from(entry):
            return self._wait_for_key()
        if now >= entry.refresh and not self._fetching and self._take_turn():
            self._fetch_in_background()
        if now >= entry.expiry:
            self._warn_of_stale(entry, now)
        return entry.key

    def _wait_from(self, entry: _Entry) -> float:
        """Return the time from which ``entry`` is too old to be served without a new fetch."""
        return entry.expiry if self._failure is None else entry.limit

    def _wait_for_key(self) -> SigningKey:
        if self._take_turn():
            self._fetch()
        with self._turn:
            # Not just until no fetch is running: the next one may have begun by then.
            fetches = self._fetches
            self._turn.wait_for(lambda: not self._fetching or self._fetches > fetches)
            entry, failure, now = self._entry, self._failure, self._clock()
        if failure is not None and (entry is None or now >= entry.limit):
            failure.throw()
        assert entry is not None  # noqa: S101 - either a fetch failed or it brought a key
        if failure is not None and now >= entry.expiry:
            self._warn_of_stale(entry, now)
        return entry.key

    def _take_turn(self) -> bool:
        """Return whether the caller must now call ``_fetch``."""
        with self._turn:
            now = self._clock()
            is_fresh = self._entry is not None and now < self._entry.refresh
            backs_off = self._failure is not None and now < self._failure.retry
            if is_fresh or backs_off or self._fetching:
                return False
            self._fetching = True
            return True

    def _fetch_in_background(self) -> None:
        thread = Thread(target=self._fetch, name="cf_protected signing key", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            self._fetch()

    def _fetch(self) -> None:
        """Fetch the key once, on this thread, and let the others go on."""
        started = self._clock()
        before = self._entry
        outcome: _Entry | _Failure | None = None
        try:
            outcome = self._fetched(self.source.get_signing_key(), before)
        except (KeySourceError, UnusableKey) as error:
            outcome = self._failed(str(error))
        finally:
            # Any other error is a bug in the source. It is raised here; other threads go on.
            outcome = outcome or self._failed("the key source is broken")
            self._settle(outcome)
            self._listener(self._event(outcome, before, self._clock() - started))

    def _fetched(self, key: SigningKey, before: _Entry | None) -> _Entry:
        if before is not None and _same(before.key, key):
            key = before.key  # what was derived from it, such as signatures, stays
        now = self._clock()
        lifetime = self._uniform(self._lifetime / 2, self._lifetime)
        expiry = now + lifetime
        return _Entry(key, now, now + _REFRESH_AHEAD * lifetime, expiry, expiry + self._stale_limit)

    def _failed(self, message: str) -> _Failure:
        count = 0 if self._failure is None else self._failure.count + 1
        jitter = self._uniform(0, min(_LONGEST_BACKOFF, 2.0 ** min(count, 10)))
        return _Failure(message, count, self._clock() + _SHORTEST_BACKOFF + jitter)

    def _settle(self, outcome: _Entry | _Failure) -> None:
        with self._turn:
            if isinstance(outcome, _Entry):
                self._entry, self._failure = outcome, None
            else:
                self._failure = outcome
            self._fetching = False
            self._fetches += 1
            self._turn.notify_all()

    def _event(self, outcome: _Entry | _Failure, before: _Entry | None, seconds: float) -> KeyEvent:
        source = type(self.source).__name__
        if isinstance(outcome, _Failure):
            return KeyEvent(
                kind=KeyEventKind.FAILED, source=source, seconds=seconds, error=outcome.message
            )
        return KeyEvent(
            kind=KeyEventKind.FETCHED if before is None else KeyEventKind.REFRESHED,
            source=source,
            key_pair_id=outcome.key.key_pair_id,
            changed=before is None or before.key is not outcome.key,
            seconds=seconds,
        )

    def _warn_of_stale(self, entry: _Entry, now: float) -> None:
        with self._turn:
            if now - self._warned < _WARN_EVERY:
                return
            self._warned = now
            failure = self._failure
        self._listener(
            KeyEvent(
                kind=KeyEventKind.STALE,
                source=type(self.source).__name__,
                key_pair_id=entry.key.key_pair_id,
                age=now - entry.fetched,
                error="" if failure is None else failure.message,
            )
        )


def uncached(source: KeySource) -> KeySource:
    """Return the source itself, without the cache if there is one around it."""
    return source.source if isinstance(source, CachedKeySource) else source


def _same(one: SigningKey, other: SigningKey) -> bool:
    return one.key_pair_id == other.key_pair_id and one.public_key == other.public_key
