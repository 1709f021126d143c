from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services, signals
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, Grant, Purchase
from tests.accounts.models import User
from tests.conftest import Listen


@pytest.fixture
def video(db: None) -> Asset:
    return Asset.objects.create(title="Video", slug="video", state=Asset.State.PUBLISHED)


def test_a_grant_to_a_user(user: User, asset: Asset) -> None:
    grant = services.grant(asset, user)

    assert Grant.objects.get() == grant
    assert (grant.user, grant.email, grant.source, grant.reference) == (user, "", "manual", None)
    assert grant.state_at() is Grant.State.ACTIVE
    assert grant.max_downloads is None


def test_a_grant_has_the_terms_it_was_made_with(user: User, other_user: User, asset: Asset) -> None:
    now = timezone.now()
    terms: dict[str, Any] = {
        "starts_at": now,
        "expires_at": now + timedelta(days=7),
        "max_downloads": 3,
    }

    grant = services.grant(asset, user, source="shop", reference="7", actor=other_user, **terms)

    grant.refresh_from_db()
    assert {name: getattr(grant, name) for name in terms} == terms
    assert (grant.source, grant.reference) == ("shop", "7")
    assert grant.events.get().actor == other_user


def test_an_address_is_kept_in_lower_case(asset: Asset) -> None:
    grant = services.grant(asset, email="Ada@Example.COM")

    assert (grant.user, grant.email) == (None, "ada@example.com")


def test_a_grant_needs_one_holder(user: User, asset: Asset) -> None:
    with pytest.raises(ValueError, match="not both or neither"):
        services.grant(asset)
    with pytest.raises(ValueError, match="not both or neither"):
        services.grant(asset, user, email="ada@example.com")


def test_without_a_reference_each_grant_is_a_new_one(user: User, asset: Asset) -> None:
    assert services.grant(asset, user) != services.grant(asset, user)


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("reference", {"source": "shop"}),
        ("reference", {"source": "shop", "reference": ""}),
        ("reference", {"source": "shop", "reference": " 7"}),
        ("reference", {"source": "shop", "reference": "7\0"}),
        ("reference", {"source": "shop", "reference": "7" * 191}),
        ("source", {"source": "", "reference": "7"}),
        ("source", {"source": "s" * 51, "reference": "7"}),
        ("quantity", {"quantity": 0}),
        ("max_downloads", {"max_downloads": 0}),
        ("max_downloads", {"max_downloads": -1}),
        ("max_downloads", {"max_downloads": 2**31}),
        ("expires_at", {"expires_at": datetime(2999, 1, 1)}),  # noqa: DTZ001 - the fault
        ("starts_at", {"starts_at": datetime(2999, 1, 1)}),  # noqa: DTZ001
        ("reason", {"reason": "r" * 256}),
        ("email", {"user": None, "email": "ada"}),
        ("email", {"user": None, "email": "a" * 300 + "@example.com"}),
        ("asset", {"asset": ""}),
        ("asset", {"asset": "BOOK\0"}),
        ("asset", {"asset": "BOOK\ud800"}),
        ("asset", {"asset": Asset(title="Unsaved")}),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(
    user: User, asset: Asset, argument: str, values: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=argument):
        services.grant(**{"asset": asset, "user": user} | values)

    assert not Purchase.objects.exists()
    assert not Grant.objects.exists()


def test_an_asset_by_its_sku(user: User, asset: Asset) -> None:
    Asset.objects.filter(pk=asset.pk).update(sku="BOOK-1")

    assert services.grant("BOOK-1", user).asset == asset
    with pytest.raises(Asset.DoesNotExist):
        services.grant("BOOK-2", user)


def test_a_repeated_webhook_changes_nothing(user: User, asset: Asset) -> None:
    first = services.grant(asset, user, source="shop", reference="7", max_downloads=3)

    again = services.grant(asset, user, source="shop", reference="7", max_downloads=5)

    assert again == Grant.objects.get() == first
    assert (again.max_downloads, again.other_terms) == (3, {"max_downloads": 5})
    assert services.grant(asset, user, source="shop", reference="7").other_terms == {
        "max_downloads": None
    }


def test_a_repeated_webhook_may_write_the_address_differently(asset: Asset) -> None:
    first = services.grant(asset, email="ada@example.com", source="shop", reference="7")

    assert services.grant(asset, email="ADA@example.com", source="shop", reference="7") == first


def test_a_repeated_webhook_after_a_refund_gives_nothing_back(user: User, asset: Asset) -> None:
    services.grant(asset, user, source="shop", reference="7")
    services.revoke("shop", "7")

    again = services.grant(asset, user, source="shop", reference="7")

    assert again.state_at() is Grant.State.REVOKED


def test_a_repeated_webhook_after_a_claim_is_no_conflict(user: User, asset: Asset) -> None:
    first = services.grant(asset, email="ada@example.com", source="shop", reference="7")
    services.claim(user, "ada@example.com")

    assert services.grant(asset, email="ada@example.com", source="shop", reference="7") == first
    assert services.grant(asset, user, source="shop", reference="7") == first


@pytest.mark.parametrize("refunded", [True, False])
def test_a_repeated_webhook_gives_nothing_to_the_heir_of_a_deleted_account(
    user: User, asset: Asset, refunded: bool
) -> None:
    first = services.grant(asset, user, source="shop", reference="7")
    if refunded:
        services.revoke("shop", "7")
    user.delete()
    returned = User.objects.create_user("ada@example.com", "secret")

    for holder in ({"user": returned}, {"email": "ada@example.com"}):
        assert services.grant(asset, source="shop", reference="7", **holder) == first
    assert not services.authorize(returned, asset).allowed
    assert Grant.objects.get().holder == "a deleted account"


def test_one_order_may_have_several_assets(user: User, asset: Asset, video: Asset) -> None:
    for each in (asset, video):
        services.grant(each, user, source="shop", reference="7")

    assert Purchase.objects.get().grants.count() == 2


def test_the_same_reference_of_another_source_is_another(user: User, asset: Asset) -> None:
    services.grant(asset, user, source="shop", reference="7")
    services.grant(asset, user, source="stripe", reference="7")

    assert Grant.objects.count() == 2


def test_a_reference_of_somebody_else_is_a_conflict(
    user: User, other_user: User, asset: Asset
) -> None:
    services.grant(asset, user, source="shop", reference="7")

    with pytest.raises(GrantConflict, match="'shop' '7' was already granted to another holder"):
        services.grant(asset, other_user, source="shop", reference="7")
    with pytest.raises(GrantConflict):
        services.grant(asset, email="ada@example.com", source="shop", reference="7")


def test_a_new_grant_is_signalled_once(user: User, asset: Asset, received: Listen) -> None:
    created = received(signals.grant_created)

    for _ in range(2):
        grant = services.grant(asset, user, source="shop", reference="7")

    (sent,) = created
    assert (sent["sender"], sent["grant"]) == (Grant, grant)


def test_a_revoked_grant_keeps_when_and_why(grant: Grant) -> None:
    now = timezone.now() + timedelta(hours=1)

    assert services.revoke_grants(Grant.objects.all(), reason="refund", now=now) == [grant]

    grant.refresh_from_db()
    assert (grant.revoked_at, grant.revoked_reason) == (now, "refund")


def test_what_revoke_returns_is_up_to_date(grant: Grant) -> None:
    (revoked,) = services.revoke_grants(Grant.objects.all())

    assert revoked.state_at() is Grant.State.REVOKED


def test_revoking_again_changes_nothing(user: User, asset: Asset) -> None:
    services.grant(asset, user, source="shop", reference="7")
    (grant,) = services.revoke("shop", "7", reason="refund")

    assert services.revoke("shop", "7", reason="another") == []

    before = grant.revocation
    again = Grant.objects.get()
    assert again.revocation == before
    assert before is not None
    assert before[1] == "refund"


class Replicas:
    """A router that reads where nothing has arrived yet."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        return "replica-that-lags"


def test_a_replica_that_lags_hides_nothing_from_revoking(
    asset: Asset, user: User, settings: Settings
) -> None:
    made = services.grant(asset, user, source="shop", reference="8")
    settings.DATABASE_ROUTERS = [Replicas()]

    assert services.revoke("shop", "8", asset=asset) == [made]


def test_revoking_an_unknown_reference_changes_nothing(grant: Grant) -> None:
    assert services.revoke("shop", "7") == []
    assert Grant.objects.active().get() == grant


def test_an_order_is_revoked_as_a_whole(user: User, asset: Asset, video: Asset) -> None:
    grants = [services.grant(one, user, source="shop", reference="7") for one in (asset, video)]

    assert {grant.pk for grant in services.revoke("shop", "7")} == {grant.pk for grant in grants}


def test_one_asset_of_an_order_is_revoked(user: User, asset: Asset, video: Asset) -> None:
    for each in (asset, video):
        services.grant(each, user, source="shop", reference="7")

    services.revoke("shop", "7", asset=video)

    assert Grant.objects.active().get().asset == asset
    assert Grant.objects.revoked().get().asset == video


def test_one_line_of_an_order_is_revoked(user: User, asset: Asset, video: Asset) -> None:
    services.grant(asset, user, source="shop", reference="7/1")
    services.grant(video, user, source="shop", reference="7/2")

    services.revoke("shop", "7/2")

    assert Grant.objects.active().get().asset == asset


def test_other_grants_for_the_asset_stay(user: User, asset: Asset, grant: Grant) -> None:
    services.grant(asset, user, source="shop", reference="7")

    services.revoke("shop", "7")

    assert Grant.objects.active().get() == grant


def test_a_revoked_grant_is_signalled_once(grant: Grant, received: Listen) -> None:
    revoked = received(signals.grant_revoked)

    for _ in range(2):
        services.revoke_grants(Grant.objects.all())

    (sent,) = revoked
    assert (sent["sender"], sent["grant"]) == (Grant, grant)


def test_a_grant_that_somebody_else_revokes_meanwhile_is_theirs(
    user: User, grant: Grant, video: Asset, received: Listen
) -> None:
    services.grant(video, user)
    revoked = received(signals.grant_revoked)

    def revoke_all_others(grant: Grant, **kwargs: object) -> None:
        Grant.objects.exclude(pk=grant.pk).update(revoked_at=timezone.now())

    signals.grant_revoked.connect(revoke_all_others)
    try:
        done = services.revoke_grants(Grant.objects.all())
    finally:
        signals.grant_revoked.disconnect(revoke_all_others)

    assert [sent["grant"] for sent in revoked] == done
    assert len(done) == 1


def test_claiming_hands_over_what_was_bought_with_the_address(user: User, asset: Asset) -> None:
    services.grant(asset, email="ada@example.com")
    services.grant(asset, email="eve@example.com")

    assert services.claim(user, "Ada@Example.com") == 1

    claimed = Grant.objects.held_by(user).get()
    assert claimed.email == ""
    event = claimed.events.get(verb="claimed")
    assert (event.old_email, event.new_user, event.actor) == ("ada@example.com", user, user)


def test_a_claim_locks_grants_by_their_primary_key(user: User, asset: Asset) -> None:
    """As refunds and downloads do, so that none waits for another that waits for it."""
    made = [services.grant(asset, email=user.email).pk for _ in range(3)]

    with CaptureQueriesContext(connection) as queries:
        assert services.claim(user, user.email) == 3

    updates = [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
    keys = [re.findall(r"\Wid\W? = (\d+)", sql) for sql in updates]
    assert [one for one in keys if one] == [[str(pk)] for pk in made]


def test_claiming_takes_nothing_from_another_account(
    user: User, other_user: User, asset: Asset
) -> None:
    services.grant(asset, email="ada@example.com")
    services.claim(user, "ada@example.com")

    assert services.claim(other_user, "ada@example.com") == 0
    assert Grant.objects.held_by(user).exists()


@pytest.mark.parametrize("email", ["", " ", "ada", "\N{KELVIN SIGN}im@example.com", "a@b@c.com"])
def test_only_an_address_is_claimed(user: User, asset: Asset, email: str) -> None:
    services.grant(asset, email="kim@example.com")

    with pytest.raises(ValueError, match="email"):
        services.claim(user, email)


def test_a_grant_to_an_address_lets_nobody_in_before_the_claim(user: User, asset: Asset) -> None:
    services.grant(asset, email=user.email)

    assert not services.authorize(user, asset).allowed


def test_a_grant_that_ends_before_it_starts_is_refused(user: User, asset: Asset) -> None:
    with pytest.raises(ValueError, match=r"would end .* before it starts"):
        services.grant(asset, user, expires_at=timezone.now() - timedelta(days=1))


def test_a_receiver_that_fails_undoes_the_grant(user: User, asset: Asset, received: Listen) -> None:
    def fail(**kwargs: object) -> None:
        raise RuntimeError("no mail")

    signals.grant_created.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.grant(asset, user, reference="line-1")
    finally:
        signals.grant_created.disconnect(fail)

    created = received(signals.grant_created)
    services.grant(asset, user, reference="line-1")
    assert len(created) == 1
