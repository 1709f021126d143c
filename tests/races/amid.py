"""Let something happen while a row is being deleted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Event
from typing import Any

from django.db import IntegrityError, connection, models

from tests.races.processes import at_once
from tests.waiting import PATIENCE


def delete_amid(victim: models.Model, act: Callable[[], Any]) -> bool:
    """Return whether ``victim`` was deleted, which ``act`` nearly came too late for.

    Django has changed or deleted all rows that name it. Before its own row goes, another process
    runs ``act`` and commits.
    """
    fork = multiprocessing.get_context("fork")
    cleared, committed = fork.Event(), fork.Event()
    deleted, _ = at_once(
        partial(_delete, victim, cleared, committed), partial(_act, act, cleared, committed)
    )
    return bool(deleted)


def _delete(victim: models.Model, cleared: Event, committed: Event) -> bool:
    table = connection.ops.quote_name(victim._meta.db_table)

    def pause(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith(f"DELETE FROM {table} "):
            cleared.set()
            assert committed.wait(PATIENCE)
        return execute(sql, *arguments)

    with connection.execute_wrapper(pause):
        try:
            victim.delete()
        except IntegrityError:
            return False
    return True


def _act(act: Callable[[], Any], cleared: Event, committed: Event) -> None:
    assert cleared.wait(PATIENCE)
    act()
    committed.set()
