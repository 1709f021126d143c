"""What buyers ask for is deleted at that moment: neither they nor staff meet an error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from django.db import connection, models
from django.test import Client

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from tests.accounts.models import User
from tests.conftest import Configure
from tests.races.amid import delete_amid
from tests.races.processes import at_once
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS: Final = 4
CLICKS: Final = 8
ANSWERS: Final = {302, 303, 403, 404}


def new_asset(number: int) -> AssetFile:
    asset = Asset.objects.create(title=f"Book {number}", slug=f"book-{number}", state="published")
    return AssetFile.objects.create(asset=asset, key=f"book-{number}.pdf")


def clicks(browser: Client, file: AssetFile) -> list[int]:
    """Ask for the file again and again; return the statuses."""
    url = file.get_absolute_url()
    return [browser.get(url).status_code for _ in range(CLICKS)]


def delete_after_a_click(file: AssetFile, victim: models.Model) -> int:
    """Delete as soon as the first click is logged."""
    wait_until(Download.objects.filter(file_name=file.file_name).exists)
    return victim.delete()[0]


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


Victim = Callable[[User, AssetFile], models.Model]

VICTIMS: Final[dict[str, Victim]] = {
    "file": lambda user, file: file,
    "asset": lambda user, file: file.asset,
    "user": lambda user, file: user,
}


@pytest.mark.parametrize("authorizer", ["tests.doubles.allow_all", "cf_protected.access.decide"])
@pytest.mark.parametrize("victim", VICTIMS)
def test_deleting_under_traffic(victim: str, authorizer: str, configure: Configure) -> None:
    configure(AUTHORIZER=authorizer)
    for number in range(ROUNDS):
        file = new_asset(number)
        user = User.objects.create_user(f"buyer-{number}@example.com", "secret")
        if victim != "asset":  # what was granted is protected
            services.grant(file.asset, user, max_downloads=3)
        browsers = [browser_of(user) for _ in range(3)]

        *answers, deleted = at_once(
            *(partial(clicks, browser, file) for browser in browsers),
            partial(delete_after_a_click, file, VICTIMS[victim](user, file)),
        )

        assert deleted >= 1
        assert {status for statuses in answers for status in statuses} <= ANSWERS


Sale = Callable[[User, Asset], object]

SALES: Final[dict[str, Sale]] = {
    "to an account": lambda user, asset: services.grant(asset, user),
    "to an address": lambda user, asset: services.grant(
        asset, email="ada@example.org", source="shop", reference="1"
    ),
}


@pytest.mark.parametrize("sale", SALES)
def test_an_asset_that_is_sold_while_it_is_deleted_stays(
    sale: str, user: User, asset: Asset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")

    assert not delete_amid(asset, partial(SALES[sale], user, asset))

    assert Grant.objects.get().asset == Asset.objects.get() == asset


def test_a_purchase_that_is_granted_while_it_is_deleted_stays(user: User, asset: Asset) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    services.revoke("shop", "1")
    purchase = Purchase.objects.get()

    assert not delete_amid(
        purchase, partial(services.grant, asset, user, source="shop", reference="1")
    )

    assert Grant.objects.get().purchase == Purchase.objects.get() == purchase


def test_a_mailbox_is_deleted_while_its_grants_are_transferred(
    user: User, mailbox: Mailbox, waiting: Grant
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")

    assert delete_amid(
        mailbox, partial(services.transfer, Grant.objects.all(), user, reason="A gift")
    )

    assert Grant.objects.get().user == user
    assert not Mailbox.objects.filter(pk=mailbox.pk).exists()


def test_a_confirmation_adds_its_purchases_although_the_mailbox_is_being_deleted(
    user: User, mailbox: Mailbox, waiting: Grant
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    link = read_token(LinkKind.CLAIM, make_token(LinkKind.CLAIM, mailbox, user=user))
    assert link is not None

    assert delete_amid(mailbox, partial(services.claim_by_link, user, link))

    assert Grant.objects.get().user == user
