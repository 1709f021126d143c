"""An asset with ten thousand files: every page is short, and takes few queries."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff
from tests.admin.test_asset_files import change, fill, upload

MANY = 2_000


@pytest.fixture
def many(asset: Asset) -> list[AssetFile]:
    return AssetFile.objects.bulk_create(
        AssetFile(asset=asset, key=f"pictures/{number:05}.jpg", position=number)
        for number in range(MANY)
    )


def test_the_asset_is_saved(admin: Browser, asset: Asset, many: list[AssetFile]) -> None:
    fill(admin, asset, title="Pictures")

    assert admin.page.status_code == 200
    asset.refresh_from_db()
    assert asset.title == "Pictures"


def test_a_file_is_added(
    admin: Browser, asset: Asset, many: list[AssetFile], storage: Storage
) -> None:
    fill(admin, asset, files__0__upload=upload("one-more.jpg"))

    assert asset.files.count() == MANY + 1


def test_the_page_links_to_the_list(admin: Browser, asset: Asset, many: list[AssetFile]) -> None:
    with CaptureQueriesContext(connection) as queries:
        admin.open("cf_protected_asset_change", asset.pk)

    assert len(admin.html) < 100_000
    assert len(queries) < 15
    link = f"{reverse('admin:cf_protected_assetfile_changelist')}?asset={asset.pk}"
    assert f'<a href="{link}">{MANY} files</a>' in admin.html
    assert "00019.jpg" in admin.html
    assert "00020.jpg" not in admin.html


def test_the_list_is_of_one_asset_and_in_its_order(
    admin: Browser, asset: Asset, many: list[AssetFile]
) -> None:
    other = Asset.objects.create(title="Other", slug="other")
    AssetFile.objects.create(asset=other, key="other.pdf")

    with CaptureQueriesContext(connection) as queries:
        page = admin.open("cf_protected_assetfile_changelist", asset=asset.pk, p=2)

    names = [file.display_name for file in page.context["cl"].result_list]
    assert names == [f"{number:05}.jpg" for number in range(100, 200)]
    assert len(queries) < 10
    assert "Other" not in admin.html


@pytest.mark.parametrize("value", ["x", "-1", "0", "9" * 40, "\uff11"])
def test_a_list_of_an_asset_that_doesnt_exist(admin: Browser, file: AssetFile, value: str) -> None:
    page = admin.open("cf_protected_assetfile_changelist", asset=value)

    assert page.status_code == 200


def test_files_are_found_by_key_and_asset(admin: Browser, many: list[AssetFile]) -> None:
    page = admin.open("cf_protected_assetfile_changelist", q="ebook 01999")

    assert [file.key for file in page.context["cl"].result_list] == ["pictures/01999.jpg"]


def test_one_file_is_changed(admin: Browser, asset: Asset, many: list[AssetFile]) -> None:
    change(admin, many[1500], name="A plover")

    assert asset.files.get(pk=many[1500].pk).name == "A plover"


def test_files_are_deleted_from_their_list(
    admin: Browser, asset: Asset, many: list[AssetFile]
) -> None:
    admin.open("cf_protected_assetfile_changelist", asset=asset.pk)
    admin.choose("delete_selected", *many[:2])
    form = {
        "csrfmiddlewaretoken": str(admin.page.context["csrf_token"]),
        "action": "delete_selected",
        "_selected_action": [file.pk for file in many[:2]],
        "post": "yes",
    }
    admin.client.post(admin.page.request["PATH_INFO"], form)

    assert asset.files.count() == MANY - 2


def test_the_list_of_one_asset_has_no_column_for_it(
    admin: Browser, asset: Asset, file: AssetFile
) -> None:
    title = '<td class="field-asset'

    admin.open("cf_protected_assetfile_changelist")
    assert title in admin.html

    admin.open("cf_protected_assetfile_changelist", asset=asset.pk)
    assert title not in admin.html


def test_all_files_of_an_asset_are_deleted_from_their_list(
    admin: Browser, asset: Asset, many: list[AssetFile]
) -> None:
    other = Asset.objects.create(title="Other", slug="other")
    other_file = AssetFile.objects.create(asset=other, key="other.pdf")
    admin.open("cf_protected_assetfile_changelist", asset=asset.pk)
    admin.choose("delete_selected", *many[:2], select_across=True)

    assert len(admin.html) < 50_000
    assert "and 1980 more" in admin.html

    admin.press("confirm")

    assert admin.messages == [f"Successfully deleted {MANY} files."]
    assert [*AssetFile.objects.all()] == [other_file]


def test_the_page_before_deleting_an_asset_counts_its_files(
    admin: Browser, asset: Asset, many: list[AssetFile]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        admin.open("cf_protected_asset_delete", asset.pk)

    assert len(admin.html) < 50_000
    assert "and 1980 more" in admin.html
    assert len(queries) < 30


def test_the_page_before_deleting_an_asset_counts_its_grants(admin: Browser, asset: Asset) -> None:
    for number in range(3):
        services.grant(asset, email=f"{number}@example.com")

    with CaptureQueriesContext(connection) as queries:
        admin.open("cf_protected_asset_delete", asset.pk)

    assert "would require deleting the following protected related objects" in admin.html
    assert "3 grants" in admin.html
    assert "example.com</" not in admin.html.replace("root@example.com", "")
    assert len(queries) < 10


def test_a_site_without_the_list_of_files_has_no_link_to_it(
    admin: Browser, asset: Asset, file: AssetFile, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.admin.urls"
    admin.open(f"/plain/cf_protected/asset/{asset.pk}/change/")

    assert "Ebook.pdf" not in admin.html
    admin.press("_save", **{"files-0-upload": upload("new.txt")})
    assert asset.files.count() == 2


def test_staff_who_may_not_see_files_see_none(staff: Staff, asset: Asset, file: AssetFile) -> None:
    browser = staff("change_asset")
    browser.open("cf_protected_asset_change", asset.pk)

    assert "Ebook.pdf" not in browser.html
    assert "Upload" not in browser.html
    assert browser.open("cf_protected_assetfile_changelist").status_code == 403


def test_new_files_are_as_many_as_a_form_may_have(admin: Browser, asset: Asset) -> None:
    page = admin.open("cf_protected_asset_change", asset.pk)

    (files,) = page.context["inline_admin_formsets"]
    fields = len(files.formset.empty_form.fields)
    assert files.formset.max_num * fields < 500


def test_an_attached_file_is_on_its_own_page(
    admin: Browser, user: User, asset: Asset, storage: Storage
) -> None:
    storage.save("books/atlas.pdf", ContentFile(b"x"))
    fill(admin, asset, files__0__key="books/atlas.pdf")

    admin.open("cf_protected_assetfile_change", asset.files.get().pk)

    asset_page = reverse("admin:cf_protected_asset_change", args=[asset.pk])
    assert f'<a href="{asset_page}">Ebook</a>' in admin.html
