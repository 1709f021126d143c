"""What the doctor finds out: a verdict for each question, with evidence and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol, TypeVar


class Verdict(StrEnum):
    """How a question is answered."""

    OK = "ok"
    WARNING = "warning"  # works, and should be looked at
    FAILED = "failed"
    UNKNOWN = "unknown"  # it can't be asked from here


@dataclass(frozen=True)
class Outcome:
    """An answer: what was seen, and what to do unless all is well."""

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
    """Ends a question early with ``outcome``. It never leaves the doctor."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.evidence)
        self.outcome = outcome


def ok(evidence: str) -> Outcome:
    """All is well."""
    return Outcome(Verdict.OK, evidence)


def warning(evidence: str, remedy: str) -> Outcome:
    """It works, and yet."""
    return Outcome(Verdict.WARNING, evidence, remedy)


def failed(evidence: str, remedy: str) -> Outcome:
    """Something is wrong."""
    return Outcome(Verdict.FAILED, evidence, remedy)


def unknown(evidence: str, remedy: str) -> Outcome:
    """It can't be told from here."""
    return Outcome(Verdict.UNKNOWN, evidence, remedy)


class Remembering(Protocol):
    """Has a place for what was found out, by the name of its method."""

    remembered: dict[str, Any]


R = TypeVar("R", bound=Remembering)
T = TypeVar("T")


def once(what: str) -> Callable[[Callable[[R], T]], Callable[[R], T]]:
    """Let a method find out ``what`` once, and also remember that it couldn't.

    The first question that needs it reports the reason; to those after it the answer is
    unknown. So one broken thing fails one question, and is explained once.
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
