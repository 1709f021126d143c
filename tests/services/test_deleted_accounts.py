"""What is asked for an account that another process deleted after it was read."""

from __future__ import annotations

import pytest

from cf_protected import services
from cf_protected.models import Asset, Grant, GrantEvent, Mailbox, Purchase
from cf_protected.services.holders import Holder
from cf_protected.services.links import LinkKind, make_token, read_token
from tests.accounts.models import User


@pytest.fixture
def gone(user: User) -> User:
    """The account as a request still has it."""
    User.objects.get(pk=user.pk).delete()
    return user


def test_nothing_is_granted_to_it(gone: User, asset: Asset) -> None:
    for terms in ({}, {"source": "shop", "reference": "7"}):
        with pytest.raises(ValueError, match=r"^user isn't a saved account"):
            services.grant(asset, gone, **terms)

    assert not Grant.objects.exists()
    assert not Purchase.objects.exists()


def test_the_webhook_that_is_sent_again_may_name_the_address(gone: User, asset: Asset) -> None:
    with pytest.raises(ValueError, match=r"^user isn't a saved account"):
        services.grant(asset, gone, source="shop", reference="7")

    again = services.grant(asset, email=gone.email, source="shop", reference="7")

    assert Grant.objects.get() == again
    assert again.email == gone.email


def test_of_many_grants_none_is_made(gone: User, other_user: User, asset: Asset) -> None:
    with pytest.raises(ValueError, match=r"^user isn't a saved account"):
        services.grant_many([(asset, Holder(other_user)), (asset, Holder(gone))])

    assert not Grant.objects.exists()


def test_nothing_is_transferred_to_it(gone: User, waiting: Grant) -> None:
    with pytest.raises(ValueError, match=r"^user isn't a saved account"):
        services.transfer(Grant.objects.all(), gone, reason="A gift")

    assert_waits(waiting)


def test_what_it_claims_waits_on(gone: User, waiting: Grant) -> None:
    with pytest.raises(ValueError, match=r"^user isn't a saved account"):
        services.claim(gone, waiting.email)

    assert_waits(waiting)


def test_what_its_confirmation_adds_waits_on(gone: User, waiting: Grant) -> None:
    mailbox = Mailbox.objects.get(email=waiting.email)
    link = read_token(LinkKind.CLAIM, make_token(LinkKind.CLAIM, mailbox, user=gone))
    assert link is not None

    assert services.claim_by_link(gone, link) is None

    assert_waits(waiting)
    assert Mailbox.objects.get() == mailbox
    assert Mailbox.objects.get().generation == mailbox.generation


def test_a_repeated_grant_returns_the_one_that_it_had(user: User, asset: Asset) -> None:
    bought = services.grant(asset, user, source="shop", reference="7")
    User.objects.get(pk=user.pk).delete()

    assert services.grant(asset, user, source="shop", reference="7") == bought
    assert Holder.of(Grant.objects.get()) is None


def assert_waits(grant: Grant) -> None:
    now = Grant.objects.get()
    assert (now.user_id, now.email) == (None, grant.email)
    assert list(GrantEvent.objects.values_list("verb", flat=True)) == ["granted"]
