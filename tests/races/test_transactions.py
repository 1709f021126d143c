"""A transaction that the database ends to break a deadlock runs once more."""

from __future__ import annotations

import multiprocessing
from functools import partial
from multiprocessing.synchronize import Barrier

import pytest
from django.db import OperationalError, connection, transaction

from cf_protected.models import Asset
from cf_protected.transactions import atomically
from tests.races.processes import at_once
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class DeadlockDetected(Exception):
    """As psycopg's."""

    sqlstate = "40P01"


class OlderDeadlockDetected(Exception):
    """As psycopg2's."""

    pgcode = "40P01"


class Failing:
    """An action that a database ends as often as ``times`` says."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.calls = times, error, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls > self.times:
            return "done"
        if isinstance(self.error, OperationalError):
            raise self.error
        raise OperationalError("deadlock detected") from self.error


ON_MARIADB = OperationalError(1213, "Deadlock found when trying to get lock")


@pytest.mark.parametrize("error", [DeadlockDetected(), OlderDeadlockDetected(), ON_MARIADB])
def test_after_one_deadlock_it_is_done(error: Exception) -> None:
    action = Failing(1, error)

    assert atomically(action, using="default") == "done"
    assert action.calls == 2


@pytest.mark.parametrize(
    ("times", "error"),
    [(2, ON_MARIADB), (1, OperationalError(1205, "Lock wait timeout exceeded")), (1, ValueError())],
)
def test_a_second_deadlock_or_another_fault_is_raised(times: int, error: Exception) -> None:
    with pytest.raises(OperationalError):
        atomically(Failing(times, error), using="default")


def test_inside_the_callers_transaction_it_is_the_callers() -> None:
    action = Failing(1, ON_MARIADB)

    with pytest.raises(OperationalError), transaction.atomic():
        atomically(action, using="default")

    assert action.calls == 1


def test_two_processes_in_opposite_orders_both_get_done(db: None) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    first, second = (Asset.objects.create(title=slug, slug=slug) for slug in ("one", "two"))
    meeting = multiprocessing.get_context("fork").Barrier(2)

    attempts = at_once(
        partial(rename_both, first, second, meeting), partial(rename_both, second, first, meeting)
    )

    assert sorted(attempts) == [1, 2]


def rename_both(first: Asset, second: Asset, meeting: Barrier) -> int:
    """Change both; in the first attempt the other process has locked the second meanwhile."""
    attempts = 0

    def rename() -> int:
        nonlocal attempts
        attempts += 1
        Asset.objects.filter(pk=first.pk).update(title="locked")
        if attempts == 1:
            meeting.wait(PATIENCE)
        Asset.objects.filter(pk=second.pk).update(title="locked too")
        return attempts

    return atomically(rename, using="default")
