"""Mails to buyers whose account has the address: they sign in."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection

from cf_protected import services
from cf_protected.models import Asset
from tests.accounts.models import User
from tests.conftest import Configure
from tests.mail.conftest import ADDRESS, SITE, Commit, html_of, link_in, sell, the_mail


@pytest.fixture(autouse=True)
def _vouched(configure: Configure) -> None:
    backend = "cf_protected.verified_emails.UserEmails"
    configure(
        SITE_URL=SITE,
        SUPPORT_CONTACT="https://shop.example/help",
        VERIFIED_EMAILS={"BACKEND": backend, "OPTIONS": {"confirmed": True}},
    )


def test_the_receipt_of_an_account_tells_to_sign_in(
    user: User, asset: Asset, commit: Commit
) -> None:
    purchase = sell(asset, "li_1")
    assert user.asset_grants.count() == 1

    assert commit(lambda: services.send_receipt(purchase)) == 1

    message = the_mail()
    assert message.to == [ADDRESS]
    for text in (str(message.body), html_of(message)):
        assert "Ebook" in text
        assert f"{SITE}/downloads/" in text
        assert "/links/" not in text
        assert "https://shop.example/help" in text
    assert message.reply_to == []


def test_a_gift_to_an_account_is_told_so(user: User, asset: Asset, commit: Commit) -> None:
    commit(lambda: services.send_receipt(sell(asset, "li_1"), gift=True))

    message = the_mail()
    assert message.subject == "A gift for you: Ebook"
    for text in (str(message.body), html_of(message)):
        assert "You have been given a gift." in text
        assert f"{SITE}/downloads/" in text


def test_an_account_that_nobody_vouches_for_gets_no_receipt(
    other_user: User, asset: Asset, commit: Commit, configure: Configure
) -> None:
    configure(SITE_URL=SITE, VERIFIED_EMAILS=None)
    services.grant(asset, other_user, source="stripe", reference="li_1")
    purchase = other_user.asset_grants.get().purchase
    assert purchase is not None

    assert commit(lambda: services.send_receipt(purchase)) == 0


def test_who_asks_for_downloads_that_are_in_an_account_is_told_to_sign_in(
    user: User, asset: Asset, commit: Commit
) -> None:
    sell(asset, "li_1")

    assert commit(lambda: services.send_downloads(ADDRESS))

    message = the_mail()
    assert message.to == [ADDRESS]
    assert f"{SITE}/downloads/" in message.body
    assert "/links/" not in message.body
    assert "/links/" not in html_of(message)


def test_what_still_waits_comes_with_its_link(asset: Asset, commit: Commit) -> None:
    other = Asset.objects.create(title="Audiobook", slug="audio", state=Asset.State.PUBLISHED)
    sell(other, "li_2")
    user = User.objects.create_user(ADDRESS, "secret")
    services.grant(asset, user)

    commit(lambda: services.send_downloads(ADDRESS))

    message = the_mail()
    assert "/links/mailbox/" in link_in(message)
    assert "Audiobook" in message.body
    assert "Ebook" not in message.body
    assert "Sign in to see them" in message.body


def test_an_account_without_downloads_gets_no_mail(user: User, commit: Commit) -> None:
    assert not commit(lambda: services.send_downloads(ADDRESS))
    assert mail.outbox == []


def test_two_accounts_with_one_address_get_no_mail_about_an_account(
    user: User, asset: Asset, commit: Commit
) -> None:
    services.grant(asset, user)
    if connection.vendor == "mysql":
        pytest.skip("MariaDB's collation lets no second account have the address.")
    User.objects.create_user("second@example.com", "secret")
    User.objects.filter(email="second@example.com").update(email="ADA@example.com")

    assert not commit(lambda: services.send_downloads(ADDRESS))
