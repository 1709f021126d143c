"""Ask the database how it would run statements."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

#: What a database says of a statement that reads a whole table or a whole index.
_WHOLE: Final = {"ALL", "index"}


def analyse(*models: type[Model]) -> None:
    """Let the database count the rows. On MariaDB this ends the transaction."""
    verb = "ANALYZE TABLE" if connection.vendor == "mysql" else "ANALYZE"
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"{verb} {connection.ops.quote_name(model._meta.db_table)}")
            if connection.vendor == "mysql":
                cursor.fetchall()


def scans(queries: CaptureQueriesContext, models: Collection[type[Model]]) -> list[str]:
    """Return those of the statements that read a whole table of ``models``, each with its plan."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in models]
    found = []
    for query in queries.captured_queries:
        sql = query["sql"]
        if sql.startswith(("SELECT", "UPDATE", "DELETE")) and any(one in sql for one in tables):
            found += [f"{sql}\n{plan}" for plan in _scans_of(sql)]
    return found


def _scans_of(sql: str) -> Iterator[str]:
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}")
        columns = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            if _is_scan(dict(zip(columns, row, strict=True))):
                yield str(row)


def _is_scan(step: dict[str, Any]) -> bool:
    if connection.vendor == "mysql":
        # <derived2>: the rows that another step has found
        return step["type"] in _WHOLE and not str(step["table"]).startswith("<")
    text = " ".join(str(value) for value in step.values())
    return "Seq Scan" in text or "SCAN" in text
