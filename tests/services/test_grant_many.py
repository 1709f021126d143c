"""Many grants in a bounded number of statements, all or none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent
from cf_protected.services import Holder
from tests.accounts.models import User
from tests.conftest import Listen


def holders(count: int) -> list[Holder]:
    return [Holder(email=f"buyer-{number}@example.com") for number in range(count)]


def test_the_number_of_statements_does_not_grow_with_the_grants(asset: Asset) -> None:
    with CaptureQueriesContext(connection) as queries:
        made = services.grant_many((asset, one) for one in holders(1000))

    assert len(made) == Grant.objects.count() == GrantEvent.objects.count() == 1000
    assert None not in {grant.pk for grant in made}
    # SQLite takes fewer parameters in one statement.
    assert len(queries) < (40 if connection.vendor == "sqlite" else 10)


def test_each_has_its_signals_and_its_event(user: User, asset: Asset, received: Listen) -> None:
    created, changed = received(signals.grant_created), received(signals.grant_changed)

    made = services.grant_many(
        [(asset, Holder(user)), (asset, Holder(email="bob@example.com"))],
        max_downloads=3,
        actor=user,
        reason="Press copies",
    )

    assert [sent["grant"] for sent in created] == [sent["grant"] for sent in changed] == made
    assert [sent["event"].grant for sent in changed] == made
    event = GrantEvent.objects.get(new_user=user)
    assert (event.actor, event.reason, event.new_terms["max_downloads"]) == (
        user,
        "Press copies",
        3,
    )
    assert GrantEvent.objects.filter(new_email="bob@example.com").count() == 1


def test_a_receiver_that_fails_undoes_all(asset: Asset) -> None:
    def fail(grant: Grant, **kwargs: object) -> None:
        if grant.email.startswith("buyer-2"):
            raise RuntimeError("no mail")

    signals.grant_created.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.grant_many((asset, one) for one in holders(3))
    finally:
        signals.grant_created.disconnect(fail)

    assert not Grant.objects.exists()
    assert not GrantEvent.objects.exists()


def test_terms_that_cannot_be_stored_are_refused_by_name(asset: Asset) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    for argument, value in (("max_downloads", 0), ("expires_at", yesterday), ("reason", "a\0b")):
        with pytest.raises(ValueError, match=argument):
            services.grant_many([(asset, holders(1)[0])], **{argument: value})

    assert not Grant.objects.exists()


def test_of_none_there_is_nothing_to_do(db: None) -> None:
    assert services.grant_many([]) == []
