"""A receiver of ``grant_changed`` that raises undoes what each verb did, and mails nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent, Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from cf_protected.services.mailboxes import mailbox_of
from tests.accounts.models import User
from tests.conftest import Configure

ADDRESS = "guest@example.com"
LINE: dict[str, Any] = {"source": "shop", "reference": "7"}
LATER = timedelta(days=90)

VERBS: dict[str, Callable[[User], Any]] = {
    "grant": lambda user: services.grant(Asset.objects.get(), user, source="s", reference="8"),
    "extend": lambda user: services.extend("shop", "7", timezone.now() + LATER),
    "allow_more": lambda user: services.allow_more(Grant.objects.all(), 2),
    "reset_downloads": lambda user: services.reset_downloads(Grant.objects.all()),
    "set_terms": lambda user: services.set_terms(Grant.objects.all(), {"max_downloads": None}),
    "transfer": lambda user: services.transfer(Grant.objects.all(), user, reason="A gift"),
    "claim": lambda user: services.claim(user, ADDRESS),
    "claim_by_link": lambda user: services.claim_by_link(user, confirmation(user)),
    "revoke": lambda user: services.revoke("shop", "7"),
    "revoke_grants": lambda user: services.revoke_grants(Grant.objects.all()),
    "refund": lambda user: services.refund("shop", "7"),
    "forget_person": lambda user: services.forget_person(email=ADDRESS),
}


def confirmation(user: User) -> Any:
    return read_token(LinkKind.CLAIM, make_token(LinkKind.CLAIM, mailbox_of(ADDRESS), user=user))


def stored() -> list[Any]:
    models = (Grant, Purchase, GrantEvent, Mailbox)
    return [[*one.objects.order_by("pk").values()] for one in models]


@pytest.fixture
def shop(transactional_db: None, asset: Asset, configure: Configure) -> None:
    """What waits for an address, and would be mailed to it."""
    configure(SITE_URL="https://shop.example")
    ends = timezone.now() + timedelta(days=9)
    services.grant(asset, email=ADDRESS, expires_at=ends, max_downloads=3, **LINE)
    Grant.objects.update(downloads_used=2)
    mailbox_of(ADDRESS)


@pytest.fixture
def failing(shop: None) -> Iterator[None]:
    def fail(**kwargs: object) -> None:
        raise RuntimeError("no connection")

    signals.grant_changed.connect(fail)
    yield
    signals.grant_changed.disconnect(fail)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("atomic_requests", [True, False])
@pytest.mark.parametrize("verb", VERBS)
def test_all_of_it_is_undone(user: User, verb: str, atomic_requests: bool) -> None:
    before = stored()

    # A view that handles the error commits the rest of its request.
    outer = transaction.atomic() if atomic_requests else nullcontext()
    with outer, pytest.raises(RuntimeError):
        VERBS[verb](user)

    assert stored() == before
    assert mail.outbox == []
