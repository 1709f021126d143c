"""Folders: attached by their keys, and never uploaded as one file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from django.utils import timezone
from pytest_django import Settings

from cf_protected.models import Asset, AssetFile, Grant
from tests.admin.browser import Browser
from tests.admin.conftest import objects_in
from tests.admin.test_asset_files import change, fill, upload
from tests.admin.test_asset_refusals import use
from tests.admin.test_why import answer


@pytest.fixture
def film(storage: Storage) -> Storage:
    """The storage, with a stream in it."""
    storage.save("films/course-1/master.m3u8", ContentFile(b"#EXTM3U\n"))
    storage.save("films/course-1/360p/index.m3u8", ContentFile(b"#EXTM3U\n"))
    return storage


def attach(admin: Browser, asset: Asset, key: str = "films/course-1/", **fields: str) -> None:
    changes: dict[str, Any] = {f"files__0__{name}": value for name, value in fields.items()}
    fill(admin, asset, files__0__kind="prefix", files__0__key=key, **changes)


@pytest.mark.usefixtures("film")
def test_attach_a_stream(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, entry="master.m3u8", duration="1:30:00", name="Lesson 1")

    file = asset.files.get()
    assert (file.is_prefix, file.key, file.entry) == (True, "films/course-1/", "master.m3u8")
    assert file.duration == timedelta(hours=1.5)
    assert (file.size, file.content_type) == (None, "application/vnd.apple.mpegurl")


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("key", ["films/course-1/", "films/course-1/360p/", "films/"])
def test_attach_a_folder_without_an_entry(admin: Browser, asset: Asset, key: str) -> None:
    attach(admin, asset, key)

    file = asset.files.get()
    assert (file.key, file.size, file.content_type) == (key, None, "")


@pytest.mark.usefixtures("film")
def test_entry_that_is_missing(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, entry="index.html")

    assert admin.file_errors == [{"entry": ["The storage has no object with this key."]}]
    assert not asset.files.exists()


@pytest.mark.usefixtures("film")
def test_folder_with_nothing_in_it(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, "films/course-2/")

    assert admin.file_errors == [{"key": ["The storage has nothing in this folder."]}]


def test_folder_that_was_emptied(admin: Browser, asset: Asset, film: Storage) -> None:
    film.delete("films/course-1/360p/index.m3u8")
    attach(admin, asset, "films/course-1/360p/")

    assert admin.file_errors == [{"key": ["The storage has nothing in this folder."]}]


@pytest.mark.usefixtures("film")
def test_folder_without_its_slash(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, "films/course-1")

    assert admin.file_errors == [{"key": ["The key of a folder ends in a slash."]}]


def test_folder_without_a_key(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, "")

    assert admin.file_errors == [{"key": ["The key of a folder ends in a slash."]}]


def test_folder_is_not_uploaded(admin: Browser, asset: Asset, film: Storage) -> None:
    before = objects_in(film)
    fill(
        admin,
        asset,
        files__0__kind="prefix",
        files__0__key="films/course-1/",
        files__0__upload=upload("film.zip"),
    )

    assert admin.file_errors == [{"upload": ["A folder isn't uploaded here; give its key."]}]
    assert objects_in(film) == before


@pytest.mark.parametrize("key", ["/films/", "films//course-1/", "films/course-1//", "a\\b/", "/"])
def test_folder_that_a_storage_reads_as_another(admin: Browser, asset: Asset, key: str) -> None:
    attach(admin, asset, key)

    (errors,) = admin.file_errors
    assert errors["key"] == [
        "Give the key without a slash at its start, double slashes or backslashes."
    ]


@pytest.mark.parametrize("entry", ["../course-10/master.m3u8", "/master.m3u8", "360p/"])
def test_entry_outside_the_folder(admin: Browser, asset: Asset, entry: str) -> None:
    attach(admin, asset, entry=entry)

    assert [list(errors) for errors in admin.file_errors] == [["entry"]]


def test_entry_of_one_file(admin: Browser, asset: Asset, film: Storage) -> None:
    fill(admin, asset, files__0__key="films/course-1/master.m3u8", files__0__entry="master.m3u8")

    assert admin.file_errors == [{"entry": ["Only a folder has an entry."]}]


@pytest.mark.usefixtures("film")
def test_another_entry_is_looked_up(admin: Browser, asset: Asset) -> None:
    attach(admin, asset, entry="master.m3u8")

    change(admin, asset.files.get(), entry="none.m3u8")

    assert list(admin.errors) == ["entry"]
    assert asset.files.get().entry == "master.m3u8"


@pytest.mark.usefixtures("film")
def test_file_that_becomes_a_folder_forgets_its_size(
    admin: Browser, asset: Asset, file: AssetFile
) -> None:
    change(admin, file, kind="prefix", key="films/course-1/", entry="master.m3u8")

    after = asset.files.get()
    assert (after.uuid, after.size, after.download_name) == (file.uuid, None, "Ebook.pdf")


def test_renaming_asks_no_storage(admin: Browser, asset: Asset, film: Storage) -> None:
    attach(admin, asset, entry="master.m3u8")
    film.delete("films/course-1/master.m3u8")

    change(admin, asset.files.get(), name="Lesson one")

    assert asset.files.get().name == "Lesson one"


class CannotList(InMemoryStorage):
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        raise NotImplementedError("subclasses of Storage must provide a listdir() method")


def test_storage_that_cannot_list_is_believed(
    admin: Browser, asset: Asset, settings: Settings
) -> None:
    use(settings, CannotList)
    attach(admin, asset)

    assert asset.files.get().is_prefix


@pytest.mark.parametrize(("entry", "field"), [("", "key"), ("master.m3u8", "entry")])
def test_storage_that_is_down(
    admin: Browser, asset: Asset, settings: Settings, entry: str, field: str
) -> None:
    settings.STORAGES = settings.STORAGES | {"protected": {"BACKEND": "tests.doubles.DownStorage"}}
    attach(admin, asset, entry=entry)

    assert admin.file_errors == [{field: ["The storage is unavailable at the moment (OSError)."]}]


def test_list_is_filtered_by_kind(admin: Browser, file: AssetFile) -> None:
    course = Asset.objects.create(title="Course", slug="course")
    for number in range(3):
        course.files.create(kind="prefix", key=f"films/{number}/")

    page = admin.open("cf_protected_asset_changelist", files__kind__exact="prefix")

    assert list(page.context["cl"].result_list) == [course]
    assert '<td class="field-file_count">3</td>' in admin.html


def test_release_and_binding_are_set(admin: Browser, asset: Asset) -> None:
    fill(admin, asset, available_from_0="2125-05-04", available_from_1="14:00", bind_to_ip="on")

    asset.refresh_from_db()
    assert asset.available_from == datetime(2125, 5, 4, 12, tzinfo=UTC)
    assert asset.bind_to_ip


def test_why_not_before_the_release(admin: Browser, grant: Grant, file: AssetFile) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(days=400))

    verdict, facts = answer(admin, grant)

    assert verdict.startswith("No: This becomes available on ")
    assert facts[0] == "This grant is active."
    assert facts[1].startswith("The asset is available from ")
