"""The preview of a bulk grant: what it shows is what is granted."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cf_protected import services
from cf_protected.admin import bulk_grant, people
from cf_protected.models import Asset, Grant, GrantEvent
from tests.accounts.models import User
from tests.admin.browser import Browser


@pytest.fixture
def vouched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Which account vouches for which address: to be filled."""
    known: dict[str, Any] = {}

    def vouching_users(addresses: Collection[str]) -> dict[str, Any]:
        return {one: known[one] for one in addresses if one in known}

    monkeypatch.setattr(people, "vouching_users", vouching_users)
    return known


def preview(admin: Browser, asset: Asset, names: str, **terms: Any) -> list[list[str]]:
    """The cells of each row of the preview."""
    admin.open("cf_protected_asset_changelist")
    admin.choose("grant_to_people", asset)
    admin.press("preview", people=names, **terms)
    return rows(admin)


def rows(admin: Browser) -> list[list[str]]:
    (body,) = re.findall(r"<tbody>(.*?)</tbody>", admin.html, re.DOTALL)
    found = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [_text(cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)] for row in found
    ]


def _text(cell: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", cell)).split())


def test_each_line_shows_whom_it_means(
    admin: Browser, asset: Asset, user: User, vouched: dict[str, Any]
) -> None:
    named = User.objects.create(email="bob", is_active=False)
    vouched["eve@example.com"] = named
    assert preview(admin, asset, "bob\n\nEve@Example.com, Guest@Example.com\nada@example.com") == [
        ["1", "bob", "The account bob The account is not active.", "1"],
        [
            "3",
            "Eve@Example.com",
            "The account bob, whose address this is The account is not active.",
            "as in line 1",
        ],
        ["3", "Guest@Example.com", "Waits for guest@example.com", "1"],
        [
            "4",
            "ada@example.com",
            "Waits for ada@example.com The account ada@example.com has this address, "
            "but nothing shows that it was confirmed.",
            "1",
        ],
    ]
    assert not Grant.objects.exists()


def test_what_was_shown_is_granted(
    admin: Browser, asset: Asset, user: User, vouched: dict[str, Any]
) -> None:
    vouched["ada@example.com"] = user
    preview(admin, asset, "ada@example.com\nguest@example.com", max_downloads=3)
    admin.press("confirm")
    held = {(grant.user, grant.email, grant.max_downloads) for grant in Grant.objects.all()}
    assert held == {(user, "", 3), (None, "guest@example.com", 3)}


@pytest.mark.parametrize("change", ["claimed", "granted", "deactivated", "stated", "new asset"])
def test_it_is_shown_again_if_anything_changed_meanwhile(
    admin: Browser, asset: Asset, user: User, vouched: dict[str, Any], change: str
) -> None:
    member = User.objects.create(email="member")
    preview(admin, asset, "member\nguest@example.com")
    if change == "claimed":
        vouched["guest@example.com"] = user
    elif change == "granted":
        services.grant(asset, email="guest@example.com")
    elif change == "deactivated":
        User.objects.filter(pk=member.pk).update(is_active=False)
    elif change == "stated":
        User.objects.create(email="guest@EXAMPLE.com")
    else:
        Asset.objects.filter(pk=asset.pk).delete()
        Asset.objects.create(pk=asset.pk + 1, title="Atlas", slug="atlas")
    before = Grant.objects.count()
    changes = {"_selected_action": asset.pk + 1} if change == "new asset" else {}
    admin.press("confirm", **changes)
    assert "Something changed since this was shown. Nothing was granted yet." in admin.html
    assert Grant.objects.count() == before
    admin.press("confirm")
    assert Grant.objects.count() == 2


@pytest.mark.parametrize(
    "forged", [{"people": "eve@example.com"}, {"max_downloads": "9"}, {"fingerprint": "é"}]
)
def test_nothing_is_granted_that_wasnt_shown(
    admin: Browser, asset: Asset, forged: dict[str, str]
) -> None:
    preview(admin, asset, "guest@example.com")
    admin.press("confirm", **forged)
    assert "Something changed since this was shown." in admin.html
    assert not Grant.objects.exists()


def test_confirming_twice_grants_once(admin: Browser, asset: Asset) -> None:
    preview(admin, asset, "guest@example.com")
    shown = admin.page
    admin.press("confirm")
    admin.page = shown
    admin.press("confirm")
    assert Grant.objects.count() == 1


def test_change_leads_back_to_what_was_entered(admin: Browser, asset: Asset) -> None:
    preview(admin, asset, "guest@example.com\r\nx@example.com", max_downloads=3)
    admin.press("change")
    assert "guest@example.com\r\nx@example.com</textarea>" in admin.html
    admin.press("preview", people="x@example.com")
    admin.press("confirm")
    (grant,) = Grant.objects.all()
    assert (grant.email, grant.max_downloads) == ("x@example.com", 3)


def test_a_domain_in_letters_of_its_own(admin: Browser, asset: Asset) -> None:
    User.objects.create(email="ada@bücher.example")
    ((_, _, means, _),) = preview(admin, asset, "ada@bücher.example")
    assert means.startswith("Waits for ada@xn--bcher-kva.example The account ada@bücher.example")


def test_a_thousand_lines_in_a_bounded_number_of_statements(admin: Browser, asset: Asset) -> None:
    User.objects.bulk_create(User(email=f"member {number}") for number in range(500))
    users = "\n".join(f"member {number}" for number in range(500))
    addresses = "\n".join(f"guest{number}@example.com" for number in range(500))
    text = f"{users}\n{addresses}"
    with CaptureQueriesContext(connection) as queries:
        named = people.find_named(text)
    assert (len(named), len(queries)) == (1000, 2)  # one for names, one for addresses
    with CaptureQueriesContext(connection) as queries:
        assert len(bulk_grant.BulkGrant([asset], named, None, None).wanted) == 1000
    assert len(queries) == 1
    preview(admin, asset, text)
    with CaptureQueriesContext(connection) as queries:
        admin.press("confirm")
    # SQLite takes 999 parameters in an INSERT, so that a thousand rows are some of them.
    assert len(queries) < 80
    assert (Grant.objects.count(), GrantEvent.objects.count()) == (1000, 1000)


def test_a_thousand_errors_each_have_their_line(admin: Browser, asset: Asset) -> None:
    admin.open("cf_protected_asset_changelist")
    admin.choose("grant_to_people", asset)
    admin.press("preview", people="\n".join(f"nobody {number}" for number in range(1, 1001)))
    errors = admin.errors["people"]
    assert len(errors) == 1000
    assert errors[999] == "Line 1000: nobody 1000 is neither a user nor an e-mail address."
