"""What every verb does at the database: one order of locks, and nothing when it is repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent, Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from tests.accounts.models import User
from tests.conftest import Configure, Listen

ADA: Final = "ada@example.org"
END: Final = datetime(2999, 1, 1, tzinfo=UTC)
BY_PAYMENT: Final = {"source": "shop", "reference": "7"}
#: In this order their rows are locked.
ORDER: Final = (Purchase, Grant, Mailbox)

Verb = Callable[[User], Any]


def bought() -> Any:
    return Grant.objects.filter(purchase__reference="7")


def grant(user: User) -> Any:
    return [
        services.grant(asset, email=ADA, expires_at=END, max_downloads=3, **BY_PAYMENT)
        for asset in Asset.objects.order_by("-pk")
    ]


def revoke_and_restore(user: User) -> Any:
    services.revoke("shop", "7")
    return services.restore("shop", "7")


def revoke_and_restore_each(user: User) -> Any:
    services.revoke_grants(bought())
    return services.restore_grants(bought())


def confirm(user: User) -> int | None:
    mailbox = Mailbox.objects.get(email=ADA)
    link = read_token(LinkKind.CLAIM, make_token(LinkKind.CLAIM, mailbox, user=user))
    assert link is not None
    return services.claim_by_link(user, link)


LATER: Final = END + timedelta(days=30)
FEWER: Final = {"max_downloads": 2}

#: Each is harmless when it is repeated at once.
VERBS: Final[dict[str, Verb]] = {
    "grant": grant,
    "extend": lambda user: services.extend("shop", "7", LATER),
    "revoke": lambda user: services.revoke("shop", "7"),
    "revoke one asset": lambda user: services.revoke("shop", "7", asset=Asset.objects.first()),
    "revoke grants": lambda user: services.revoke_grants(bought()),
    "refund": lambda user: services.refund("shop", "7"),
    "reset": lambda user: services.reset_downloads(bought()),
    "set terms": lambda user: services.set_terms(bought(), FEWER),
    "transfer": lambda user: services.transfer(bought(), user, reason="A gift"),
    "claim": lambda user: services.claim(user, ADA),
    "forget": lambda user: services.forget_person(email=ADA),
}
#: Those change something each time.
MORE: Final[dict[str, Verb]] = {
    "restore": revoke_and_restore,
    "restore grants": revoke_and_restore_each,
    "allow more": lambda user: services.allow_more(bought(), 1),
    "claim by a link": confirm,
}


@pytest.fixture
def buyer(user: User, asset: Asset, configure: Configure) -> User:
    """An account, while three grants of one purchase wait for an address with a mailbox."""
    configure(SITE_URL="https://shop.example")
    for number in range(2):
        Asset.objects.create(title=f"{number}", slug=f"{number}", state="published")
    grant(user)
    bought().update(downloads_used=1)
    Mailbox.objects.create(email=ADA)
    return user


def model_of(sql: str) -> Any:
    """Return the model whose rows a statement locks, or ``None``."""
    for model in ORDER:
        table = connection.ops.quote_name(model._meta.db_table)
        verbs = (f"UPDATE {table} ", f"INSERT INTO {table} ", f"DELETE FROM {table} ")
        if sql.startswith(verbs) or ("FOR UPDATE" in sql and f"FROM {table} " in sql):
            return model
    return None


@pytest.mark.parametrize("verb", VERBS | MORE)
def test_it_locks_purchases_then_grants_then_mailboxes(verb: str, buyer: User) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")

    with CaptureQueriesContext(connection) as queries:
        (VERBS | MORE)[verb](buyer)

    locking = [one["sql"] for one in queries.captured_queries if model_of(one["sql"])]
    locked = list(dict.fromkeys(model_of(sql) for sql in locking))
    assert locked == [model for model in ORDER if model in locked] != []
    # Where a statement finds several rows, it locks them by primary key.
    several = [sql for sql in locking if sql.startswith("SELECT") and " IN (" in sql]
    assert all(f"{connection.ops.quote_name('id')} ASC" in sql for sql in several)


@pytest.mark.parametrize("verb", VERBS)
def test_a_repetition_changes_nothing_and_sends_nothing(
    verb: str, buyer: User, received: Listen
) -> None:
    VERBS[verb](buyer)
    stored = rows()
    sent = [received(signal) for signal in (signals.grant_changed, signals.grant_revoked)]

    with CaptureQueriesContext(connection) as queries:
        VERBS[verb](buyer)

    assert sent == [[], []]
    assert rows() == stored
    assert [sql for one in queries.captured_queries if writes(sql := one["sql"])] == []


def rows() -> list[Any]:
    return [[*model.objects.order_by("pk").values()] for model in (*ORDER, GrantEvent)]


def writes(sql: str) -> bool:
    """Return whether a statement does more than to lock.

    One makes or locks the row of a purchase. Another changes no row, so that SQLite locks.
    """
    locks_purchase = f"INSERT INTO {connection.ops.quote_name(Purchase._meta.db_table)} "
    if sql.startswith(locks_purchase) or sql.endswith("= -1"):
        return False
    return sql.startswith(("INSERT", "UPDATE", "DELETE"))
