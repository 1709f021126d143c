"""What is found out once, and why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cf_protected.doctor.findings import Outcome, Unanswered, failed, once, unknown


class Facts:
    def __init__(self) -> None:
        self.remembered: dict[str, Any] = {}
        self.asked = 0

    @once("nothing")
    def nothing(self) -> None:
        self.asked += 1

    @once("the machine")
    def broken(self) -> str:
        self.asked += 1
        raise Unanswered(failed("it is broken", "Mend it."))

    @once("the product")
    def made(self) -> str:
        return self.broken()


def test_asks_once() -> None:
    facts = Facts()

    assert (facts.nothing(), facts.nothing(), facts.asked) == (None, None, 1)


def reason(ask: Callable[[], object]) -> Outcome:
    with pytest.raises(Unanswered) as raised:
        ask()
    return raised.value.outcome


def test_fails_once_and_is_unknown_after_that() -> None:
    facts = Facts()

    assert reason(facts.broken) == failed("it is broken", "Mend it.")
    assert reason(facts.broken) == unknown("it needs the machine: see above", "")
    assert facts.asked == 1


def test_what_depends_on_it_names_the_first_cause() -> None:
    facts = Facts()
    reason(facts.broken)

    assert reason(facts.made) == reason(facts.made) == reason(facts.broken)
