"""Who gets which page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff

MODELS = ("asset", "assetfile", "grant", "download", "purchase", "grantevent")


@pytest.fixture
def download(user: User, file: AssetFile, grant: Grant) -> Download:
    return Download.objects.create(
        user=user,
        file=file,
        grant=grant,
        asset_title="Ebook",
        file_name="Ebook.pdf",
        outcome=Download.Outcome.ISSUED,
        reason="granted",
    )


@pytest.fixture
def pages(asset: Asset, user: User, file: AssetFile, grant: Grant, download: Download) -> list[str]:
    """Every page that staff open with a link."""
    bought = services.grant(asset, user, source="acme", reference="line-1")
    rows = (asset, file, grant, download, bought.purchase, bought.events.get())
    changes = [
        reverse(f"admin:cf_protected_{one._meta.model_name}_change", args=[one.pk])
        for one in rows
        if one is not None
    ]
    person = reverse("admin:cf_protected_grant_person")
    changes += [person, f"{person}?user={user.pk}", f"{person}?purchase={bought.purchase_id}"]
    lists = [reverse(f"admin:cf_protected_{model}_changelist") for model in MODELS]
    history = reverse("admin:cf_protected_grant_history", args=[grant.pk])
    return [*lists, *changes, history, *add_pages()]


def add_pages() -> list[str]:
    return [reverse(f"admin:cf_protected_{model}_add") for model in ("asset", "grant")]


def statuses(browser: Browser, pages: list[str]) -> dict[str, int]:
    return {page: browser.open(page).status_code for page in pages}


def test_superuser(admin: Browser, pages: list[str]) -> None:
    assert statuses(admin, pages) == dict.fromkeys(pages, 200)


def test_staff_without_permissions(staff: Staff, pages: list[str]) -> None:
    assert statuses(staff(), pages) == dict.fromkeys(pages, 403)


def test_buyer_has_to_sign_in_as_staff(user: User, pages: list[str]) -> None:
    assert statuses(Browser(user), pages) == dict.fromkeys(pages, 302)


def test_view_only_staff(staff: Staff, pages: list[str]) -> None:
    browser = staff(*(f"view_{model}" for model in MODELS))
    expected = dict.fromkeys(pages, 200) | dict.fromkeys(add_pages(), 403)
    assert statuses(browser, pages) == expected


def test_view_only_staff_see_the_files(staff: Staff, asset: Asset, file: AssetFile) -> None:
    browser = staff("view_asset", "view_assetfile")
    browser.open("cf_protected_asset_change", asset.pk)
    link = reverse("admin:cf_protected_assetfile_change", args=[file.pk])
    assert f'<a href="{link}">Ebook.pdf</a>' in browser.html
    assert "_save" not in browser.html
    assert "Upload" not in browser.html
    browser.open(link)
    assert "books/ebook.pdf" in browser.html
    assert "_save" not in browser.html
    assert "Upload" not in browser.html


def test_staff_who_may_only_add_files(staff: Staff, asset: Asset, file: AssetFile) -> None:
    browser = staff("change_asset", "view_assetfile", "add_assetfile")
    browser.open("cf_protected_asset_change", asset.pk)
    browser.press("_save", **{"files-0-upload": SimpleUploadedFile("new.txt", b"new")})
    assert [one.display_name for one in asset.files.all()] == ["Ebook.pdf", "new.txt"]


def test_staff_who_may_not_touch_files(staff: Staff, asset: Asset, file: AssetFile) -> None:
    browser = staff("change_asset", "view_assetfile")
    browser.open("cf_protected_asset_change", asset.pk)
    browser.press("_save", title="New", **{"files-0-key": "x", "files-0-DELETE": "on"})
    asset.refresh_from_db()
    assert (asset.title, asset.files.get().key) == ("New", file.key)


def test_view_only_staff_see_the_answer(staff: Staff, grant: Grant) -> None:
    browser = staff("view_grant")
    browser.open("cf_protected_grant_change", grant.pk)
    assert "This grant is active." in browser.html
    assert "_save" not in browser.html


def test_view_only_staff_change_nothing(staff: Staff, grant: Grant) -> None:
    browser = staff("view_grant")
    url = reverse("admin:cf_protected_grant_change", args=[grant.pk])
    token = browser.open("cf_protected_grant_changelist").context["csrf_token"]
    answer = browser.client.post(url, {"csrfmiddlewaretoken": str(token), "email": "a@b.org"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("model", "field"), [(Asset, "created_at"), (Grant, "created_at"), (Download, "requested_at")]
)
def test_date_hierarchy(admin: Browser, download: Download, model: Any, field: str) -> None:
    day = timezone.localtime(getattr(model.objects.get(), field))
    query = {f"{field}__year": day.year, f"{field}__month": day.month, f"{field}__day": day.day}
    page = admin.open(f"cf_protected_{model._meta.model_name}_changelist", **query)
    assert page.context["cl"].result_count == 1
    page = admin.open(
        f"cf_protected_{model._meta.model_name}_changelist", **{f"{field}__year": 1999}
    )
    assert page.context["cl"].result_count == 0


def test_index_names_the_app(admin: Browser) -> None:
    admin.open("index")
    assert "Protected downloads" in admin.html
