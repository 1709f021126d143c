"""The doctor's findings: a verdict for each question, with evidence and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol, TypeVar


class Verdict(StrEnum):
    """The result of a question."""

    OK = "ok"
    WARNING = "warning"  # it works but needs attention
    FAILED = "failed"
    UNKNOWN = "unknown"  # it can't be found out from here


@dataclass(frozen=True)
class Outcome:
    """The answer to a question: what was seen, and what to do about it."""

    verdict: Verdict
    evidence: str
    remedy: str = ""


@dataclass(frozen=True)
class Finding:
    """A question with its answer; ``id`` and ``verdict`` are stable, the texts aren't."""

    id: str
    question: str
    verdict: Verdict
    evidence: str
    remedy: str


class Unanswered(Exception):
    """Ends a question early with ``outcome``. ``examine`` catches it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.evidence)
        self.outcome = outcome


def ok(evidence: str) -> Outcome:
    """Return a success: everything is as it should be."""
    return Outcome(Verdict.OK, evidence)


def warning(evidence: str, remedy: str) -> Outcome:
    """Return a warning: it works but needs attention."""
    return Outcome(Verdict.WARNING, evidence, remedy)


def failed(evidence: str, remedy: str) -> Outcome:
    """Return a failure: downloads don't work, or aren't protected."""
    return Outcome(Verdict.FAILED, evidence, remedy)


def unknown(evidence: str, remedy: str) -> Outcome:
    """Return an open question: the answer can't be found out from here."""
    return Outcome(Verdict.UNKNOWN, evidence, remedy)


class Remembering(Protocol):
    """An object with a dict for the results of its methods, by their names."""

    remembered: dict[str, Any]


R = TypeVar("R", bound=Remembering)
T = TypeVar("T")


def once(what: str) -> Callable[[Callable[[R], T]], Callable[[R], T]]:
    """Return a decorator that calls a method once, and remembers its result or its failure.

    ``what`` names the result. The first question that needs it reports the failure; later
    questions are unknown. So one broken thing fails one question, and is explained once.
    """

    def decorate(find: Callable[[R], T]) -> Callable[[R], T]:
        name = find.__name__

        @wraps(find)
        def find_once(self: R) -> T:
            if name not in self.remembered:
                try:
                    self.remembered[name] = find(self)
                except Unanswered as error:
                    self.remembered[name] = _afterwards(error.outcome, what)
                    raise
            found = self.remembered[name]
            if isinstance(found, Outcome):
                raise Unanswered(found)
            result: T = found
            return result

        return find_once

    return decorate


def _afterwards(first: Outcome, what: str) -> Outcome:
    is_explained = not first.remedy
    return first if is_explained else unknown(f"it needs {what}: see above", "")
