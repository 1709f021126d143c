"""The files of an asset: uploaded through the storage, or attached by their keys."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.core.files.uploadedfile import SimpleUploadedFile

from cf_protected.models import Asset, AssetFile
from tests.admin.browser import Browser
from tests.admin.conftest import objects_in

PDF = b"%PDF-1.7 a book"


def upload(name: str = "Book.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


def fill(admin: Browser, asset: Asset, *, new_files: int = 0, **changes: object) -> None:
    """Change the asset, and add files, as a browser would. Two underscores stand for a hyphen."""
    admin.open("cf_protected_asset_change", asset.pk)
    fields = {name.replace("__", "-"): value for name, value in changes.items()}
    admin.press("_save", new_files=new_files, **fields)


def change(admin: Browser, file: AssetFile, **fields: object) -> None:
    """Change the file on its own page, as a browser would."""
    admin.open("cf_protected_assetfile_change", file.pk)
    admin.press("_save", **fields)


def test_upload_with_a_new_asset(admin: Browser, storage: Storage) -> None:
    admin.open("cf_protected_asset_add")
    admin.press("_save", title="Atlas", slug="atlas", **{"files-0-upload": upload()})
    file = AssetFile.objects.get()
    assert re.fullmatch(rf"{file.uuid}/\w{{8}}/Book\.pdf", file.key)
    assert (file.size, file.content_type) == (len(PDF), "application/pdf")
    assert file.checksum == f"sha256:{hashlib.sha256(PDF).hexdigest()}"
    assert file.download_name == "Book.pdf"
    with storage.open(file.key) as stored:
        assert stored.read() == PDF


def test_upload_with_an_asset_that_exists(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__upload=upload(), files__0__name="The book")
    file = asset.files.get()
    assert (file.display_name, file.file_name) == ("The book", "Book.pdf")


def test_upload_under_another_name(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, files__0__upload=upload("v7-final.pdf"), files__0__download_name="Book.pdf")
    file = asset.files.get()
    assert (file.download_name, file.key.endswith("/v7-final.pdf")) == ("Book.pdf", True)


def test_upload_of_the_same_name_keeps_the_first(
    admin: Browser, asset: Asset, storage: Storage
) -> None:
    """django-storages' S3 overwrites an object of the same name."""
    fill(admin, asset, files__0__upload=upload("readme.txt", b"one"))
    fill(admin, asset, files__0__upload=upload("readme.txt", b"two"))
    contents = []
    for file in asset.files.all():
        with storage.open(file.key) as stored:
            contents.append(stored.read())
        assert "/readme.txt" in file.key
    assert contents == [b"one", b"two"]


@pytest.mark.parametrize(
    "name", ["Größe & 100%.pdf", "図書.pdf", "a b+c#d?e*.pdf", 'it\'s "x".pdf']
)
def test_upload_of_any_name(admin: Browser, asset: Asset, storage: Storage, name: str) -> None:
    fill(admin, asset, files__0__upload=upload(name))
    file = asset.files.get()
    assert file.download_name == name
    assert objects_in(storage) == [file.key]


def test_attach_by_key(admin: Browser, asset: Asset, storage: Storage) -> None:
    storage.save("books/atlas.pdf", ContentFile(PDF))
    fill(admin, asset, files__0__key="books/atlas.pdf")
    file = asset.files.get()
    assert (file.key, file.size, file.content_type) == (
        "books/atlas.pdf",
        len(PDF),
        "application/pdf",
    )
    assert (file.checksum, file.file_name) == ("", "atlas.pdf")


@pytest.mark.parametrize("name", ["backup.tar.gz", "no-extension", "strange.qqq"])
def test_content_type_that_isnt_known(
    admin: Browser, asset: Asset, storage: Storage, name: str
) -> None:
    storage.save(name, ContentFile(PDF))
    fill(admin, asset, files__0__key=name)
    assert asset.files.get().content_type == "application/octet-stream"


def test_another_key_forgets_the_checksum(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    AssetFile.objects.update(checksum="sha256:old", size=1)
    storage.save("books/second.pdf", ContentFile(PDF + b"!"))
    change(admin, file, key="books/second.pdf")
    after = asset.files.get()
    assert (after.uuid, after.checksum, after.size) == (file.uuid, "", len(PDF) + 1)


def test_replacing_keeps_the_public_id_and_the_old_object(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    change(admin, file, upload=upload("v2.pdf", b"second edition"))
    after = asset.files.get()
    assert (after.pk, after.uuid, after.size) == (file.pk, file.uuid, 14)
    assert after.download_name == "Ebook.pdf"
    assert sorted(objects_in(storage)) == sorted([file.key, after.key])


def test_deleting_keeps_the_object(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    admin.open("cf_protected_assetfile_delete", file.pk)
    form = {"csrfmiddlewaretoken": str(admin.page.context["csrf_token"]), "post": "yes"}
    admin.client.post(admin.page.request["PATH_INFO"], form)
    assert not asset.files.exists()
    assert objects_in(storage) == [file.key]


def test_renaming_asks_no_storage(
    admin: Browser, asset: Asset, file: AssetFile, storage: Storage
) -> None:
    storage.delete(file.key)
    change(admin, file, name="The book")
    assert asset.files.get().name == "The book"


def test_size_is_for_people(admin: Browser, asset: Asset, file: AssetFile) -> None:
    AssetFile.objects.update(size=52_428_800)
    admin.open("cf_protected_assetfile_change", file.pk)
    assert "50.0\xa0MB" in admin.html


def test_size_that_isnt_known(admin: Browser, asset: Asset, other_file: AssetFile) -> None:
    admin.open("cf_protected_assetfile_change", other_file.pk)
    assert "0\xa0bytes" not in admin.html
