"""Let several things happen to one purchase at the same moment, round after round."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, OperationalError, connection, transaction

from cf_protected.access import DownloadRefused
from cf_protected.exceptions import GrantConflict
from cf_protected.services.holders import UnsavedAccount
from tests.races.processes import at_once
from tests.waiting import PATIENCE

#: What happens in one process; it is given the round's name.
Event = Callable[[str], Any]

DONE: Final = "done"
EXPECTED: Final = (
    ObjectDoesNotExist,
    DownloadRefused,
    GrantConflict,
    UnsavedAccount,
    DatabaseError,
)
SPREAD: Final = 0.04


def race(events: dict[str, Event], rounds: list[str], *, atomic: bool) -> Counter[str]:
    """Run the ``events`` of each round at once, and return how often each outcome came.

    Each begins up to ``SPREAD`` seconds late, so that every order of them comes up. With
    ``atomic`` the caller of each has begun a transaction, as with ``ATOMIC_REQUESTS``, so that
    ``atomically`` runs nothing again. Without it, failed statements are counted.
    """
    barrier = multiprocessing.get_context("fork").Barrier(len(events))

    def run(title: str, event: Event) -> Counter[str]:
        random, outcomes = Random(f"{title} {rounds}"), Counter[str]()
        with connection.execute_wrapper(partial(_count_failures, outcomes)):
            for name in rounds:
                barrier.wait(PATIENCE)
                time.sleep(random.random() * SPREAD)
                outcomes[f"{title}: {_outcome(partial(event, name), atomic=atomic)}"] += 1
        return outcomes

    return sum(at_once(*(partial(run, title, event) for title, event in events.items())), Counter())


def _count_failures(outcomes: Counter[str], execute: Callable[..., Any], *statement: Any) -> Any:
    try:
        return execute(*statement)
    except OperationalError:
        outcomes["failed statement"] += 1
        raise


def _outcome(action: Callable[[], Any], *, atomic: bool) -> str:
    try:
        with transaction.atomic() if atomic else contextlib.nullcontext():
            action()
    except EXPECTED as error:
        return type(error).__name__
    return DONE
