"""CloudFront's edge locations, which learn of a change of the key group one after the other."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from random import Random
from typing import Final

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge
from cf_protected.edge.messages import Request

LOCATIONS: Final = 5


class Shelf:
    """An origin that has whatever is asked for."""

    def open(self, name: str) -> io.BytesIO:
        return io.BytesIO(b"a book")

    def size(self, name: str) -> int:
        return 6

    def get_modified_time(self, name: str) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def path(self, name: str) -> str:
        raise NotImplementedError


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
    """All locations. News reach the first at once, and the last after ``slowest`` seconds."""

    def __init__(self, clock: Callable[[], float], random: Random, *, slowest: float) -> None:
        self._clock = clock
        self._random = random
        self._slowest = slowest
        self.locations = [Location(clock) for _ in range(LOCATIONS)]

    @property
    def nearest(self) -> Location:
        """Where the canary is asked for: where a new key is known first."""
        return self.locations[0]

    @property
    def is_deployed(self) -> bool:
        """Whether every location knows everything."""
        return all(one.settled <= self._clock() for one in self.locations)

    def publish(self, public_keys: Mapping[str, str]) -> None:
        """The distribution trusts ``public_keys`` from now on."""
        verifier, now = CloudFrontVerifier(public_keys), self._clock()
        between = [self._random.uniform(0, self._slowest) for _ in range(LOCATIONS - 2)]
        delays = [0.0, *between, self._slowest]
        for location, delay in zip(self.locations, delays, strict=True):
            location.tell(verifier, now + delay)
