"""Run a transaction once more if the database chose it to break a deadlock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import OperationalError, transaction

ResultType = TypeVar("ResultType")

# PostgreSQL's SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: Final = "40P01"
# MariaDB's ER_LOCK_DEADLOCK: https://mariadb.com/kb/en/mariadb-error-code-reference/
_MARIADB: Final = 1213

_PAUSE: Final = 0.1  # seconds


def atomically(action: Callable[[], ResultType], *, using: str) -> ResultType:
    """Return what ``action`` returns, run in a transaction.

    After a deadlock it waits a moment, so that the other transaction ends, and runs a second
    time. It doesn't if the transaction is part of one that the caller began: the database has
    undone that as a whole, so only the caller can begin again.
    """
    is_ours = not transaction.get_connection(using).in_atomic_block
    try:
        return _run(action, using)
    except OperationalError as error:
        if not (is_ours and is_deadlock(error)):
            raise
    time.sleep(_PAUSE)
    return _run(action, using)


def is_deadlock(error: OperationalError) -> bool:
    """Return whether the database ended the transaction since two waited for each other."""
    cause = error.__cause__
    states = getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None)  # psycopg 3 and 2
    return _POSTGRESQL in states or _MARIADB in error.args[:1]


def _run(action: Callable[[], ResultType], using: str) -> ResultType:
    with transaction.atomic(using=using):
        return action()
