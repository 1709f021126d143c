"""Grants that are given to another account or address."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, GrantEvent
from tests.accounts.models import User


@pytest.fixture
def bought(user: User, asset: Asset) -> Grant:
    return services.grant(asset, user, source="shop", reference="7", max_downloads=2)


def test_the_history_has_both_holders(bought: Grant, user: User, other_user: User) -> None:
    (grant,) = services.transfer(Grant.objects.all(), other_user, reason="A gift")

    assert grant == bought
    assert Grant.objects.get().user == other_user
    event = GrantEvent.objects.get(verb="transferred")
    assert (event.old_user, event.new_user, event.reason) == (user, other_user, "A gift")


def test_an_address_is_corrected(asset: Asset) -> None:
    services.grant(asset, email="ada@exmaple.com")

    services.transfer(Grant.objects.all(), email=" Ada@EXAMPLE.com ", reason="Mistyped")

    assert Grant.objects.get().email == "ada@example.com"
    event = GrantEvent.objects.get(verb="transferred")
    assert (event.old_email, event.new_email) == ("ada@exmaple.com", "ada@example.com")


def test_it_may_be_repeated(bought: Grant, other_user: User) -> None:
    services.transfer(Grant.objects.all(), other_user, reason="A gift")

    assert services.transfer(Grant.objects.all(), other_user, reason="A gift") == []


def test_a_repeated_webhook_finds_the_grant_of_its_new_holder(
    bought: Grant, user: User, other_user: User, asset: Asset
) -> None:
    services.transfer(Grant.objects.all(), other_user, reason="A gift")

    again = services.grant(asset, user, source="shop", reference="7", max_downloads=2)

    assert (again, again.user, again.other_terms) == (bought, other_user, {})


def test_a_refund_reaches_the_new_holder(bought: Grant, other_user: User) -> None:
    services.transfer(Grant.objects.all(), other_user, reason="A gift")

    assert services.refund("shop", "7") == [bought]


def test_the_repeats_of_the_old_holder_end_and_the_new_ones_downloads_are_counted(
    bought: Grant, user: User, other_user: User, file: AssetFile
) -> None:
    services.issue_url(user, file)

    services.transfer(Grant.objects.all(), other_user, reason="A gift")

    assert not services.authorize_download(user, file).allowed
    assert services.issue_url(other_user, file).download is not None
    assert Download.objects.issued().count() == Grant.objects.get().downloads_used == 2


def test_a_seat_of_nobody_gets_a_holder(bought: Grant, user: User, other_user: User) -> None:
    user.delete()

    services.transfer(Grant.objects.all(), other_user, reason="Their new account")

    assert services.authorize(other_user, bought.asset).allowed


def unsaved(user: User) -> dict[str, Any]:
    return {"user": User(email="new@example.com")}


def inactive(user: User) -> dict[str, Any]:
    return {"user": User.objects.create(email="old@example.com", is_active=False)}


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("user", inactive),
        ("user", unsaved),
        ("user", lambda user: {"user": AnonymousUser()}),
        ("user", lambda user: {"user": "bob@example.com"}),
        ("user", lambda user: {"user": user, "actor": user}),
        ("user", lambda user: {}),
        ("email", lambda user: {"user": user, "email": "bob@example.com"}),
        ("email", lambda user: {"email": "bob"}),
        ("email", lambda user: {"email": "b" * 300 + "@example.com"}),
        ("reason", lambda user: {"user": user, "reason": ""}),
        ("reason", lambda user: {"user": user, "reason": " \n"}),
        ("reason", lambda user: {"user": user, "reason": "r" * 256}),
    ],
)
def test_what_is_no_transfer_is_refused_by_name(
    bought: Grant, user: User, other_user: User, argument: str, values: Any
) -> None:
    with pytest.raises(ValueError, match=argument):
        services.transfer(Grant.objects.all(), **{"reason": "A gift"} | values(other_user))

    assert Grant.objects.get().user == user
    assert not GrantEvent.objects.filter(verb="transferred").exists()
