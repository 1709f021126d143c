"""CloudFront's edge locations, which learn of a change of the key group one after the other."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from random import Random

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge, Request

LOCATIONS = ("FRA56", "IAD89", "NRT57", "GRU3", "SYD62")


class Shelf:
    """An origin that has whatever is asked for."""

    def open(self, name: str) -> io.BytesIO:
        return io.BytesIO(b"a book")

    def size(self, name: str) -> int:
        return 6

    def get_modified_time(self, name: str) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class Location:
    """One edge, which trusts the key group as far as it has heard of it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known = [(0.0, CloudFrontVerifier({}))]
        self._ahead = 0.0
        self.edge = Edge(storage=Shelf(), verifier=self._verifier, now=self._now)

    @property
    def settled(self) -> float:
        """When it will have heard of everything."""
        return self._known[-1][0]

    def tell(self, verifier: CloudFrontVerifier, arrival: float) -> None:
        # Later news never arrive before earlier ones.
        self._known.append((max(arrival, self.settled), verifier))

    def refusal(self, url: str, cookies: Mapping[str, str], *, ahead: float = 0.0) -> str:
        """The code of the edge's refusal; empty if it delivers.

        ``ahead`` is by how many seconds the signer's clock is ahead of the simulated one.
        """
        self._ahead = ahead
        host, target = re.fullmatch(r"http://([^/]+)(.*)", url).groups()  # type: ignore[union-attr]
        headers = Message()
        headers["Host"] = host
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        response = self.edge.respond(Request("GET", target, headers, "192.0.2.1"))
        self._ahead = 0.0
        body = response.body.read(10_000).decode()
        response.body.close()
        if response.status == 200:
            return ""
        return re.search("<Code>(.*)</Code>", body)[1]  # type: ignore[index]

    def _now(self) -> float:
        return self._clock() + self._ahead

    def _verifier(self) -> CloudFrontVerifier:
        now = self._clock()
        return next(verifier for arrival, verifier in reversed(self._known) if arrival <= now)


class Network:
    """All locations. News reach one of them at once and the last after ``slowest`` seconds."""

    def __init__(self, clock: Callable[[], float], random: Random, *, slowest: float) -> None:
        self._clock = clock
        self._random = random
        self._slowest = slowest
        self.locations = {name: Location(clock) for name in LOCATIONS}

    @property
    def is_deployed(self) -> bool:
        """Whether every location knows everything."""
        return all(one.settled <= self._clock() for one in self.locations.values())

    def publish(self, public_keys: Mapping[str, str]) -> None:
        """The distribution trusts ``public_keys`` from now on."""
        verifier, now = CloudFrontVerifier(public_keys), self._clock()
        others = [self._random.uniform(0, self._slowest) for _ in LOCATIONS[2:]]
        delays = self._random.sample([0.0, self._slowest, *others], len(LOCATIONS))
        for location, delay in zip(self.locations.values(), delays, strict=True):
            location.tell(verifier, now + delay)
