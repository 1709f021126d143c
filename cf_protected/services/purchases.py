"""Lock purchases and grants, in the one order that lets no two processes wait for each other.

First the purchases, then the grants, each by primary key. Assets are never locked: a best-seller's
buyers would wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth import get_user_model
from django.db import connections, router
from django.db.models import Prefetch, prefetch_related_objects

from cf_protected.models import Asset, Grant, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services.arguments import check_purchase
from cf_protected.transactions import atomically

ResultType = TypeVar("ResultType")


def database() -> str:
    """Return the alias of the database that grants are written to."""
    return router.db_for_write(Grant)


def change(action: Callable[[], ResultType]) -> ResultType:
    """Return what ``action`` returns, run in a transaction that may lock before it reads."""

    def write_first() -> ResultType:
        # SQLite locks the whole database at the first write. It ends a transaction that reads
        # before that, if another process wrote meanwhile.
        if not connections[database()].features.has_select_for_update:
            Grant.objects.using(database()).filter(pk=-1).update(seat=0)
        return action()

    return atomically(write_first, using=database())


def lock_purchase(source: str, reference: str) -> Purchase:
    """Return the purchase, made if there is none, and locked until the transaction ends.

    Raises ``ValueError`` for a source or reference that no purchase can have.
    """
    check_purchase(source, reference)
    purchases = Purchase.objects.using(database())
    # One statement makes or locks the row. After an INSERT that ignores an existing row, MariaDB
    # would hold a shared lock, and two processes that have it can't both write.
    features = connections[database()].features
    unique = ["source", "reference"]
    purchases.bulk_create(
        [Purchase(source=source, reference=reference)],
        update_conflicts=True,
        update_fields=["source"],
        unique_fields=unique if features.supports_update_conflicts_with_target else None,
    )
    return purchases.select_for_update().get(source=source, reference=reference)


def lock_known_purchase(source: str, reference: str) -> Purchase | None:
    """Return the purchase, locked until the transaction ends; ``None`` if there is none.

    Raises ``ValueError`` as ``lock_purchase`` does.
    """
    check_purchase(source, reference)
    purchases = Purchase.objects.using(database())
    return purchases.select_for_update().filter(source=source, reference=reference).first()


def lock_grants(grants: GrantQuerySet) -> list[Grant]:
    """Return ``grants`` as they are now, by primary key, locked with their purchases.

    Another process may have changed them before they were locked, so that the query wouldn't find
    them any more. The caller looks at each.
    """
    # Read where they are written: a replica may not have the latest yet.
    keys = list(grants.using(database()).values_list("pk", "purchase"))
    purchases = Purchase.objects.using(database()).select_for_update().order_by("pk")
    locked = {one.pk: one for one in purchases.filter(pk__in={key for _, key in keys if key})}
    rows = Grant.objects.using(database()).select_for_update().order_by("pk")
    found = list(rows.filter(pk__in=[pk for pk, _ in keys]))
    for grant in found:
        if grant.purchase_id is not None:
            grant.purchase = locked[grant.purchase_id]
    users = get_user_model()._base_manager  # noqa: SLF001 - documented
    prefetch_related_objects(
        found,
        Prefetch("asset", Asset.objects.using(database())),
        Prefetch("user", users.using(database())),
    )
    return found
