"""Staff try a file from its page, by a permission of their own."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from tests.admin.browser import Browser
from tests.admin.conftest import Staff
from tests.conftest import Configure, Verify

SEES = ("view_asset", "view_assetfile")


def url(file: AssetFile) -> str:
    return reverse("admin:cf_protected_assetfile_try", args=[file.pk])


@pytest.fixture
def folder(asset: Asset) -> AssetFile:
    return AssetFile.objects.create(asset=asset, key="film/", kind="prefix", entry="main.m3u8")


def press(browser: Browser, file: AssetFile) -> str:
    """Confirm on the page, and return where it leads."""
    token = str(browser.open(url(file)).context["csrf_token"])
    answer = browser.client.post(url(file), {"csrfmiddlewaretoken": token})
    assert answer.status_code == 303
    browser.page = answer
    return str(answer["Location"])


def test_a_file_of_a_draft_without_a_grant(staff: Staff, file: AssetFile, verify: Verify) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)
    browser = staff(*SEES, "try_files")
    browser.open("cf_protected_assetfile_change", file.pk)
    assert f'href="{url(file)}"' in browser.html
    verify(press(browser, file))
    row = Download.objects.get()
    assert (row.reason, row.file, row.grant) == ("staff", file, None)
    assert not Use.objects.exists()
    assert not Grant.objects.exists()


def test_looking_at_the_page_opens_and_logs_nothing(admin: Browser, file: AssetFile) -> None:
    assert admin.open(url(file)).status_code == 200
    assert not Download.objects.exists()


def test_a_folder_gets_its_cookies(admin: Browser, folder: AssetFile) -> None:
    assert press(admin, folder) == "https://downloads.example.com/film/main.m3u8"
    paths = {one["path"] for one in admin.page.cookies.values() if "CloudFront" in one.key}
    assert paths == {"/film/"}
    assert Download.objects.get().reason == "staff"


@pytest.mark.parametrize(
    "permissions",
    [
        (*SEES, "change_asset", "change_assetfile", "support_grant", "manage_grant"),
        ("try_files",),
        ("view_assetfile", "try_files"),
    ],
)
def test_others_may_not(staff: Staff, file: AssetFile, permissions: tuple[str, ...]) -> None:
    browser = staff(*permissions)
    token = browser.open("index").context["csrf_token"]
    assert browser.open(url(file)).status_code in {403, 404}
    answer = browser.client.post(url(file), {"csrfmiddlewaretoken": str(token)})
    assert answer.status_code in {403, 404}
    assert not Download.objects.exists()


def test_there_is_no_link_without_the_permission(staff: Staff, file: AssetFile) -> None:
    browser = staff(*SEES, "change_assetfile", "change_asset")
    browser.open("cf_protected_assetfile_change", file.pk)
    assert url(file) not in browser.html


def test_it_needs_its_token(admin: Browser, file: AssetFile) -> None:
    assert admin.client.post(url(file)).status_code == 403
    assert not Download.objects.exists()


def test_no_such_file(admin: Browser, file: AssetFile) -> None:
    assert admin.open(url(AssetFile(pk=file.pk + 1))).status_code == 404


def test_why_it_cant_be_opened_is_told(
    admin: Browser, file: AssetFile, configure: Configure
) -> None:
    Asset.objects.update(bind_to_ip=True)
    configure(TRUSTED_PROXIES=["127.0.0.1"])
    admin.open(url(file))
    admin.client.defaults["REMOTE_ADDR"] = "2001:db8::1"
    admin.press("confirm")
    assert admin.messages == [
        "This is delivered over IPv4 only, and you came without an IPv4 address."
    ]


def test_an_outage_of_the_key_is_told(
    admin: Browser, file: AssetFile, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    source = {
        "BACKEND": "cf_protected.key_sources.file.FileKeySource",
        "OPTIONS": {"path": "/nowhere/key.pem", "key_pair_id": "K2JCJMDEHXQW5F"},
    }
    configure({"KEY_SOURCE": source})
    admin.open(url(file))
    admin.press("confirm")
    assert admin.messages == ["Nothing can be signed at the moment. See the log."]
    assert "can't be tried" in caplog.text
