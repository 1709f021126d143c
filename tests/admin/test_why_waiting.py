"""What staff are told of a grant that waits: how the buyer gets it, and what to do next."""

from __future__ import annotations

import html
import re

import pytest

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.conftest import Configure

GUEST = (
    "The buyer can download as a guest, with the link that is mailed to ada@example.com. "
    "If it is lost, send the link again."
)
NO_LINKS = "No links are mailed, since the setting SITE_URL is missing."
UNCONFIRMED = "An account has this e-mail address. Nothing shows that it was confirmed."
CONFIRM = "Next: ask the buyer to sign in and confirm the address, which adds the grant."
TRANSFER = (
    "Next: once the buyer proved that the address is theirs, transfer the grant to the account."
)
NEEDS_ACCOUNT = (
    "Next: ask the buyer for an account. Once they proved that the address is theirs, transfer "
    "the grant to it."
)
SIGN_IN = (
    "The account ada@example.com, whose confirmed address this is, gets the grant when it signs in."
)


@pytest.fixture
def waiting(asset: Asset, file: AssetFile) -> Grant:
    return services.grant(asset, email="ada@example.com")


@pytest.fixture
def links(configure: Configure) -> None:
    configure(SITE_URL="https://shop.example.com")


def vouch(configure: Configure, **settings: object) -> None:
    backend = "cf_protected.verified_emails.UserEmails"
    configure(VERIFIED_EMAILS={"BACKEND": backend, "OPTIONS": {"confirmed": True}}, **settings)


def on_grant(admin: Browser, grant: Grant) -> tuple[str, list[str]]:
    """The verdict and the facts on the grant's page."""
    admin.open("cf_protected_grant_change", grant.pk)
    found = re.search(r"<strong>([^<]*)</strong>(.*?)</div>", admin.html)
    assert found
    verdict, *facts = html.unescape(found[1] + found[2]).split("<br>")
    return verdict, facts


def on_person(admin: Browser, **query: object) -> tuple[str, list[str]]:
    """The verdict and the facts on the person's page, for the asset."""
    admin.open("cf_protected_grant_person", asset="ebook", **query)
    found = re.search(r"Ebook: <strong>([^<]*)</strong>(.*?)</p>", admin.html, re.DOTALL)
    assert found
    facts = (html.unescape(" ".join(one.split())) for one in found[2].split("<br>"))
    return html.unescape(found[1]), [one for one in facts if one]


def test_a_guest_downloads_with_the_mailed_link(
    admin: Browser, waiting: Grant, links: None
) -> None:
    expected = ("Yes.", ["This grant is active.", GUEST])
    assert on_grant(admin, waiting) == expected
    assert on_person(admin, email="ada@example.com") == expected


def test_no_link_opens_what_was_revoked(admin: Browser, waiting: Grant, links: None) -> None:
    services.revoke_grants(Grant.objects.all())
    verdict, facts = on_grant(admin, waiting)
    assert verdict == "No: The grant was revoked."
    assert GUEST not in facts


def test_without_links_or_an_account(admin: Browser, waiting: Grant) -> None:
    assert on_grant(admin, waiting) == (
        "No: No account has claimed this grant yet.",
        ["This grant is active.", NO_LINKS, NEEDS_ACCOUNT],
    )


def test_an_account_that_only_states_the_address(
    admin: Browser, waiting: Grant, user: User
) -> None:
    assert on_grant(admin, waiting)[1][1:] == [NO_LINKS, UNCONFIRMED, TRANSFER]


def test_an_account_that_only_states_the_address_where_links_are_mailed(
    admin: Browser, waiting: Grant, user: User, links: None
) -> None:
    assert on_grant(admin, waiting)[1][1:] == [GUEST, UNCONFIRMED, CONFIRM]


@pytest.mark.parametrize("site_url", ["https://shop.example.com", None])
def test_an_account_that_vouches_gets_it_when_it_signs_in(
    admin: Browser, waiting: Grant, user: User, configure: Configure, site_url: str | None
) -> None:
    vouch(configure, **({"SITE_URL": site_url} if site_url else {}))
    facts = on_grant(admin, waiting)[1]
    assert facts[1:] == [GUEST if site_url else NO_LINKS, SIGN_IN]


def test_an_account_is_told_what_waits_for_its_unconfirmed_address(
    admin: Browser, waiting: Grant, user: User, links: None
) -> None:
    assert on_person(admin, user=user.pk) == (
        "No: No grant.",
        [
            "A grant waits for ada@example.com.",
            "This grant is active.",
            GUEST,
            UNCONFIRMED,
            CONFIRM,
        ],
    )


def test_an_account_is_told_what_waits_for_its_confirmed_address(
    admin: Browser, waiting: Grant, user: User, configure: Configure
) -> None:
    vouch(configure, SITE_URL="https://shop.example.com")
    facts = on_person(admin, user=user.pk)[1]
    assert facts == ["A grant waits for ada@example.com.", "This grant is active.", GUEST, SIGN_IN]


def test_what_waits_of_another_asset_or_for_others_isnt_told(
    admin: Browser, asset: Asset, file: AssetFile, user: User, links: None
) -> None:
    services.grant(asset, email="b@example.com")
    services.grant(Asset.objects.create(title="Atlas", slug="atlas"), email="ada@example.com")
    assert on_person(admin, user=user.pk) == ("No: No grant.", [])


def test_no_next_step_where_nothing_waits(
    admin: Browser, asset: Asset, file: AssetFile, links: None
) -> None:
    assert on_person(admin, email="b@example.com") == ("No: No grant.", [])
