"""Revoke many grants."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from cf_protected import services, signals
from cf_protected.models import Asset, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff


@pytest.fixture
def grants(asset: Asset, user: User) -> list[Grant]:
    return [services.grant(asset, user), services.grant(asset, email="guest@example.com")]


def ask(admin: Browser, *grants: Grant, **query: Any) -> None:
    admin.open("cf_protected_grant_changelist", **query)
    admin.choose("revoke", *grants)


def test_page_in_between(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, *grants)
    assert "<li>Ebook for ada@example.com</li>" in admin.html
    assert "<li>Ebook for guest@example.com</li>" in admin.html
    assert "URLs that were signed already work until they expire." in admin.html
    assert not Grant.objects.revoked().exists()


def test_with_a_reason(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, *grants)
    admin.press("confirm", reason="Refunded")
    assert {grant.revoked_reason for grant in Grant.objects.revoked()} == {"Refunded"}
    assert admin.messages == ["2 grants were revoked."]


def test_without_a_reason(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, grants[0])
    admin.press("confirm")
    assert Grant.objects.revoked().get().revoked_reason == ""
    assert admin.messages == ["1 grant was revoked."]


def test_reason_that_is_too_long(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, *grants)
    admin.press("confirm", reason="x" * 256)
    assert list(admin.errors) == ["reason"]
    assert not Grant.objects.revoked().exists()


def test_what_was_revoked_before_stays_as_it_was(admin: Browser, grants: list[Grant]) -> None:
    (before,) = services.revoke_grants(Grant.objects.filter(pk=grants[0].pk), reason="Fraud")
    ask(admin, *grants)
    admin.press("confirm", reason="Refunded")
    after = Grant.objects.get(pk=before.pk)
    assert (after.revoked_reason, after.revoked_at) == ("Fraud", before.revoked_at)
    assert admin.messages == ["1 grant was revoked."]


def test_signals(admin: Browser, grants: list[Grant]) -> None:
    revoked = []

    def receive(grant: Grant, **kwargs: Any) -> None:
        revoked.append(grant)

    signals.grant_revoked.connect(receive)
    ask(admin, *grants)
    admin.press("confirm", reason="Refunded")
    signals.grant_revoked.disconnect(receive)
    assert sorted(one.pk for one in revoked) == sorted(one.pk for one in grants)


def test_history_says_who_and_why(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, grants[0])
    admin.press("confirm", reason="Refunded <b>")
    admin.open("cf_protected_grant_history", grants[0].pk)
    assert "Revoked. Refunded &lt;b&gt;" in admin.html
    assert "root@example.com" in admin.html


def test_select_all_is_all_that_the_search_shows(admin: Browser, asset: Asset, user: User) -> None:
    kept = services.grant(asset, user)
    club = Asset.objects.create(title="Club", slug="club")
    for number in range(120):
        services.grant(club, email=f"{number}@club.example")
    page = admin.open("cf_protected_grant_changelist", q="lub")
    admin.choose("revoke", *page.context["cl"].result_list, select_across=True)
    assert "<li>and 20 more</li>" in admin.html
    admin.press("confirm")
    assert admin.messages == ["120 grants were revoked."]
    assert list(Grant.objects.active()) == [kept]


def test_state_filter_and_select_all(admin: Browser, grants: list[Grant]) -> None:
    page = admin.open("cf_protected_grant_changelist", state="active")
    admin.choose("revoke", *page.context["cl"].result_list, select_across=True)
    admin.press("confirm")
    assert Grant.objects.revoked().count() == 2


def test_cancel(admin: Browser, grants: list[Grant]) -> None:
    ask(admin, grants[0], q="ada")
    url = reverse("admin:cf_protected_grant_changelist")
    assert f'<a href="{url}?q=ada" class="closelink">Cancel</a>' in admin.html


def test_who_may_only_view_doesnt_get_the_action(staff: Staff, grants: list[Grant]) -> None:
    browser = staff("view_grant", "add_grant", "change_grant", "support_grant")
    browser.open("cf_protected_grant_changelist")
    assert "Revoke selected grants" not in browser.html


def test_managers_get_it(staff: Staff, grants: list[Grant]) -> None:
    browser = staff("manage_grant")
    ask(browser, *grants)
    browser.press("confirm")
    assert Grant.objects.revoked().count() == 2
