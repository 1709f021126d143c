"""Assets: their list and their form."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.conftest import Configure


def test_add(admin: Browser, db: None) -> None:
    admin.open("cf_protected_asset_add")
    admin.press("_save", title="Atlas", slug="atlas", sku="A-1", state="published")
    asset = Asset.objects.get()
    assert (asset.title, asset.slug, asset.sku, asset.distribution) == (
        "Atlas",
        "atlas",
        "A-1",
        "default",
    )
    assert not asset.files.exists()


def test_two_assets_without_sku(admin: Browser, db: None) -> None:
    for slug in ("atlas", "globe"):
        admin.open("cf_protected_asset_add")
        admin.press("_save", title=slug, slug=slug)
    assert list(Asset.objects.values_list("sku", flat=True)) == [None, None]


def test_slug_that_is_taken(admin: Browser, asset: Asset) -> None:
    admin.open("cf_protected_asset_add")
    admin.press("_save", title="Another", slug="ebook")
    assert admin.errors == {"slug": ["Asset with this Slug already exists."]}


def test_distributions_are_those_of_the_settings(
    admin: Browser, asset: Asset, configure: Configure, settings: object
) -> None:
    conf = settings.CF_PROTECTED["DISTRIBUTIONS"]  # type: ignore[attr-defined]
    configure(DISTRIBUTIONS={"video": conf["default"], "default": conf["default"]})
    form = admin.open("cf_protected_asset_change", asset.pk).context["adminform"].form
    assert form.fields["distribution"].choices == [("video", "video"), ("default", "default")]
    assert form["distribution"].value() == "default"


def test_unknown_distribution(admin: Browser, asset: Asset) -> None:
    admin.open("cf_protected_asset_change", asset.pk)
    admin.press("_save", distribution="moon")
    assert list(admin.errors) == ["distribution"]


@pytest.mark.parametrize("query", ["Ebo", "ebook", "SKU-7"])
def test_search(admin: Browser, asset: Asset, query: str) -> None:
    Asset.objects.filter(pk=asset.pk).update(sku="SKU-7")
    Asset.objects.create(title="Atlas", slug="atlas")
    page = admin.open("cf_protected_asset_changelist", q=query)
    assert list(page.context["cl"].queryset) == [asset]


def test_list_counts_the_files(admin: Browser, file: AssetFile, other_file: AssetFile) -> None:
    page = admin.open("cf_protected_asset_changelist")
    assert '<td class="field-file_count">2</td>' in admin.html
    assert page.context["cl"].queryset.get().pk == file.asset_id


def test_list_sorted_by_number_of_files(admin: Browser, file: AssetFile) -> None:
    empty = Asset.objects.create(title="Atlas", slug="atlas")
    page = admin.open("cf_protected_asset_changelist", o="-4")
    assert list(page.context["cl"].result_list) == [file.asset, empty]


def test_grants_are_linked(admin: Browser, asset: Asset, grant: Grant, user: User) -> None:
    services.grant(Asset.objects.create(title="Atlas", slug="atlas"), user)
    admin.open("cf_protected_asset_change", asset.pk)
    url = reverse("admin:cf_protected_grant_changelist")
    link = f"{url}?asset__id__exact={asset.pk}"
    assert f'<a href="{link}">1</a>' in admin.html
    assert list(admin.open(link).context["cl"].queryset) == [grant]


def test_asset_with_grants_cant_be_deleted(admin: Browser, asset: Asset, grant: Grant) -> None:
    admin.open("cf_protected_asset_delete", asset.pk)
    assert "would require deleting the following protected related objects" in admin.html


def test_asset_is_deleted_from_the_list(admin: Browser, asset: Asset) -> None:
    admin.open("cf_protected_asset_changelist")
    admin.choose("delete_selected", asset)
    token = admin.page.context["csrf_token"]
    admin.client.post(
        admin.page.request["PATH_INFO"],
        {
            "csrfmiddlewaretoken": str(token),
            "action": "delete_selected",
            "_selected_action": asset.pk,
            "post": "yes",
        },
    )
    assert not Asset.objects.exists()
