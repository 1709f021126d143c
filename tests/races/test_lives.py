"""A few of the rounds that ``python -m tests.races`` runs a thousand of."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import pytest
from django.db import connection

from tests.races.lives import RACES

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS: Final = 5


@pytest.mark.parametrize("atomic", [False, True], ids=["plain", "atomic"])
@pytest.mark.parametrize("race", RACES)
def test_what_happens_at_once_ends_in_one_consistent_history(race: str, *, atomic: bool) -> None:
    if atomic and connection.vendor == "sqlite":
        pytest.skip("SQLite refuses a write if another process wrote after this one had read.")

    outcomes = RACES[race]([f"{race}-{number}" for number in range(ROUNDS)], atomic=atomic)

    assert faults(outcomes) == []


def faults(outcomes: Counter[str]) -> list[str]:
    return [name for name in outcomes if re.search("OperationalError|failed statement", name)]
