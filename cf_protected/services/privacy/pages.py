"""Change many rows, some at a time, so that no statement or transaction is long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet

RowType = TypeVar("RowType", bound=Model)

PAGE: Final = 500


def pages(rows: QuerySet[RowType]) -> Iterator[list[RowType]]:
    """Yield the rows by primary key, at most ``PAGE`` at a time."""
    ordered = rows.order_by("pk")
    page = [*ordered[:PAGE]]
    while page:
        yield page
        page = [*ordered.filter(pk__gt=page[-1].pk)[:PAGE]] if len(page) == PAGE else []


def chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the keys, at most ``PAGE`` at a time."""
    for start in range(0, len(keys), PAGE):
        yield keys[start : start + PAGE]


def rewrite(
    rows: QuerySet[RowType],
    edit: Callable[[RowType], bool],
    fields: Collection[str],
) -> int:
    """Save the ``fields`` of the rows that ``edit`` changes, and return their number.

    For rows that nothing else changes. They aren't locked.
    """
    number = 0
    for page in pages(rows):
        changed = [row for row in page if edit(row)]
        if changed:
            _manager(rows).bulk_update(changed, fields)
        number += len(changed)
    return number


def replace_text(rows: QuerySet[RowType], column: str, edit: Callable[[str], str]) -> int:
    """Save what ``edit`` makes of a column, unless another process changed it meanwhile."""
    number = 0
    for page in pages(rows.only(column)):
        for row in page:
            old = getattr(row, column)
            new = edit(old)
            if new != old:
                unchanged = _manager(rows).filter(pk=row.pk, **{column: old})
                number += unchanged.update(**{column: new})
    return number


def update(rows: QuerySet[Any], values: dict[str, Any]) -> int:
    """Set the ``values`` of the rows, which must not match any more then. Return their number."""
    number = 0
    while page := [*rows.order_by("pk").values_list("pk", flat=True)[:PAGE]]:
        number += _manager(rows).filter(pk__in=page).update(**values)
    return number


def delete(rows: QuerySet[Any]) -> int:
    """Delete the rows, and return their number."""
    number = 0
    while page := [*rows.order_by("pk").values_list("pk", flat=True)[:PAGE]]:
        number += _manager(rows).filter(pk__in=page).delete()[0]
    return number


def _manager(rows: QuerySet[RowType]) -> QuerySet[RowType]:
    return rows.model._base_manager.using(rows.db)  # noqa: SLF001 - documented
