"""After a person was forgotten, a dump of the database doesn't name them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant, Mailbox
from cf_protected.services import Viewer
from tests.accounts.models import User
from tests.privacy.dumps import dump, lines_with

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "ada.l@xn--bcher-kva.example"
UNICODE = "ada.l@bücher.example"
AGENT = "Adas Browser/1.0"


def enter(staff: User, about: Any, text: str) -> None:
    """Write what the admin writes about a change."""
    LogEntry.objects.create(
        user_id=staff.pk,
        content_type=ContentType.objects.get_for_model(about),
        object_id=str(about.pk),
        object_repr=str(about)[:200],
        action_flag=ADDITION,
        change_message=text,
    )


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("support@example.com", "secret", is_staff=True)


@pytest.fixture
def shop(staff: User, asset: Asset, file: AssetFile, other_user: User) -> User:
    """Ada bought as a guest, claimed that with her account, and bought more. Staff helped."""
    ada = User.objects.create_user("ada@example.com", "secret")
    bought: dict[str, Any] = {"source": "shop", "actor": staff}
    first = services.grant(asset, email=UNICODE, reference="1", reason=f"For {UNICODE}", **bought)
    enter(staff, first, json.dumps([{"added": {"object": f"Ebook\nfor {UNICODE.upper()}"}}]))
    services.claim(ada, UNICODE)
    second = services.grant(asset, ada, reference="2", reason="asked by ADA@Example.com", **bought)
    enter(staff, second, "Granted to ada@example.com.")
    services.revoke("shop", "2", reason="ada@example.com paid back", actor=staff)
    third = services.grant(asset, ada, reference="3", **bought)
    services.transfer(
        Grant.objects.filter(pk=third.pk), other_user, reason=f"{UNICODE} gave it away", actor=staff
    )
    enter(staff, third, f"{ADDRESS} gave it away")
    enter(staff, ada, "[]")
    services.grant(asset, email=UNICODE, reference="4", **bought)  # waits
    Mailbox.objects.create(email=ADDRESS)
    viewer = Viewer("203.0.113.7", AGENT)
    services.issue_url(ada, file, viewer=viewer)
    return ada


def test_the_dump_names_the_person_before(shop: User) -> None:
    for word in ("ada@example.com", ADDRESS, UNICODE, AGENT, "203.0.113.0"):
        assert lines_with(word), word


def test_a_dump_finds_nothing_after_an_account_and_address_were_forgotten(shop: User) -> None:
    call_command("cf_forget_person", user="ada@example.com", email=UNICODE, yes=True)

    for word in ("ada@example.com", ADDRESS, UNICODE, AGENT, "203.0.113.0"):
        assert lines_with(word) == [], word


def test_a_dump_finds_no_address_after_it_was_forgotten(shop: User) -> None:
    call_command("cf_forget_person", email=ADDRESS, yes=True)

    assert lines_with(ADDRESS) == []
    assert lines_with(UNICODE) == []


def test_an_account_takes_the_addresses_it_claimed_with_it(shop: User) -> None:
    """All but what still waits for the address: nobody knows who reads it today."""
    services.forget_person(shop)
    waiting = Grant.objects.get(email=ADDRESS)

    left = [line for line in lines_with("ada.l@") if "cf_protected_mailbox" not in line]

    tables = {line.partition("VALUES")[0] for line in left if "gave it away" not in line}
    assert waiting.purchase is not None
    assert len(tables) == 3, tables  # its grant, purchase and event
    assert lines_with("ada@example.com") == []


def test_the_books_stay(shop: User) -> None:
    before = {"shop": Grant.objects.count()}

    services.forget_person(shop, email=UNICODE)

    assert Grant.objects.count() == before["shop"]
    text = dump()
    for reference in "1234":
        assert f"'{reference}'" in text
    assert "paid back" in text
    assert "gave it away" in text
