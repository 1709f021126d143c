"""Requests that each issue several URLs in one transaction, as with ``ATOMIC_REQUESTS``."""

from __future__ import annotations

import multiprocessing
from functools import partial
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from django.db import connection, transaction

from cf_protected import services
from cf_protected.models import AssetFile, Grant, Use
from tests.accounts.models import User
from tests.races.processes import at_once
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_requests_that_issue_the_same_files_wait_only_for_the_grant(
    user: User, grant: Grant, file: AssetFile, other_file: AssetFile
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    fork = multiprocessing.get_context("fork")
    holds, waits = fork.Event(), fork.Event()

    at_once(
        partial(issue_first, user, [file, other_file], holds, waits),
        partial(issue_second, user, [other_file, file], holds, waits),
    )

    grant.refresh_from_db()
    assert grant.downloads_used == 2
    assert {use.count for use in Use.objects.all()} == {1}


def issue_first(user: User, files: list[AssetFile], holds: Event, waits: Event) -> None:
    """Issue the first file, and the second as soon as the other request waits for the grant."""
    with transaction.atomic():
        services.issue_url(user, files[0])
        holds.set()
        assert waits.wait(PATIENCE)
        services.issue_url(user, files[1])


def issue_second(user: User, files: list[AssetFile], holds: Event, waits: Event) -> None:
    def tell(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE") and Grant._meta.db_table in sql:
            waits.set()
        return execute(sql, *arguments)

    assert holds.wait(PATIENCE)
    with transaction.atomic(), connection.execute_wrapper(tell):
        for file in files:
            services.issue_url(user, file)
