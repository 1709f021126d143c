"""Measure several things in turns, so that the machine's slow moments hit all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Rates(Generic[Name]):
    """The measured rates per second: for each name, one for each round."""

    rounds: Mapping[Name, list[float]]

    def median(self, name: Name) -> float:
        """Return the rate of the middle round."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: Name, to: Name) -> float:
        """Return how many times as fast as ``to`` it is: the median of the rounds' ratios."""
        pairs = zip(self.rounds[name], self.rounds[to], strict=True)
        return statistics.median(rate / reference for rate, reference in pairs)


def take_turns(measures: Mapping[Name, Callable[[], float]], rounds: int) -> Rates[Name]:
    """Call each of ``measures``, which return a rate, once in each round: A B C A B C …"""
    rates: dict[Name, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            rates[name].append(measure())
    return Rates(rates)
