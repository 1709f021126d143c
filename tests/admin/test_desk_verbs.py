"""What staff do for a buyer: each button asks first, and goes through the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from cf_protected import services
from cf_protected.admin import GrantAdmin
from cf_protected.admin.desk import verbs
from cf_protected.admin.desk.cases import Case
from cf_protected.background import at_once
from cf_protected.models import Asset, AssetFile, Grant, GrantEvent
from cf_protected.services.mailboxes import mailbox_of
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff
from tests.conftest import Configure, use_up

Do = Callable[..., None]
SUPPORT = ["send", "end-links", "allow-more", "reset", "extend"]
MANAGERS = ["transfer", "revoke", "restore"]
END = datetime(2091, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def held(asset: Asset, user: User, file: AssetFile) -> Grant:
    """A limited grant with an end, all of which is used."""
    grant = services.grant(
        asset,
        user,
        source="acme",
        reference="1",
        max_downloads=2,
        expires_at=timezone.now() + timedelta(days=1),
    )
    return use_up(grant)


def url(verb: str, grant: Grant) -> str:
    return reverse("admin:cf_protected_grant_desk", args=[grant.pk, verb])


@pytest.fixture
def do(admin: Browser, held: Grant) -> Do:
    """Open the page of a verb and press its button."""

    def press(verb: str, **entered: Any) -> None:
        admin.open(url(verb, held))
        admin.press("confirm", **entered)
        held.refresh_from_db()

    return press


def event(verb: str) -> GrantEvent:
    return GrantEvent.objects.get(verb=verb)


def test_three_more_downloads(do: Do, admin: Browser, held: Grant, superuser: User) -> None:
    do("allow-more", reason="lost the file")
    assert held.max_downloads == 5
    assert (event("allowed_more").actor, event("allowed_more").reason) == (
        superuser,
        "lost the file",
    )
    assert admin.messages == ["More downloads are allowed."]
    assert admin.page.request["QUERY_STRING"] == f"user={held.user_id}"


@pytest.mark.parametrize("count", ["0", "-1", "", "many", "1.5", str(2**31)])
def test_impossible_numbers_of_downloads(do: Do, admin: Browser, held: Grant, count: str) -> None:
    do("allow-more", count=count)
    assert list(admin.errors) == ["count"]
    assert held.max_downloads == 2


def test_a_limit_that_no_column_holds(do: Do, admin: Browser, held: Grant) -> None:
    Grant.objects.update(max_downloads=2**31 - 1)
    do("allow-more")
    assert list(admin.errors) == ["count"]


def test_a_double_click_allows_three_more_once(admin: Browser, held: Grant) -> None:
    page = admin.open(url("allow-more", held))
    admin.press("confirm")
    admin.page = page
    admin.press("confirm")
    assert admin.errors == {"__all__": ["The maximum is 5 by now. Open this page again."]}
    assert Grant.objects.get().max_downloads == 5


def test_counting_from_zero(do: Do, held: Grant) -> None:
    do("reset")
    assert held.downloads_used == 0
    assert event("reset").old_terms["downloads_used"] == 2


def test_extending_by_a_date_alone(do: Do, held: Grant) -> None:
    do("extend", expires_at_0="2090-12-31", expires_at_1="")
    assert held.expires_at == END
    assert event("extended").new_terms["downloads_used"] == 2


@pytest.mark.parametrize("day", ["", "2001-01-01", "9999-12-31", "never"])
def test_ends_that_cant_be(do: Do, admin: Browser, held: Grant, day: str) -> None:
    before = held.expires_at
    do("extend", expires_at_0=day, expires_at_1="")
    assert list(admin.errors) == ["expires_at"]
    assert Grant.objects.get().expires_at == before


def test_nothing_is_shortened(do: Do, admin: Browser, held: Grant) -> None:
    Grant.objects.update(expires_at=END)
    do("extend", expires_at_0="2050-01-01", expires_at_1="")
    assert admin.errors["expires_at"][0].startswith("The grant ends later, on Dec. 31, 2090")


def test_revoking_and_restoring(do: Do, held: Grant) -> None:
    do("revoke", reason="Fraud")
    assert (held.is_revoked, held.revoked_reason) == (True, "Fraud")
    do("restore", reason="a mistake")
    assert (held.is_revoked, held.downloads_used) == (False, 2)
    assert event("restored").reason == "a mistake"


def test_restoring_a_purchase(do: Do, admin: Browser, held: Grant, superuser: User) -> None:
    services.revoke("acme", "1", reason="disputed")
    admin.open(url("restore", held))
    assert "The whole purchase was revoked. All of its grants are restored." in admin.html
    do("restore")
    assert not Grant.objects.get().is_revoked
    assert (event("restored").actor, event("restored").grant) == (superuser, None)


def test_restoring_a_grant_that_was_revoked_alone_and_with_its_purchase(
    do: Do, held: Grant
) -> None:
    services.revoke_grants(Grant.objects.all())
    services.revoke("acme", "1")
    do("restore")
    assert not Grant.objects.get().is_revoked


def test_a_refund_isnt_undone_and_that_is_said(admin: Browser, held: Grant) -> None:
    services.revoke("acme", "1")
    services.refund("acme", "1")
    admin.open(url("restore", held))
    assert "Restoring doesn&#x27;t undo a refund" in admin.html
    assert 'name="confirm"' not in admin.html
    token = str(admin.page.context["csrf_token"])
    admin.client.post(url("restore", held), {"csrfmiddlewaretoken": token, "reason": ""})
    assert Grant.objects.get().is_revoked


def test_transferring_to_an_address(do: Do, admin: Browser, held: Grant, superuser: User) -> None:
    do("transfer", to="Bob@Example.com", reason="mistyped")
    assert (held.user, held.email) == (None, "bob@example.com")
    assert (event("transferred").actor, event("transferred").reason) == (superuser, "mistyped")
    assert admin.page.request["QUERY_STRING"] == "email=bob%40example.com"


def test_transferring_to_a_user_name(do: Do, held: Grant) -> None:
    member = User.objects.create(email="member")
    do("transfer", to="member", reason="x")
    assert held.user == member


def test_everything_of_a_purchase_or_one_grant(do: Do, held: Grant, user: User) -> None:
    other = Asset.objects.create(title="Atlas", slug="atlas")
    second = services.grant(other, user, source="acme", reference="1")
    apart = services.grant(other, user)
    do("transfer", to="b@example.com", reason="x")
    second.refresh_from_db()
    apart.refresh_from_db()
    assert (held.email, second.email, apart.user) == ("b@example.com", "b@example.com", user)


def test_one_grant_of_a_purchase(admin: Browser, held: Grant, user: User) -> None:
    other = Asset.objects.create(title="Atlas", slug="atlas")
    second = services.grant(other, user, source="acme", reference="1")
    page = admin.open(url("transfer", held))
    token = str(page.context["csrf_token"])
    entered = {"csrfmiddlewaretoken": token, "to": "b@example.com", "reason": "x"}
    admin.client.post(url("transfer", held), entered)
    held.refresh_from_db()
    second.refresh_from_db()
    assert (held.email, second.user) == ("b@example.com", user)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "@",
        "a@b@c",
        "é@example.com",
        "inactive",
        "root@example.com",
        "ROOT@example.com",
        "x" * 300 + "@example.com",
        "\u212aim@example.com",
    ],
)
def test_holders_that_nothing_is_transferred_to(
    do: Do, admin: Browser, held: Grant, user: User, to: str
) -> None:
    User.objects.create(email="inactive", is_active=False)
    do("transfer", to=to, reason="x")
    assert list(admin.errors) == ["to"]
    assert held.user == user


@pytest.mark.parametrize("reason", ["", "  ", "x" * 256])
def test_a_transfer_needs_a_reason(do: Do, admin: Browser, held: Grant, reason: str) -> None:
    do("transfer", to="b@example.com", reason=reason)
    assert list(admin.errors) == ["reason"]
    assert held.user is not None


def test_a_transfer_to_the_holder(do: Do, admin: Browser, held: Grant) -> None:
    Grant.objects.update(user=None, email="ada@example.com")
    do("transfer", to="ada@example.com", reason="x")
    assert admin.errors == {"to": ["This is the holder already."]}


def refuse(*args: object, **kwargs: object) -> Any:
    raise ValueError("email isn't wanted here.")


def test_what_a_service_refuses_is_shown_at_its_field(
    do: Do, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs.services, "transfer", refuse)
    monkeypatch.setattr(verbs.services, "revoke_grants", refuse)
    do("transfer", to="b@example.com", reason="x")
    assert admin.errors == {"to": ["email isn't wanted here."]}
    do("revoke")
    assert admin.errors == {"__all__": ["email isn't wanted here."]}
    assert "email isn&#x27;t wanted here." in admin.html


@pytest.mark.parametrize("verb", ["allow-more", "reset", "extend", "restore"])
def test_buttons_that_would_change_nothing_arent_shown(
    admin: Browser, grant: Grant, verb: str
) -> None:
    admin.open("cf_protected_grant_person", user=grant.user_id)
    assert url(verb, grant) not in admin.html
    admin.open(url(verb, grant))
    assert 'name="confirm"' not in admin.html


def test_each_change_is_in_the_admins_log(do: Do, held: Grant, superuser: User) -> None:
    do("allow-more", reason="lost")
    entry = LogEntry.objects.get()
    assert (entry.user_id, entry.object_id) == (superuser.pk, str(held.pk))
    assert entry.change_message == "More downloads are allowed. lost"


def test_looking_changes_nothing(admin: Browser, held: Grant) -> None:
    before = Grant.objects.values().get()
    for verb in SUPPORT + MANAGERS:
        assert admin.open(url(verb, held)).status_code == 200
    assert Grant.objects.values().get() == before


def test_a_post_needs_its_token(admin: Browser, held: Grant) -> None:
    assert admin.client.post(url("reset", held), {"reason": ""}).status_code == 403
    assert Grant.objects.get().downloads_used == 2


@pytest.mark.parametrize("path", ["1/desk/delete/", "99/desk/revoke/", "x/desk/revoke/"])
def test_no_such_verb_or_grant(admin: Browser, held: Grant, path: str) -> None:
    base = reverse("admin:cf_protected_grant_changelist")
    assert admin.open(f"{base}{path}").status_code == 404


def allowed(browser: Browser, grant: Grant) -> set[str]:
    """The verbs whose pages open, and whose POST isn't refused."""
    opened = set()
    for verb in SUPPORT + MANAGERS:
        token = browser.open("/admin/").context["csrf_token"]
        page = browser.client.get(url(verb, grant)).status_code
        post = browser.client.post(url(verb, grant), {"csrfmiddlewaretoken": str(token)})
        assert (page == 200) == (post.status_code != 403)
        if page == 200:
            opened.add(verb)
    return opened


CATALOGUE = ["view_asset", "add_asset", "change_asset", "delete_asset", "change_assetfile"]


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (["support_grant"], SUPPORT),
        (["manage_grant"], MANAGERS),
        (["support_grant", "manage_grant"], SUPPORT + MANAGERS),
        (["view_grant", "add_grant", "change_grant", "delete_grant"], []),
        (CATALOGUE, []),
        (["try_files", "view_download"], []),
    ],
)
def test_each_verb_needs_its_permission_on_page_and_post(
    staff: Staff, held: Grant, permissions: list[str], expected: list[str]
) -> None:
    browser = staff(*permissions)
    assert allowed(browser, held) == {*expected}
    page = browser.open("cf_protected_grant_person", user=held.user_id)
    if not {"support_grant", "manage_grant", "view_grant"}.isdisjoint(permissions):
        assert page.status_code == 200
        buttons = {verb for verb in SUPPORT + MANAGERS if url(verb, held) in browser.html}
        assert buttons <= {*expected}
    else:
        assert page.status_code == 403


def test_those_at_the_desk_see_grants_and_their_list(staff: Staff, held: Grant) -> None:
    browser = staff("support_grant")
    assert browser.open("cf_protected_grant_changelist").status_code == 200
    assert browser.open("cf_protected_grant_change", held.pk).status_code == 200
    assert "_save" not in browser.html


class NoGrants(GrantAdmin):
    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).none()


def test_a_project_that_restricts_grants_restricts_the_desk(
    held: Grant, superuser: User, rf: Any
) -> None:
    restricted = NoGrants(Grant, AdminSite())
    request = rf.get("/", {"user": held.user_id})
    request.user = superuser
    with pytest.raises(Http404):
        restricted.verb_view(request, str(held.pk), "revoke")
    assert restricted._about(request, Case(account=held.user))["rows"] == []


@pytest.fixture
def waiting(asset: Asset, file: AssetFile, configure: Configure) -> Grant:
    """What an address has of a shop that mails links."""
    configure(SITE_URL="https://shop.example.com")
    return services.grant(asset, email="guest@example.com", source="acme", reference="2")


@pytest.mark.django_db(transaction=True)
def test_the_link_of_a_purchase_goes_to_the_stored_address(admin: Browser, waiting: Grant) -> None:
    admin.open(url("send", waiting))
    with at_once():
        admin.press("confirm", email="eve@example.com", to="eve@example.com")
    (sent,) = mail.outbox
    assert sent.to == ["guest@example.com"]
    assert admin.messages == ["The link is on its way."]
    assert LogEntry.objects.get().change_message == "The link is on its way."


@pytest.mark.django_db(transaction=True)
def test_what_was_given_without_a_purchase_is_mailed_too(
    admin: Browser, asset: Asset, waiting: Grant
) -> None:
    given = services.grant(asset, email="b@example.com")
    admin.open(url("send", given))
    assert "A link to all that waits for b@example.com is mailed there." in admin.html
    with at_once():
        admin.press("confirm")
    assert [one.to for one in mail.outbox] == [["b@example.com"]]


def test_a_mail_that_doesnt_leave_is_told(do: Do, admin: Browser) -> None:
    do("send")
    (message,) = admin.messages
    assert message.startswith("No mail was sent:")
    assert not LogEntry.objects.exists()


def test_ending_links(admin: Browser, waiting: Grant) -> None:
    before = mailbox_of("guest@example.com").generation
    admin.open(url("end-links", waiting))
    admin.press("confirm", reason="laptop stolen")
    assert mailbox_of("guest@example.com").generation == before + 1
    assert admin.messages == ["The mailed links don't work any more."]


def test_a_guest_can_download_where_links_are_mailed(admin: Browser, waiting: Grant) -> None:
    admin.open("cf_protected_grant_person", email="guest@example.com", asset="ebook")
    assert "<strong>Yes.</strong>" in admin.html
    assert "The buyer can download as a guest, with the link that is mailed to" in admin.html
    services.revoke("acme", "2")
    admin.open("cf_protected_grant_person", email="guest@example.com", asset="ebook")
    assert "<strong>No: The grant was revoked.</strong>" in admin.html
