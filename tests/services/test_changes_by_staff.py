"""What only staff do to grants: set other terms, and correct an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent, Mailbox
from cf_protected.services.mailboxes import mailbox_of
from tests.accounts.models import User
from tests.conftest import Listen

LATER = timezone.now() + timedelta(days=30)


def all_grants() -> Any:
    return Grant.objects.all()


def test_terms_are_shortened_and_kept_with_what_was_before(
    grant: Grant, superuser: User, received: Listen
) -> None:
    sent = received(signals.grant_changed)
    services.extend_grants(all_grants(), LATER)  # endless stays endless
    services.set_terms(
        all_grants(), {"expires_at": LATER, "max_downloads": 2}, actor=superuser, reason="agreed"
    )
    grant.refresh_from_db()
    assert (grant.expires_at, grant.max_downloads) == (LATER, 2)
    event = GrantEvent.objects.get(verb="changed")
    assert (event.actor, event.reason) == (superuser, "agreed")
    assert (event.old_terms["expires_at"], event.new_terms["max_downloads"]) == (None, 2)
    assert [one["event"] for one in sent] == [event]


def test_an_end_and_a_limit_are_taken_away(asset: Asset, user: User) -> None:
    services.grant(asset, user, expires_at=LATER, max_downloads=1)
    services.set_terms(all_grants(), {"expires_at": None, "max_downloads": None})
    changed = Grant.objects.get()
    assert (changed.expires_at, changed.max_downloads) == (None, None)


def test_the_same_terms_are_no_event(grant: Grant) -> None:
    assert services.set_terms(all_grants(), {"max_downloads": None}) == []
    assert not GrantEvent.objects.filter(verb="changed").exists()


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ({"max_downloads": 0}, "max_downloads"),
        ({"max_downloads": -1}, "max_downloads"),
        ({"max_downloads": 2**31}, "max_downloads"),
        ({"expires_at": timezone.now() - timedelta(days=9)}, "expires_at"),
        ({"expires_at": LATER.replace(tzinfo=None)}, "expires_at"),
        ({"downloads_used": 0}, "downloads_used"),
        ({"user": None}, "user"),
    ],
)
def test_terms_that_no_grant_can_have_change_nothing(
    grant: Grant, terms: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValueError, match=name):
        services.set_terms(all_grants(), terms)
    assert not GrantEvent.objects.filter(verb="changed").exists()


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root@example.com", "secret")


@pytest.mark.parametrize("address", ["root@example.com", "ROOT@Example.com"])
def test_staff_transfer_to_no_address_of_their_own(
    grant: Grant, superuser: User, address: str
) -> None:
    """They could confirm and claim it later."""
    with pytest.raises(ValueError, match=r"email is the actor's own"):
        services.transfer(all_grants(), email=address, reason="mine", actor=superuser)
    with pytest.raises(ValueError, match=r"user is the actor's own"):
        services.transfer(all_grants(), superuser, reason="mine", actor=superuser)
    grant.refresh_from_db()
    assert grant.user != superuser
    assert services.transfer(all_grants(), email="b@example.com", reason="x", actor=superuser)


def test_many_assets_are_authorised_with_one_query(
    user: User, grant: Grant, asset: Asset, django_assert_num_queries: Any
) -> None:
    later = Asset.objects.create(title="Soon", slug="soon", state="published", available_from=LATER)
    services.grant(later, user)
    others = [Asset.objects.create(title=str(n), slug=f"a{n}") for n in range(20)]
    with django_assert_num_queries(1):
        decisions = services.authorize_many(user, [asset, later, *others], ahead=False)
    assert decisions == {
        one: services.authorize(user, one, ahead=False) for one in [asset, later, *others]
    }
    assert (decisions[asset].reason, decisions[later].reason) == ("granted", "not_released")


def test_a_transfer_ends_the_links_of_the_old_mailbox_alone(asset: Asset) -> None:
    services.grant(asset, email="aad@example.com")
    old, new = mailbox_of("aad@example.com"), mailbox_of("ada@example.com")
    services.transfer(all_grants(), email="ada@example.com", reason="mistyped")
    generations = dict(Mailbox.objects.values_list("email", "generation"))
    assert generations == {old.email: old.generation + 1, new.email: new.generation}
