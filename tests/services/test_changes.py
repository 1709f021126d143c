"""A later end, more downloads, and counting from zero."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent
from tests.accounts.models import User
from tests.conftest import Listen

DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def subscription(user: User, asset: Asset, now: datetime) -> Grant:
    terms: dict[str, Any] = {"expires_at": now + 30 * DAY, "max_downloads": 3}
    return services.grant(asset, user, source="shop", reference="7", **terms, now=now)


def every(grant: Grant) -> Any:
    return Grant.objects.filter(pk=grant.pk)


def test_a_subscription_gets_a_later_end(subscription: Grant, now: datetime) -> None:
    (extended,) = services.extend("shop", "7", now + 60 * DAY)

    assert extended == subscription
    assert Grant.objects.get().expires_at == now + 60 * DAY
    event = GrantEvent.objects.get(verb="extended")
    assert event.old_terms["expires_at"] < event.new_terms["expires_at"]


def test_an_expired_subscription_lives_again(subscription: Grant, now: datetime) -> None:
    services.extend("shop", "7", now + 60 * DAY, now=now + 31 * DAY)

    assert Grant.objects.get().state_at(now + 31 * DAY) is Grant.State.ACTIVE


def test_extending_never_shortens(subscription: Grant, now: datetime) -> None:
    assert services.extend("shop", "7", now + DAY) == []
    assert Grant.objects.get().expires_at == now + 30 * DAY


def test_extending_what_has_no_end_changes_nothing(user: User, asset: Asset, now: datetime) -> None:
    grant = services.grant(asset, user)

    assert services.extend_grants(every(grant), now + DAY) == []
    assert Grant.objects.get().expires_at is None


def test_an_extension_may_be_repeated_even_after_its_end(
    subscription: Grant, now: datetime
) -> None:
    services.extend("shop", "7", now + 60 * DAY)

    assert services.extend("shop", "7", now + 60 * DAY) == []
    assert services.extend("shop", "7", now + 60 * DAY, now=now + 61 * DAY) == []
    assert GrantEvent.objects.filter(verb="extended").count() == 1


def test_an_extension_that_comes_before_its_grant_is_an_error(asset: Asset, now: datetime) -> None:
    with pytest.raises(Grant.DoesNotExist, match="isn't granted yet"):
        services.extend("shop", "7", now + DAY)


def test_a_grant_that_is_revoked_meanwhile_keeps_its_extension(
    subscription: Grant, now: datetime
) -> None:
    services.revoke("shop", "7")
    services.extend("shop", "7", now + 60 * DAY)
    services.restore("shop", "7")

    assert Grant.objects.get().state_at(now + 31 * DAY) is Grant.State.ACTIVE


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("expires_at", {"expires_at": timezone.now() - DAY}),
        ("expires_at", {"expires_at": datetime(2999, 1, 1)}),  # noqa: DTZ001 - the fault
        ("expires_at", {"expires_at": None}),
        ("expires_at", {"expires_at": "2999-01-01"}),
        ("source", {"source": ""}),
        ("reference", {"reference": " 7"}),
        ("now", {"now": datetime(2026, 1, 1)}),  # noqa: DTZ001
        ("reason", {"reason": "r" * 256}),
    ],
)
def test_an_extension_that_cannot_be_stored_is_refused_by_name(
    subscription: Grant, now: datetime, argument: str, values: dict[str, Any]
) -> None:
    given = {"source": "shop", "reference": "7", "expires_at": now + 60 * DAY} | values

    with pytest.raises(ValueError, match=argument):
        services.extend(**given)

    assert not GrantEvent.objects.filter(verb="extended").exists()


def test_support_allows_more(subscription: Grant) -> None:
    Grant.objects.update(downloads_used=3)

    (grant,) = services.allow_more(every(subscription), 2, reason="Lost laptop")

    assert (grant.max_downloads, grant.downloads_left) == (5, 2)
    assert GrantEvent.objects.get(verb="allowed_more").reason == "Lost laptop"


def test_a_grant_without_a_limit_stays_so(grant: Grant) -> None:
    assert services.allow_more(every(grant), 2) == []
    assert Grant.objects.get().max_downloads is None


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None, 2**31, 2**31 - 1])
def test_a_number_that_no_limit_can_have_is_refused(subscription: Grant, count: Any) -> None:
    with pytest.raises(ValueError, match="count"):
        services.allow_more(every(subscription), count)

    assert Grant.objects.get().max_downloads == 3
    assert not GrantEvent.objects.filter(verb="allowed_more").exists()


def test_downloads_are_counted_from_zero_again(subscription: Grant) -> None:
    Grant.objects.update(downloads_used=3)

    (grant,) = services.reset_downloads(every(subscription))
    assert services.reset_downloads(every(subscription)) == []

    assert grant.downloads_left == 3
    assert GrantEvent.objects.get(verb="reset").old_terms["downloads_used"] == 3


def test_only_some_of_a_query_are_changed(user: User, asset: Asset) -> None:
    first, second = (services.grant(asset, user, max_downloads=1) for _ in range(2))

    assert services.allow_more(Grant.objects.order_by("pk")[:1], 1) == [first]
    second.refresh_from_db()
    assert second.max_downloads == 1


def test_each_change_is_signalled_in_its_transaction(
    subscription: Grant, now: datetime, received: Listen
) -> None:
    changed = received(signals.grant_changed)

    def fail(event: GrantEvent, **kwargs: object) -> None:
        if event.verb == "allowed_more":
            raise RuntimeError("no mail")

    signals.grant_changed.connect(fail)
    try:
        services.extend("shop", "7", now + 60 * DAY)
        with pytest.raises(RuntimeError):
            services.allow_more(every(subscription), 1)
    finally:
        signals.grant_changed.disconnect(fail)

    assert [sent["event"].verb for sent in changed] == ["extended", "allowed_more"]
    assert Grant.objects.get().max_downloads == 3
    assert not GrantEvent.objects.filter(verb="allowed_more").exists()
