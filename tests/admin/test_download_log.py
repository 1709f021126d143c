"""The download log: to read, and not to change."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser, forms_of
from tests.admin.conftest import Staff, count_queries

VIEWER = services.Viewer(ip_address="203.0.113.9", user_agent="<script>alert(1)</script>")


@pytest.fixture
def issued(user: User, file: AssetFile, grant: Grant) -> Download:
    download = services.issue_url(user, file, viewer=VIEWER).download
    assert download is not None
    return download


@pytest.fixture
def refused(other_user: User, other_file: AssetFile) -> Download:
    with pytest.raises(DownloadRefused):
        services.issue_url(other_user, other_file)
    return Download.objects.get(user=other_user)


def listed(admin: Browser, **query: Any) -> list[Download]:
    return list(admin.open("cf_protected_download_changelist", **query).context["cl"].queryset)


def test_newest_first(admin: Browser, issued: Download, refused: Download) -> None:
    assert listed(admin) == [refused, issued]
    assert "No grant" in admin.html


@pytest.mark.parametrize("query", ["Ebook.pdf", "ada@exam", "203.0.113"])
def test_search(admin: Browser, issued: Download, refused: Download, query: str) -> None:
    assert listed(admin, q=query) == [issued]


def test_search_by_asset(admin: Browser, issued: Download, refused: Download) -> None:
    Download.objects.filter(pk=refused.pk).update(asset_title="Atlas")
    assert listed(admin, q="atlas") == [refused]


def test_filters(admin: Browser, issued: Download, refused: Download) -> None:
    assert listed(admin, outcome__exact="refused") == [refused]
    assert listed(admin, reason__exact="granted") == [issued]


def test_page_of_one(admin: Browser, issued: Download) -> None:
    admin.open("cf_protected_download_change", issued.pk)
    assert "203.0.113.0" in admin.html
    assert "&lt;script&gt;alert(1)" in admin.html
    assert "<script>alert(1)" not in admin.html


def test_page_of_one_whose_file_user_and_grant_are_gone(admin: Browser, issued: Download) -> None:
    Grant.objects.all().delete()
    AssetFile.objects.all().delete()
    User.objects.filter(email="ada@example.com").delete()
    assert listed(admin) == [issued]
    assert admin.open("cf_protected_download_change", issued.pk).status_code == 200


def test_nothing_to_save_or_delete(admin: Browser, issued: Download) -> None:
    admin.open("cf_protected_download_change", issued.pk)
    buttons = [name for form in forms_of(admin.html) for name in form.buttons]
    assert buttons == []
    assert reverse("admin:cf_protected_download_delete", args=[issued.pk]) not in admin.html


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_nothing_can_be_posted(admin: Browser, issued: Download, page: str) -> None:
    args = [] if page == "add" else [issued.pk]
    token = admin.open("cf_protected_download_changelist").context["csrf_token"]
    url = reverse(f"admin:cf_protected_download_{page}", args=args)
    data = {"csrfmiddlewaretoken": str(token), "post": "yes", "file_name": "x"}
    assert admin.client.post(url, data).status_code == 403
    assert Download.objects.get() == issued


def test_no_actions(admin: Browser, issued: Download) -> None:
    listed(admin)
    assert "delete_selected" not in admin.html


def test_view_permission_is_enough(staff: Staff, issued: Download) -> None:
    browser = staff("view_download")
    assert listed(browser) == [issued]
    assert browser.open("cf_protected_download_change", issued.pk).status_code == 200


def test_other_permissions_arent(staff: Staff, issued: Download) -> None:
    browser = staff("change_asset", "change_grant")
    assert browser.open("cf_protected_download_changelist").status_code == 403


def test_queries_dont_grow(admin: Browser, issued: Download) -> None:
    before = count_queries(admin, "cf_protected_download_changelist")
    for number in range(50):
        Download.objects.create(
            user=User.objects.create_user(f"{number}@example.com"),
            asset_title="Ebook",
            file_name="Ebook.pdf",
            outcome=Download.Outcome.ISSUED,
            reason="granted",
        )
    assert count_queries(admin, "cf_protected_download_changelist") == before


def test_a_guests_row_has_the_address(admin_client: Client, file: AssetFile) -> None:
    Download.objects.create(
        asset=file.asset, file=file, asset_title="Ebook", email="guest@example.com"
    )
    page = admin_client.get("/admin/cf_protected/download/?q=guest@example.com")

    assert page.content.decode().count(">guest@example.com</a>") == 1
