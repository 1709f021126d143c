"""Accounts that take over what waits for an address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cf_protected import services, signals
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.life.vouching import ConfirmedEmails

ADA = "ada@example.com"


@pytest.fixture
def waiting(asset: Asset) -> Grant:
    return services.grant(asset, email=ADA, source="shop", reference="7")


@pytest.fixture
def confirmed(configure: Configure) -> Iterator[set[Any]]:
    """The pairs of accounts' keys and addresses that are vouched for."""
    configure(VERIFIED_EMAILS={"BACKEND": "tests.life.vouching.ConfirmedEmails"})
    ConfirmedEmails.confirmed.clear()
    yield ConfirmedEmails.confirmed
    ConfirmedEmails.confirmed.clear()


def test_each_grant_is_signalled_with_its_event(
    user: User, asset: Asset, waiting: Grant, received: Listen
) -> None:
    services.grant(asset, email=ADA)
    changed = received(signals.grant_changed)

    assert services.claim(user, ADA) == 2
    assert services.claim(user, ADA) == 0

    assert [sent["grant"].user for sent in changed] == [user, user]
    assert [sent["event"].verb for sent in changed] == ["claimed", "claimed"]


def test_a_receiver_that_fails_undoes_the_whole_claim(
    user: User, asset: Asset, waiting: Grant
) -> None:
    last = services.grant(asset, email=ADA)

    def fail(grant: Grant, **kwargs: object) -> None:
        if grant == last:
            raise RuntimeError("no mail")

    signals.grant_changed.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.claim(user, ADA)
    finally:
        signals.grant_changed.disconnect(fail)

    assert Grant.objects.filter(user=None, email=ADA).count() == 2
    assert Purchase.objects.get().user_id is None
    assert not GrantEvent.objects.filter(verb="claimed").exists()


def test_the_claimant_is_the_purchases_first_holder_too(
    user: User, other_user: User, asset: Asset, waiting: Grant
) -> None:
    services.claim(user, ADA)

    for holder in ({"user": user}, {"email": ADA}, {"email": ADA.upper()}):
        assert services.grant(asset, source="shop", reference="7", **holder) == waiting
    for stranger in ({"user": other_user}, {"email": "bob@example.com"}):
        with pytest.raises(GrantConflict):
            services.grant(asset, source="shop", reference="7", **stranger)


def test_what_the_purchase_grants_after_a_claim_is_the_claimants(
    user: User, asset: Asset, waiting: Grant
) -> None:
    services.claim(user, ADA)
    video = Asset.objects.create(title="Video", slug="video", state="published")

    assert services.grant(video, email=ADA, source="shop", reference="7").user == user


def test_a_gift_that_is_claimed_leaves_the_giver_the_first_holder(
    user: User, other_user: User, asset: Asset
) -> None:
    given = services.grant(asset, other_user, source="shop", reference="7")
    services.transfer(Grant.objects.all(), email=ADA, reason="A gift")

    assert services.claim(user, ADA) == 1
    assert services.grant(asset, other_user, source="shop", reference="7") == given


def test_what_was_revoked_or_has_ended_is_claimed_too(user: User, waiting: Grant) -> None:
    services.revoke("shop", "7")

    assert services.claim(user, ADA) == 1
    services.restore("shop", "7")
    assert services.authorize(user, waiting.asset).allowed


def test_an_inactive_account_claims_nothing(user: User, waiting: Grant) -> None:
    user.is_active = False
    user.save()

    with pytest.raises(ValueError, match="user"):
        services.claim(user, ADA)

    assert Grant.objects.get().email == ADA


def test_without_an_address_only_what_is_vouched_for_is_claimed(user: User, waiting: Grant) -> None:
    assert services.claim(user) == 0
    assert Grant.objects.get().email == ADA


def test_what_waits_for_two_accounts_goes_to_the_one_that_says_so(
    user: User, other_user: User, waiting: Grant, confirmed: set[Any]
) -> None:
    confirmed |= {(user.pk, ADA), (other_user.pk, ADA)}
    for account in (user, other_user):
        assert services.claim(account) == 0
    assert Grant.objects.get().email == ADA

    assert services.claim(other_user, ADA) == 1


def test_an_account_that_isnt_active_keeps_nothing_from_the_other(
    user: User, other_user: User, waiting: Grant, confirmed: set[Any]
) -> None:
    confirmed |= {(user.pk, ADA), (other_user.pk, ADA)}
    User.objects.filter(pk=other_user.pk).update(is_active=False)

    assert services.claim(user) == 1
