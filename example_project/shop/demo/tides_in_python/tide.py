"""A tide is a sum of cosines, each with the speed of one motion of the moon or the sun."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Degrees an hour. M2 and S2 are the moon and the sun, twice a day; N2 is the moon's
# distance; K1 and O1 are their heights above the equator, once a day.
SPEEDS = {
    "M2": 28.9841042,
    "S2": 30.0,
    "N2": 28.4397295,
    "K1": 15.0410686,
    "O1": 13.9430356,
}
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Constituent:
    """One cosine: its amplitude in metres and its phase in degrees at the epoch."""

    name: str
    amplitude: float
    phase: float

    def height(self, hours: float) -> float:
        angle = SPEEDS[self.name] * hours - self.phase
        return self.amplitude * math.cos(math.radians(angle))


def height(constituents: Iterable[Constituent], moment: datetime) -> float:
    """Return the sea's height at this moment, in metres above its mean level."""
    hours = (moment - EPOCH) / timedelta(hours=1)
    return sum(constituent.height(hours) for constituent in constituents)


def turns(
    constituents: list[Constituent], start: datetime, end: datetime
) -> Iterator[tuple[datetime, float]]:
    """Yield the high and low waters between the two moments, to the minute."""
    minute = timedelta(minutes=1)
    before, now = (height(constituents, start + n * minute) for n in (-1, 0))
    while start < end:
        after = height(constituents, start + minute)
        if (now - before) * (after - now) <= 0:
            yield start, now
        before, now, start = now, after, start + minute
