"""A shop under load: processes that sign, and buyers who use what they got, early and late."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from cf_protected import conf
from cf_protected.distributions import Distribution
from cf_protected.distributions.signers import signer_of
from cf_protected.key_sources.cached import CachedKeySource
from tests.drill.edges import Network
from tests.drill.timeline import Timeline

#: How busy the processes are: a quiet one keeps its key for all of its lifetime.
SHARES: Final = (10, 10, 5, 1)


@dataclass(frozen=True)
class Download:
    """What a buyer got: a URL, and the cookies to send along.

    ``ahead`` is by how many seconds the signer's clock was ahead of the simulated one.
    """

    url: str
    cookies: dict[str, str]
    expires: float
    ahead: float = 0.0

    @property
    def key_pair_id(self) -> str:
        """The ID of the key that signed it."""
        query = parse_qs(urlsplit(self.url).query)
        return self.cookies.get("CloudFront-Key-Pair-Id") or query["Key-Pair-Id"][0]


class Seller(Protocol):
    """Whoever signs downloads."""

    def sell(self) -> Download: ...


class Process:
    """One process of the shop, with a distribution and a key cache of its own."""

    _numbers = count()

    def __init__(self, settings: conf.DistributionSettings, time: Timeline, random: Random) -> None:
        self._settings = settings
        self._random = random
        self._time = time
        self._distribution = Distribution("default", settings, now=time.clock)
        keep_key_by(time, random, self._distribution)

    def sell(self) -> Download:
        """A URL, and in a quarter of the cases cookies for it."""
        distribution = self._distribution
        now = datetime.fromtimestamp(self._time.clock(), UTC)
        expires = distribution.expiry(now, self._lifetime())
        url = distribution.url(f"books/{next(self._numbers)}.pdf")
        if self._random.random() < 0.25:
            cookies = signer_of(distribution).sign_cookies(url, date_less_than=expires)
            return Download(url, cookies, expires.timestamp())
        signed = signer_of(distribution).sign_url(url, date_less_than=expires)
        return Download(signed, {}, expires.timestamp())

    def _lifetime(self) -> timedelta:
        shortest, longest = self._settings.url_lifetime, self._settings.max_lifetime
        between = shortest + self._random.random() * (longest - shortest)
        return self._random.choice((shortest, between, longest, longest))


def keep_key_by(time: Timeline, random: Random, distribution: Distribution) -> None:
    """Let the distribution's key cache go by simulated time."""
    cached, settings = distribution.key_source, distribution.settings.key_source
    assert isinstance(cached, CachedKeySource)
    distribution.key_source = CachedKeySource(
        cached.source,
        lifetime=settings.lifetime,
        stale_limit=settings.stale_limit,
        clock=time.clock,
        uniform=random.uniform,
    )


@dataclass
class Tally:
    """What became of the downloads. ``keys`` are the IDs of all keys that signed some."""

    sold: int = 0
    keys: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)


class Shop:
    """Sells a download about every ``interval`` seconds.

    Each is used twice, unless it is refused: at any time, often at once, and in its last second.
    """

    def __init__(
        self,
        sellers: Sequence[Seller],
        network: Network,
        time: Timeline,
        random: Random,
        *,
        interval: float,
    ) -> None:
        self._sellers = sellers
        self._locations = network.locations
        self._time = time
        self._random = random
        self._interval = interval
        self._is_open = True
        self._in_hand = 0
        self._tally = Tally()
        self._sell()

    def close(self) -> Tally:
        """Sell nothing more, and wait for the last buyer."""
        self._is_open = False
        while self._in_hand:
            self._time.sleep(60)
        return self._tally

    def _sell(self) -> None:
        if not self._is_open:
            return
        self._time.after(self._random.uniform(0, 2 * self._interval), self._sell)
        (seller,) = self._random.choices(self._sellers, SHARES[: len(self._sellers)])
        download = seller.sell()
        _wait_for_refresh()
        self._tally.sold += 1
        self._tally.keys.add(download.key_pair_id)
        last = download.expires - download.ahead - 1
        first = self._random.choice((self._time.now, self._random.uniform(self._time.now, last)))
        self._use_at([last, first], download)

    def _use_at(self, moments: list[float], download: Download) -> None:
        seconds = moments.pop() - self._time.now
        self._in_hand += 1
        self._time.after(seconds, lambda: self._use(download, moments))

    def _use(self, download: Download, later: list[float]) -> None:
        self._in_hand -= 1
        location = self._random.choice(self._locations)
        refusal = location.refusal(download.url, download.cookies, ahead=download.ahead)
        if refusal:
            self._tally.refused[refusal] += 1
        elif later:
            self._use_at(later, download)


def _wait_for_refresh() -> None:
    """A key is fetched again in a thread, which is to take no simulated time."""
    for thread in threading.enumerate():
        if thread.name == "cf_protected signing key":
            thread.join()
