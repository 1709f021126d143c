"""Whatever people enter is text, and never markup."""

from __future__ import annotations

import pytest

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.models import Asset, Download, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.conftest import Configure

EVIL = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def evil(configure: Configure) -> Grant:
    """Everything that can be named is named maliciously."""
    configure(AUTHORIZER="tests.admin.test_escaping.refuse")
    user = User.objects.create(email=f"{EVIL}@example.com")
    asset = Asset.objects.create(title=EVIL, slug="evil", description=EVIL, sku=EVIL)
    file = asset.files.create(key=f"{EVIL}.pdf", name=EVIL, content_type=EVIL, checksum=EVIL)
    grant = services.grant(asset, user, source=EVIL, reference=EVIL)
    services.grant(asset, user, source=f"{EVIL}2", reference=EVIL)
    services.revoke_grants(Grant.objects.filter(pk=grant.pk), reason=EVIL)
    with pytest.raises(DownloadRefused):
        services.issue_url(user, file, viewer=services.Viewer(user_agent=EVIL))
    return grant


def refuse(*args: object) -> Decision:
    return Decision(False, "evil<script>", message=EVIL)


def shows(admin: Browser) -> None:
    assert admin.page.status_code == 200
    assert ESCAPED in admin.html
    assert EVIL not in admin.html
    assert "evil<script>" not in admin.html


@pytest.mark.parametrize("model", ["asset", "grant", "download"])
def test_lists(admin: Browser, evil: Grant, model: str) -> None:
    admin.open(f"cf_protected_{model}_changelist", q=EVIL)
    shows(admin)


def test_asset(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_asset_change", evil.asset_id)
    shows(admin)


def test_grant(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_grant_change", evil.pk)
    shows(admin)
    assert f"<strong>No: {ESCAPED}.</strong>" in admin.html
    assert f": {ESCAPED}." in admin.html
    assert f"from {ESCAPED}2, is" in admin.html


def test_download(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_download_change", Download.objects.get().pk)
    shows(admin)


def test_bulk_grant(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_asset_changelist")
    admin.choose("grant_to_people", evil.asset)
    shows(admin)
    admin.press("preview", people=EVIL)
    shows(admin)
    assert f"{ESCAPED} is neither a user" in admin.html


def test_bulk_revoke(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_grant_changelist")
    admin.choose("revoke", evil)
    shows(admin)


@pytest.mark.parametrize("model", ["purchase", "grantevent"])
def test_lists_of_the_desk(admin: Browser, evil: Grant, model: str) -> None:
    admin.open(f"cf_protected_{model}_changelist")
    shows(admin)


def test_the_page_of_a_person(admin: Browser, evil: Grant) -> None:
    admin.open("cf_protected_grant_person", user=evil.user_id, asset="evil")
    shows(admin)
    assert f"<strong>No: {ESCAPED}.</strong>" in admin.html
    admin.open("cf_protected_grant_person", q=EVIL)
    assert EVIL not in admin.html


def test_the_page_of_a_verb(admin: Browser, evil: Grant) -> None:
    admin.open(f"/admin/cf_protected/grant/{evil.pk}/desk/transfer/")
    shows(admin)
    admin.press("confirm", to=EVIL, reason="x")
    assert f"{ESCAPED} is neither a user" in admin.html
    assert EVIL not in admin.html


def test_the_preview_of_a_bulk_grant(admin: Browser, evil: Grant) -> None:
    User.objects.create(email="<b>ada</b>")
    admin.open("cf_protected_asset_changelist")
    admin.choose("grant_to_people", evil.asset)
    admin.press("preview", people="<b>ada</b>")
    shows(admin)
    assert "<b>ada</b>" not in admin.html
