"""What is asked about one purchase or person is found by an index among any number of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services
from cf_protected.models import (
    Asset,
    AssetFile,
    Download,
    Grant,
    GrantEvent,
    Mailbox,
    Purchase,
    Use,
)
from cf_protected.services.holders import Holder
from tests.accounts.models import User
from tests.conftest import Configure, guest_of
from tests.plans import analyse, scans

# ANALYZE TABLE ends a transaction on MariaDB, so that nothing would be rolled back.
pytestmark = pytest.mark.django_db(transaction=True)

MANY: Final = 2000
#: Not the project's users, whom ``VERIFIED_EMAILS`` looks for.
TABLES: Final = (Asset, Purchase, Grant, GrantEvent, Use, Download, Mailbox)
END: Final = datetime(2999, 1, 1, tzinfo=UTC)
ADA: Final = "ada@example.org"


def fill() -> None:
    """Store many purchases: every other one is an account's, the rest wait for an address."""
    users = User.objects.bulk_create(User(email=f"u{n}@example.com") for n in range(MANY))
    assets = Asset.objects.bulk_create(
        Asset(slug=f"asset-{n}", title=str(n), state="published") for n in range(MANY // 4)
    )
    files = AssetFile.objects.bulk_create(
        AssetFile(asset=one, key=f"{one.slug}.pdf") for one in assets
    )
    holders = [Holder(user) if n % 2 else Holder(email=user.email) for n, user in enumerate(users)]
    named = [{"user": one.user, "email": one.email} for one in holders]
    purchases = Purchase.objects.bulk_create(
        Purchase(source="shop", reference=f"order-{n}", **one) for n, one in enumerate(named)
    )
    grants = Grant.objects.bulk_create(
        Grant(asset=assets[n // 4], purchase=purchase, **named[n])
        for n, purchase in enumerate(purchases)
    )
    GrantEvent.objects.bulk_create(
        GrantEvent(
            grant=grant,
            purchase=grant.purchase,
            verb="granted",
            new_user=grant.user,
            new_email=grant.email,
            new_terms=grant.terms,
        )
        for grant in grants
    )
    now = timezone.now()
    Use.objects.bulk_create(Use(grant=grant, last_at=now) for grant in grants)
    Use.objects.bulk_create(Use(user=user, file=files[0], last_at=now) for user in users)
    Download.objects.bulk_create(
        Download(grant=grant, asset=grant.asset, user=grant.user, email=grant.email)
        for grant in grants
    )
    Mailbox.objects.bulk_create(Mailbox(email=user.email) for user in users)


def bought() -> Any:
    return Grant.objects.filter(purchase__source="shop", purchase__reference="7")


Act = Callable[[User, Asset], object]


def restore(user: User, asset: Asset) -> object:
    return services.revoke("shop", "7"), services.restore("shop", "7")


def as_guest(user: User, asset: Asset) -> object:
    person = guest_of(Mailbox.objects.get(email=ADA))
    return [*Grant.objects.held_by(person)], [*Asset.objects.held_by(person)]


def as_account(user: User, asset: Asset) -> object:
    services.claim(user, ADA)
    return [*Grant.objects.held_by(user)], [*Asset.objects.held_by(user)]


ACTS: Final[dict[str, Act]] = {
    "grant again": lambda user, asset: services.grant(
        asset, email=ADA, source="shop", reference="7"
    ),
    "grant": lambda user, asset: services.grant(asset, user, source="shop", reference="8"),
    "revoke": lambda user, asset: services.revoke("shop", "7"),
    "revoke one": lambda user, asset: services.revoke("shop", "7", asset=asset),
    "refund": lambda user, asset: services.refund("shop", "7"),
    "restore": restore,
    "extend": lambda user, asset: services.extend("shop", "7", END),
    "allow more": lambda user, asset: services.allow_more(bought(), 3),
    "reset": lambda user, asset: services.reset_downloads(bought()),
    "set terms": lambda user, asset: services.set_terms(bought(), {"max_downloads": 5}),
    "transfer": lambda user, asset: services.transfer(bought(), user, reason="A gift"),
    "claim": lambda user, asset: services.claim(user, ADA),
    "claim what is vouched for": lambda user, asset: services.claim(user),
    "held by a guest": as_guest,
    "held by an account": as_account,
    "receipt": lambda user, asset: services.send_receipt(Purchase.objects.get(reference="7")),
    "downloads": lambda user, asset: services.send_downloads(ADA),
    "delete the account": lambda user, asset: user.delete(),
}


#: Reasons are texts, and the history has no index of people: both are read whole.
PRIVACY: Final[dict[str, Act]] = {
    "export": lambda user, asset: services.export_person(user, email=ADA),
    "forget": lambda user, asset: services.forget_person(user, email=ADA),
}
OF_PEOPLE: Final = (Purchase, Grant, Use, Download, Mailbox)


@pytest.fixture
def many(user: User, asset: Asset, configure: Configure) -> User:
    configure(
        SITE_URL="https://shop.example",
        VERIFIED_EMAILS={
            "BACKEND": "cf_protected.verified_emails.UserEmails",
            "OPTIONS": {"confirmed": True},
        },
    )
    fill()
    services.grant(asset, email=ADA, source="shop", reference="7", expires_at=END - timedelta(9))
    Mailbox.objects.get_or_create(email=ADA)
    analyse(User, AssetFile, *TABLES)
    return user


def statements(act: Act, user: User, asset: Asset) -> CaptureQueriesContext:
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        act(User.objects.get(pk=user.pk), asset)
        transaction.set_rollback(True)  # so that each begins with the same rows
    return queries


def test_nothing_reads_a_whole_table(many: User, asset: Asset) -> None:
    found = {name: scans(statements(act, many, asset), TABLES) for name, act in ACTS.items()}
    of_people = {
        name: [
            scan
            for scan in scans(statements(act, many, asset), OF_PEOPLE)
            if "LIKE" not in scan and GrantEvent._meta.db_table not in scan
        ]
        for name, act in PRIVACY.items()
    }

    assert {name: scanned for name, scanned in (found | of_people).items() if scanned} == {}
    with CaptureQueriesContext(connection) as queries:
        assert not Grant.objects.filter(revoked_reason="Fraud").exists()
    assert scans(queries, TABLES)  # for comparison: no index has this column
