"""What a mailed link opens, and when it doesn't."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import set_script_prefix
from pytest_django import Settings

from cf_protected.models import Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token, site_url_of
from cf_protected.services.mailboxes import end_links, mailbox_of
from tests.accounts.models import User
from tests.conftest import Configure

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAILBOX, RECEIPT, CLAIM = LinkKind.MAILBOX, LinkKind.RECEIPT, LinkKind.CLAIM
each_kind = pytest.mark.parametrize("kind", LinkKind)


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return mailbox_of("ada@example.com")


@pytest.fixture
def purchase(db: None) -> Purchase:
    return Purchase.objects.create(source="stripe", reference="li_1", email="ada@example.com")


@each_kind
def test_a_link_names_its_mailbox_and_purchase(
    kind: LinkKind, mailbox: Mailbox, purchase: Purchase
) -> None:
    link = read_token(kind, make_token(kind, mailbox, purchase=purchase, now=NOW), now=NOW)

    assert link is not None
    assert (link.mailbox, link.purchase_id, link.is_expired) == (mailbox, purchase.pk, False)


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [(MAILBOX, timedelta(days=1)), (RECEIPT, timedelta(weeks=4)), (CLAIM, timedelta(hours=1))],
)
def test_a_link_expires_after_its_lifetime(
    kind: LinkKind, lifetime: timedelta, mailbox: Mailbox
) -> None:
    token = make_token(kind, mailbox, now=NOW)

    ages = (lifetime - timedelta(seconds=1), lifetime)
    links = [read_token(kind, token, now=NOW + age) for age in ages]
    assert [link and link.is_expired for link in links] == [False, True]


def test_the_project_says_how_long_receipts_work(mailbox: Mailbox, configure: Configure) -> None:
    configure(RECEIPT_LIFETIME=timedelta(days=3))
    token = make_token(RECEIPT, mailbox, now=NOW)

    link = read_token(RECEIPT, token, now=NOW + timedelta(days=3))

    assert link is not None
    assert link.is_expired


@each_kind
def test_links_end_when_the_generation_rises(kind: LinkKind, mailbox: Mailbox) -> None:
    token = make_token(kind, mailbox, now=NOW)

    end_links(mailbox.email)

    assert read_token(kind, token, now=NOW) is None
    mailbox.refresh_from_db()
    assert read_token(kind, make_token(kind, mailbox, now=NOW), now=NOW)


@each_kind
def test_a_deleted_mailbox_has_no_links(kind: LinkKind, mailbox: Mailbox) -> None:
    token = make_token(kind, mailbox, now=NOW)
    mailbox.delete()
    mailbox_of("ada@example.com")

    assert read_token(kind, token, now=NOW) is None


@pytest.mark.parametrize("kind", LinkKind)
@pytest.mark.parametrize("other", LinkKind)
def test_a_link_is_of_one_kind(kind: LinkKind, other: LinkKind, mailbox: Mailbox) -> None:
    link = read_token(other, make_token(kind, mailbox, now=NOW), now=NOW)

    assert (link is not None) == (kind is other)


@each_kind
def test_no_character_of_a_link_can_be_changed(kind: LinkKind, mailbox: Mailbox) -> None:
    token = make_token(kind, mailbox, now=NOW)

    for place, character in enumerate(token[:-1]):  # some bits of base64's last one mean nothing
        other = "B" if character == "A" else "A"
        assert read_token(kind, token[:place] + other + token[place + 1 :], now=NOW) is None
    for changed in (token[:-1], token + "A", token.lower(), f"{token}.", f".{token}", token * 2):
        assert read_token(kind, changed, now=NOW) is None


@each_kind
@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "ä.ö", "\0", "e30.", "🦆" * 9, "." * 5000])
def test_what_isnt_a_link_opens_nothing(kind: LinkKind, text: str, db: None) -> None:
    assert read_token(kind, text) is None


def test_another_secret_key_signs_no_link(mailbox: Mailbox, settings: Settings) -> None:
    token = make_token(MAILBOX, mailbox, now=NOW)

    settings.SECRET_KEY = "another one, and as long as HMAC with SHA-256 wants it"

    assert read_token(MAILBOX, token, now=NOW) is None


def test_a_link_outlives_the_rotation_of_the_secret_key(
    mailbox: Mailbox, settings: Settings
) -> None:
    token = make_token(MAILBOX, mailbox, now=NOW)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, and as long as HMAC with SHA-256 wants it"

    assert read_token(MAILBOX, token, now=NOW)


def test_a_link_holds_no_address(mailbox: Mailbox, user: User) -> None:
    token = make_token(CLAIM, mailbox, user=user, now=NOW)

    content = base64.urlsafe_b64decode(token.partition(".")[0] + "==")
    assert b"ada" not in content
    assert b"example" not in content
    # Mail programs end a link at anything else.
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)


def test_a_confirmation_is_for_one_account(mailbox: Mailbox, user: User, other_user: User) -> None:
    link = read_token(CLAIM, make_token(CLAIM, mailbox, user=user, now=NOW), now=NOW)

    assert link is not None
    assert link.is_for(user)
    assert not link.is_for(other_user)


def test_a_link_to_downloads_confirms_nothing(mailbox: Mailbox, user: User) -> None:
    link = read_token(MAILBOX, make_token(MAILBOX, mailbox, user=user, now=NOW), now=NOW)

    assert link is not None
    assert not link.is_for(user)


@pytest.mark.parametrize(
    ("site", "prefix", "url"),
    [
        ("https://shop.example", "/", "https://shop.example/downloads/"),
        ("https://shop.example/", "/", "https://shop.example/downloads/"),
        ("https://shop.example:8443/de", "/", "https://shop.example:8443/de/downloads/"),
        ("https://shop.example/de", "/de/", "https://shop.example/de/downloads/"),
    ],
)
def test_urls_begin_with_the_site(site: str, prefix: str, url: str, configure: Configure) -> None:
    configure(SITE_URL=site)
    set_script_prefix(prefix)
    try:
        assert site_url_of("library") == url
    finally:
        set_script_prefix("/")
