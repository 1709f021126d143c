"""Managers revoke and restore a whole purchase, after a page that names what it takes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from cf_protected import services, signals
from cf_protected.admin import GrantAdmin
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff

VERBS = ["revoke", "restore"]


@pytest.fixture
def bought(asset: Asset, user: User) -> Purchase:
    """Two assets, one of which was given away since."""
    services.grant(asset, user, source="acme", reference="1")
    atlas = Asset.objects.create(title="Atlas", slug="atlas")
    services.grant(atlas, user, source="acme", reference="1")
    services.transfer(Grant.objects.filter(asset=atlas), email="b@example.com", reason="gift")
    services.grant(asset, user, source="acme", reference="2")
    return Purchase.objects.get(reference="1")


def url(verb: str, purchase: Purchase) -> str:
    return reverse("admin:cf_protected_grant_purchase", args=[purchase.pk, verb])


def words(admin: Browser) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", admin.html)).split())


def revoked() -> list[bool]:
    """Whether each grant is revoked, those of the purchase first."""
    return [grant.is_revoked for grant in Grant.objects.order_by("pk")]


def test_the_page_names_what_it_takes(admin: Browser, bought: Purchase) -> None:
    admin.open(url("revoke", bought))
    assert "acme 1" in words(admin)
    assert "2 grants end now, whoever holds them: Ebook, Atlas." in words(admin)
    assert "URLs that were signed already work until they expire." in words(admin)
    assert revoked() == [False, False, False]


def test_revoking_and_restoring_all_of_it(
    admin: Browser, bought: Purchase, superuser: User
) -> None:
    admin.open(url("revoke", bought))
    admin.press("confirm", reason="disputed")
    assert admin.messages == ["The purchase was revoked."]
    assert admin.page.request["QUERY_STRING"] == f"purchase={bought.pk}"
    assert revoked() == [True, True, False]
    bought.refresh_from_db()
    assert bought.revoked_reason == "disputed"
    admin.open(url("restore", bought))
    assert "2 grants can be used again: Ebook, Atlas." in words(admin)
    admin.press("confirm", reason="won")
    assert admin.messages == ["The purchase was restored."]
    assert revoked() == [False, False, False]
    events = GrantEvent.objects.filter(purchase=bought, grant=None).order_by("pk")
    assert [(one.verb, one.actor, one.reason) for one in events] == [
        ("revoked", superuser, "disputed"),
        ("restored", superuser, "won"),
    ]


def test_grants_that_were_revoked_alone_are_neither_counted_nor_restored(
    admin: Browser, bought: Purchase
) -> None:
    services.revoke_grants(Grant.objects.filter(asset__slug="atlas"))
    admin.open(url("revoke", bought))
    assert "1 grant ends now, whoever holds it: Ebook." in words(admin)
    admin.press("confirm")
    admin.open(url("restore", bought))
    assert "1 grant can be used again: Ebook." in words(admin)
    assert "Grants that were revoked one by one stay revoked." in words(admin)
    admin.press("confirm")
    assert revoked() == [False, True, False]


def test_a_large_purchase_names_some_assets_and_counts_the_others(
    admin: Browser, user: User
) -> None:
    for number in range(23):
        asset = Asset.objects.create(title=f"Part {number}", slug=f"part-{number}")
        services.grant(asset, user, source="acme", reference="large")
    admin.open(url("revoke", Purchase.objects.get()))
    assert "23 grants end now" in words(admin)
    assert "Part 19, … and 3 more." in words(admin)


def test_a_purchase_that_wasnt_granted_yet(admin: Browser, asset: Asset, user: User) -> None:
    services.refund("acme", "early", refunded=1)
    purchase = Purchase.objects.get()
    admin.open(url("revoke", purchase))
    assert "It has no grants that can be used. Those that come later are revoked." in words(admin)
    admin.press("confirm")
    assert services.grant(asset, user, quantity=2, source="acme", reference="early").is_revoked


def test_each_change_is_in_the_admins_log_of_the_purchase_and_its_grants(
    admin: Browser, bought: Purchase
) -> None:
    admin.open(url("revoke", bought))
    admin.press("confirm", reason="fraud")
    entries = LogEntry.objects.order_by("pk")
    assert [one.get_edited_object() for one in entries] == [
        bought,
        *Grant.objects.filter(purchase=bought).order_by("pk"),
    ]
    assert {one.change_message for one in entries} == {"The purchase was revoked. fraud"}


def test_a_refund_isnt_undone_and_that_is_said(admin: Browser, bought: Purchase) -> None:
    services.revoke("acme", "1")
    services.refund("acme", "1")
    for verb in VERBS:
        page = admin.open(url(verb, bought))
        assert "The purchase was refunded." in words(admin)
        token = str(page.context["csrf_token"])
        admin.client.post(url(verb, bought), {"csrfmiddlewaretoken": token, "reason": ""})
    bought.refresh_from_db()
    assert bought.revoked_at is not None


def test_a_button_that_would_change_nothing_isnt_shown(admin: Browser, bought: Purchase) -> None:
    admin.open("cf_protected_grant_person", purchase=bought.pk)
    assert url("revoke", bought) in admin.html
    assert url("restore", bought) not in admin.html
    admin.open(url("restore", bought))
    assert "This would change nothing." in words(admin)
    services.revoke("acme", "1")
    admin.open("cf_protected_grant_person", purchase=bought.pk)
    assert url("revoke", bought) not in admin.html
    assert url("restore", bought) in admin.html


def test_a_second_press_changes_nothing(admin: Browser, bought: Purchase) -> None:
    page = admin.open(url("revoke", bought))
    admin.press("confirm", reason="first")
    admin.page = page
    admin.press("confirm", reason="second")
    assert GrantEvent.objects.filter(verb="revoked").count() == 1


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        (["manage_grant"], 200),
        (["support_grant"], 403),
        (["view_grant", "change_grant", "delete_grant", "add_grant"], 403),
        (["view_purchase"], 403),
    ],
)
def test_only_managers_may(
    staff: Staff, bought: Purchase, permissions: list[str], status: int
) -> None:
    browser = staff(*permissions)
    token = str(browser.open("/admin/").context["csrf_token"])
    assert browser.open(url("revoke", bought)).status_code == status
    page = browser.open("cf_protected_grant_person", user=bought.user_id)
    assert (url("revoke", bought) in page.content.decode()) == (status == 200)
    entered = {"csrfmiddlewaretoken": token, "reason": ""}
    browser.client.post(url("revoke", bought), entered)
    assert revoked()[0] == (status == 200)


def test_a_post_needs_its_token(admin: Browser, bought: Purchase) -> None:
    assert admin.client.post(url("revoke", bought), {"reason": ""}).status_code == 403
    assert revoked() == [False, False, False]


@pytest.mark.parametrize("path", ["1/delete/", "99999/revoke/", "x/revoke/", "9" * 40 + "/revoke/"])
def test_no_such_verb_or_purchase(admin: Browser, bought: Purchase, path: str) -> None:
    base = reverse("admin:cf_protected_grant_changelist")
    path = path.replace("1/delete", f"{bought.pk}/delete")
    assert admin.open(f"{base}purchase/{path}").status_code == 404


class SomeGrants(GrantAdmin):
    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).exclude(asset__slug="atlas")


def test_a_project_that_hides_a_grant_of_the_purchase_refuses_it(
    bought: Purchase, superuser: User, rf: Any
) -> None:
    request = rf.get("/")
    request.user = superuser
    with pytest.raises(PermissionDenied):
        SomeGrants(Grant, AdminSite()).purchase_view(request, str(bought.pk), "revoke")


@pytest.fixture
def refusal() -> Iterator[None]:
    """A receiver of the project that refuses the change."""

    def refuse(**kwargs: object) -> None:
        raise ValueError("reason isn't wanted here.")

    signals.grant_revoked.connect(refuse)
    yield
    signals.grant_revoked.disconnect(refuse)


def test_what_the_service_refuses_is_shown(admin: Browser, bought: Purchase, refusal: None) -> None:
    admin.open(url("revoke", bought))
    admin.press("confirm")
    assert admin.errors == {"reason": ["reason isn't wanted here."]}
    assert revoked() == [False, False, False]
