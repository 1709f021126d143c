"""Files that can't be had: the error stands at its field, and nothing is saved or left behind."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage, storages
from pytest_django import Settings

from cf_protected.models import Asset, AssetFile
from tests.admin.browser import Browser
from tests.admin.conftest import objects_in
from tests.admin.test_asset_files import change, fill, upload


def use(settings: Settings, storage_class: type) -> Storage:
    backend = {"BACKEND": f"{storage_class.__module__}.{storage_class.__qualname__}"}
    settings.STORAGES = settings.STORAGES | {"protected": backend}
    return storages["protected"]


class FullStorage(InMemoryStorage):
    """Takes one upload, and neither a second nor a deletion while it is full."""

    def save(self, name: str | None, content: object, max_length: int | None = None) -> str:
        if objects_in(self):
            raise OSError("No space left on device")
        return super().save(name, content, max_length)  # type: ignore[arg-type]


class ReadOnlyAfterwards(FullStorage):
    def delete(self, name: str) -> None:
        raise OSError("Read-only file system")


class WriteOnly(InMemoryStorage):
    def _open(self, name: str, mode: str = "rb") -> object:
        raise PermissionError("You can't read this.")


def test_missing_object(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__key="books/none.pdf")
    assert admin.file_errors == [{"key": ["The storage has no object with this key."]}]
    assert not asset.files.exists()


def test_folder(admin: Browser, asset: Asset, storage: Storage) -> None:
    storage.save("books/atlas.pdf", ContentFile(b"x"))
    fill(admin, asset, files__0__key="books")
    assert admin.file_errors == [{"key": ["The storage has no object with this key."]}]


def test_folder_as_a_file(admin: Browser, asset: Asset, storage: Storage) -> None:
    storage.save("books/atlas.pdf", ContentFile(b"x"))
    fill(admin, asset, files__0__key="books/")
    assert admin.file_errors == [{"key": ["Only the key of a folder ends in a slash."]}]


@pytest.mark.parametrize("key", ["/books/atlas.pdf", "books//atlas.pdf", "a\\b.pdf"])
def test_key_that_a_storage_reads_as_another(
    admin: Browser, asset: Asset, storage: Storage, key: str
) -> None:
    """Storages tidy names up before they look; CloudFront doesn't."""
    storage.save("books/atlas.pdf", ContentFile(b"x"))
    fill(admin, asset, files__0__key=key)
    (errors,) = admin.file_errors
    assert errors["key"] == [
        "Give the key without a slash at its start, double slashes or backslashes."
    ]


@pytest.mark.parametrize("key", ["../secret.pdf", "a/./b.pdf", "a\x07b.pdf", "a\x7fb.pdf"])
def test_key_that_no_url_can_carry(admin: Browser, asset: Asset, key: str) -> None:
    fill(admin, asset, files__0__key=key)
    (errors,) = admin.file_errors
    assert list(errors) == ["key"]
    assert "rename the object" in errors["key"][0]


def test_key_that_is_too_long(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__key="k" * 1025)
    assert [list(errors) for errors in admin.file_errors] == [["key"]]


def test_neither_upload_nor_key(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__name="Atlas")
    assert admin.file_errors == [{"upload": ["Upload a file, or give the key of an object."]}]


def test_both_upload_and_key(admin: Browser, asset: Asset, storage: Storage) -> None:
    fill(admin, asset, files__0__upload=upload(), files__0__key="books/atlas.pdf")
    assert admin.file_errors == [{"upload": ["Upload a file or give a key, not both."]}]
    assert objects_in(storage) == []


def test_emptied_key(admin: Browser, asset: Asset, file: AssetFile) -> None:
    change(admin, file, key="")
    assert list(admin.errors) == ["upload"]
    assert asset.files.get().key == file.key


def test_empty_upload(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__upload=upload(content=b""))
    assert admin.file_errors == [{"upload": ["The submitted file is empty."]}]


def test_download_name_with_a_slash(admin: Browser, asset: Asset, storage: Storage) -> None:
    fill(admin, asset, files__0__upload=upload(), files__0__download_name="../x.pdf")
    assert [list(errors) for errors in admin.file_errors] == [["download_name"]]
    assert objects_in(storage) == []


@pytest.mark.parametrize(
    "invalid", [{"title": ""}, {"slug": "not a slug"}, {"distribution": "moon"}, {"state": "sold"}]
)
def test_nothing_is_uploaded_for_an_invalid_asset(
    admin: Browser, asset: Asset, storage: Storage, invalid: dict[str, str]
) -> None:
    fill(admin, asset, files__0__upload=upload(), **invalid)
    assert list(admin.errors) == list(invalid)
    assert objects_in(storage) == []


def test_nothing_is_uploaded_for_an_invalid_new_asset(admin: Browser, storage: Storage) -> None:
    admin.open("cf_protected_asset_add")
    admin.press("_save", title="", slug="atlas", **{"files-0-upload": upload()})
    assert list(admin.errors) == ["title"]
    assert objects_in(storage) == []


def test_nothing_is_uploaded_beside_an_invalid_file(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    fill(admin, asset, new_files=1, files__0__key="../x", files__1__upload=upload())
    assert objects_in(storage) == [file.key]


def test_uploads_are_taken_back_when_another_file_is_missing(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    files = {"files__0__upload": upload(), "files__1__key": "books/none.pdf"}
    fill(admin, asset, new_files=1, **files)
    assert admin.file_errors == [
        {"upload": ["Nothing was saved yet; choose this file again."]},
        {"key": ["The storage has no object with this key."]},
    ]
    assert objects_in(storage) == [file.key]
    assert asset.files.get().key == file.key


def test_storage_that_is_down_for_an_upload(
    admin: Browser, asset: Asset, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STORAGES = settings.STORAGES | {"protected": {"BACKEND": "tests.doubles.DownStorage"}}
    fill(admin, asset, files__0__upload=upload(), title="New title")
    assert admin.file_errors == [{"upload": ["The storage didn't take the file (OSError)."]}]
    assert "The storage doesn't answer." in caplog.text
    asset.refresh_from_db()
    assert (asset.title, asset.files.count()) == ("Ebook", 0)


def test_storage_that_is_down_for_a_key(
    admin: Browser, asset: Asset, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STORAGES = settings.STORAGES | {"protected": {"BACKEND": "tests.doubles.DownStorage"}}
    fill(admin, asset, files__0__key="books/atlas.pdf")
    assert admin.page.status_code == 200
    assert admin.file_errors == [{"key": ["The storage is unavailable at the moment (OSError)."]}]
    assert not asset.files.exists()


def test_storage_that_fills_up_in_between(admin: Browser, asset: Asset, settings: Settings) -> None:
    storage = use(settings, FullStorage)
    files = {"files__0__upload": upload(), "files__1__upload": upload()}
    fill(admin, asset, new_files=1, **files)
    assert admin.file_errors == [
        {"upload": ["Nothing was saved yet; choose this file again."]},
        {"upload": ["The storage didn't take the file (OSError)."]},
    ]
    assert objects_in(storage) == []


def test_upload_that_cant_be_taken_back_is_logged(
    admin: Browser, asset: Asset, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (left,) = _fill_up(admin, asset, use(settings, ReadOnlyAfterwards))
    assert f"The unused upload '{left}' can't be deleted" in caplog.text


def _fill_up(admin: Browser, asset: Asset, storage: Storage) -> list[str]:
    files = {"files__0__upload": upload(), "files__1__upload": upload()}
    fill(admin, asset, new_files=1, **files)
    return objects_in(storage)


def test_upload_that_cant_be_read_back(admin: Browser, asset: Asset, settings: Settings) -> None:
    storage = use(settings, WriteOnly)
    fill(admin, asset, files__0__upload=upload())
    assert admin.file_errors == [
        {"upload": ["The storage is unavailable at the moment (PermissionError)."]}
    ]
    assert objects_in(storage) == []
