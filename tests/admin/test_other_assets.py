"""Staff can't reach an asset's objects through another asset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import include, path, reverse
from pytest_django import Settings

from cf_protected.admin import AssetAdmin
from cf_protected.models import Asset, AssetFile
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import objects_in
from tests.admin.test_asset_files import change, fill, upload

REFUSED = "This object belongs to another asset, which you may not change."


class OwnAssetAdmin(AssetAdmin):
    """A project's admin: staff change the assets that their SKU names, and see no others."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.sku == request.user.email)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self.has_change_permission(
            request, obj
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        return super().get_queryset(request).filter(sku=request.user.email)


def use(settings: Settings, asset_admin: type[AssetAdmin]) -> None:
    """Register the admin of assets. A site's URLs are those of the admins that it has then."""
    django_admin.site.unregister(Asset)
    django_admin.site.register(Asset, asset_admin)
    settings.ROOT_URLCONF = (
        path("admin/", django_admin.site.urls),
        path("downloads/", include("cf_protected.urls")),
    )


@pytest.fixture
def restricted(settings: Settings) -> Iterator[None]:
    """The site, whose staff have assets of their own."""
    use(settings, OwnAssetAdmin)
    yield
    use(settings, AssetAdmin)


@pytest.fixture
def clerk(asset: Asset, restricted: None) -> Browser:
    """Staff with every permission, and with one asset of their own."""
    user = User.objects.create_user("clerk@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="cf_protected"))
    asset.sku = user.email
    asset.save()
    return Browser(user)


@pytest.fixture
def secret(db: None, storage: Storage) -> AssetFile:
    """A file of an asset that isn't the clerk's."""
    other = Asset.objects.create(title="Secret plans", slug="secret", state="published")
    storage.save("plans/secret.pdf", ContentFile(b"secret"))
    return AssetFile.objects.create(asset=other, key="plans/secret.pdf")


def test_an_object_of_another_asset_cant_be_attached(
    clerk: Browser, asset: Asset, secret: AssetFile
) -> None:
    fill(clerk, asset, files__0__key=secret.key)

    assert clerk.file_errors == [{"key": [REFUSED]}]
    assert "Secret plans" not in clerk.html
    assert not asset.files.exists()


def test_a_file_cant_be_turned_into_an_object_of_another_asset(
    clerk: Browser, asset: Asset, secret: AssetFile, file: AssetFile
) -> None:
    change(clerk, file, key=secret.key)

    assert clerk.errors == {"key": [REFUSED]}
    assert asset.files.get().key == file.key


@pytest.mark.parametrize("key", ["plans/", "plans/secret/"])
def test_a_folder_of_another_asset_cant_be_attached(
    clerk: Browser, asset: Asset, secret: AssetFile, storage: Storage, key: str
) -> None:
    storage.save("plans/secret/1.ts", ContentFile(b"x"))
    AssetFile.objects.create(asset=secret.asset, kind="prefix", key="plans/secret/")
    fill(clerk, asset, files__0__kind="prefix", files__0__key=key)

    (errors,) = clerk.file_errors
    assert list(errors) == ["key"]
    assert "overlaps a file of another asset" in errors["key"][0]
    assert "Secret plans" not in clerk.html


def test_an_object_in_a_folder_of_another_asset_cant_be_attached(
    clerk: Browser, asset: Asset, secret: AssetFile, storage: Storage
) -> None:
    AssetFile.objects.create(asset=secret.asset, kind="prefix", key="plans/secret/")
    storage.save("plans/secret/1.ts", ContentFile(b"x"))
    fill(clerk, asset, files__0__key="plans/secret/1.ts")

    assert [list(errors) for errors in clerk.file_errors] == [["key"]]


def test_whoever_may_change_both_assets_may_share_an_object(
    admin: Browser, asset: Asset, secret: AssetFile
) -> None:
    fill(admin, asset, files__0__key=secret.key)

    assert asset.files.get().key == secret.key


def test_a_shared_object_is_no_obstacle_to_other_changes(
    clerk: Browser, asset: Asset, secret: AssetFile
) -> None:
    shared = AssetFile.objects.create(asset=asset, key=secret.key)

    change(clerk, shared, name="Shared")

    shared.refresh_from_db()
    assert shared.name == "Shared"


def test_a_key_in_other_capitals_is_another_object(
    clerk: Browser, asset: Asset, secret: AssetFile, storage: Storage
) -> None:
    storage.save("plans/SECRET.pdf", ContentFile(b"x"))
    fill(clerk, asset, files__0__key="plans/SECRET.pdf")

    assert asset.files.exists()


def test_an_asset_doesnt_move_onto_the_objects_of_another(
    clerk: Browser, asset: Asset, secret: AssetFile, settings: Settings
) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"video": memory}
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    video = {**default, "STORAGE": "video", "DOMAIN": "video.example.com"}
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": default, "video": video}}
    asset.distribution = "video"
    asset.save()
    AssetFile.objects.create(asset=asset, key=secret.key)

    clerk.open("cf_protected_asset_change", asset.pk)
    clerk.press("_save", distribution="default")

    assert clerk.errors == {"distribution": [REFUSED]}
    asset.refresh_from_db()
    assert asset.distribution == "video"


def test_files_of_other_assets_arent_seen(
    clerk: Browser, secret: AssetFile, file: AssetFile
) -> None:
    page = clerk.open("cf_protected_assetfile_changelist")
    assert [one.pk for one in page.context["cl"].result_list] == [file.pk]

    clerk.open("cf_protected_assetfile_changelist", asset=secret.asset_id)
    assert "Secret plans" not in clerk.html

    clerk.open("cf_protected_assetfile_change", secret.pk)
    assert "plans/secret.pdf" not in clerk.html


class ReadOnlyAssetAdmin(OwnAssetAdmin):
    """Staff see all assets, and change their own."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        return AssetAdmin.get_queryset(self, request)


@pytest.mark.parametrize("action", ["change", "delete"])
def test_files_of_other_assets_arent_changed(
    clerk: Browser, secret: AssetFile, settings: Settings, action: str
) -> None:
    use(settings, ReadOnlyAssetAdmin)
    url = reverse(f"admin:cf_protected_assetfile_{action}", args=[secret.pk])
    page = clerk.open("cf_protected_assetfile_changelist")

    form = {"csrfmiddlewaretoken": str(page.context["csrf_token"]), "name": "Mine", "post": "yes"}
    response = clerk.client.post(url, form)

    assert response.status_code == 403
    secret.refresh_from_db()
    assert secret.name == ""


@pytest.mark.parametrize("slug", ["public", "plans"])
def test_an_upload_lies_below_the_files_uuid(admin: Browser, storage: Storage, slug: str) -> None:
    """A distribution may serve paths such as public/* without a signature."""
    admin.open("cf_protected_asset_add")
    admin.press("_save", title="Atlas", slug=slug, **{"files-0-upload": upload()})

    file = AssetFile.objects.get()
    assert file.key.startswith(f"{file.uuid}/")
    assert objects_in(storage) == [file.key]


def test_a_replaced_upload_stays_below_the_files_uuid(admin: Browser, file: AssetFile) -> None:
    change(admin, file, upload=upload("v2.pdf"))

    file.refresh_from_db()
    assert file.key.startswith(f"{file.uuid}/")


def test_a_name_that_doesnt_fit_into_the_url_is_not_stored(
    admin: Browser, asset: Asset, storage: Storage
) -> None:
    fill(admin, asset, files__0__upload=upload("図" * 250 + ".pdf"))

    assert [list(errors) for errors in admin.file_errors] == [["upload"]]
    assert objects_in(storage) == []
