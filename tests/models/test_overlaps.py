"""A folder of one asset never holds a file of another: its cookies would open both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cf_protected.models import Asset, AssetFile
from cf_protected.models.overlaps import overlaps
from tests.conftest import Configure

S3 = "storages.backends.s3.S3Storage"
DISK = "django.core.files.storage.FileSystemStorage"


@pytest.fixture
def other(db: None) -> Asset:
    return Asset.objects.create(title="Other", slug="other", state=Asset.State.PUBLISHED)


def unsaved(asset: Asset, key: str) -> AssetFile:
    kind = AssetFile.Kind.PREFIX if key.endswith("/") else AssetFile.Kind.OBJECT
    return AssetFile(asset=asset, kind=kind, key=key)


def store(asset: Asset, key: str) -> AssetFile:
    """Save a file as a bulk import does: without validation."""
    file = unsaved(asset, key)
    file.save()
    return file


def is_refused(asset: Asset, key: str) -> bool:
    try:
        unsaved(asset, key).full_clean()
    except ValidationError as error:
        return "overlaps a file of another asset" in error.message_dict["key"][0]
    return False


OVERLAPPING = [
    ("course/", "course/premium/book.pdf"),
    ("course/", "course/a.pdf"),
    ("course/", "course/premium/"),
    ("course/", "course/"),
    ("course/", "course//a.pdf"),
    ("a/b/c/", "a/b/c/d/e/f.pdf"),
    ("100%_\\/", "100%_\\/a.pdf"),
    ("Größe/", "Größe/a.pdf"),
    ("course /", "course /a.pdf"),
    ("/", "/a.pdf"),
]
APART = [
    ("course/", "course-1/a.pdf"),
    ("course/", "course.pdf"),
    ("course/", "courses/a.pdf"),
    ("course/", "Course/a.pdf"),
    ("course/", "COURSE/"),
    ("course/", "other/course/a.pdf"),
    ("course/", "course /a.pdf"),
    ("course /", "course/"),
    ("c_urse/", "course/a.pdf"),
    ("c%/", "course/a.pdf"),
    ("Größe/", "Grosse/a.pdf"),
    ("Größe/", "Gro\u0308ße/a.pdf"),
    ("é/", "e\u0301/a.pdf"),
    ("e/", "é/"),
    ("a/b/", "a/c/b/x.pdf"),
    ("a.pdf", "a.pdf"),
    ("course/a.pdf", "course/b.pdf"),
]


@pytest.mark.parametrize(("one", "two"), OVERLAPPING)
@pytest.mark.parametrize("is_turned", [False, True])
def test_overlapping_keys_of_two_assets_are_refused(
    asset: Asset, other: Asset, one: str, two: str, is_turned: bool
) -> None:
    first, second = (two, one) if is_turned else (one, two)
    store(other, first)

    assert is_refused(asset, second)


@pytest.mark.parametrize(("one", "two"), APART)
@pytest.mark.parametrize("is_turned", [False, True])
def test_keys_that_lie_apart_are_accepted(
    asset: Asset, other: Asset, one: str, two: str, is_turned: bool
) -> None:
    first, second = (two, one) if is_turned else (one, two)
    store(other, first)

    assert not is_refused(asset, second)


@pytest.mark.parametrize(("one", "two"), OVERLAPPING)
def test_one_asset_may_have_a_folder_and_what_lies_in_it(asset: Asset, one: str, two: str) -> None:
    store(asset, one)

    assert not is_refused(asset, two)


def test_a_similar_folder_doesnt_hide_the_one_around_the_key(asset: Asset, other: Asset) -> None:
    """Collations that ignore capitals find both."""
    for key in ("COURSE/", "Course/", "course/"):
        store(other, key)

    assert is_refused(asset, "course/a.pdf")
    assert not is_refused(asset, "cOURSE/a.pdf")


def test_a_saved_file_doesnt_overlap_itself(asset: Asset, other: Asset) -> None:
    store(other, "other/")
    file = store(asset, "course/")
    file.full_clean()

    file.key = "other/course/"
    with pytest.raises(ValidationError, match="overlaps"):
        file.full_clean()


def test_a_file_that_becomes_a_folder_is_checked(asset: Asset, other: Asset) -> None:
    store(other, "course/premium/book.pdf")
    file = store(asset, "course")
    file.kind, file.key = AssetFile.Kind.PREFIX, "course/"

    with pytest.raises(ValidationError, match="overlaps"):
        file.full_clean()


def test_a_new_asset_without_a_key_is_checked_too(other: Asset) -> None:
    store(other, "course/")
    new = Asset(title="New", slug="new")

    with pytest.raises(ValidationError, match="overlaps"):
        AssetFile(asset=new, key="course/a.pdf").clean()


def test_the_queries_dont_grow_with_what_others_have(asset: Asset, other: Asset) -> None:
    AssetFile.objects.bulk_create(unsaved(other, f"other/{number}/") for number in range(300))

    with CaptureQueriesContext(connection) as queries:
        unsaved(asset, "course/a/b/c/d.pdf").clean()

    assert len(queries) == 1


def test_a_key_of_many_folders_is_compared_in_batches(asset: Asset, other: Asset) -> None:
    store(other, "a/" * 511)

    assert is_refused(asset, "a/" * 511 + "b")


def use(settings: Settings, **distributions: dict[str, Any]) -> None:
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    settings.CF_PROTECTED = settings.CF_PROTECTED | {
        "DISTRIBUTIONS": {alias: {**default, **one} for alias, one in distributions.items()}
    }


def bucket(name: str, location: str = "", **options: str) -> dict[str, Any]:
    return {
        "BACKEND": S3,
        "OPTIONS": {"bucket_name": name, "location": location, "region_name": "eu-1", **options},
    }


@pytest.fixture
def storages(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "whole": bucket("one"),
        "media": bucket("one", "media/"),
        "course": bucket("one", "course"),
        "regional": bucket("one", endpoint_url="https://s3.eu-central-1.amazonaws.com"),
        "elsewhere": bucket("one", endpoint_url="https://minio.example.com"),
        "two": bucket("two"),
        "disk": {"BACKEND": DISK, "OPTIONS": {"location": tmp_path}},
        "subfolder": {"BACKEND": DISK, "OPTIONS": {"location": tmp_path / "course"}},
    }


@pytest.mark.usefixtures("storages")
@pytest.mark.parametrize(
    ("default", "video", "folder", "key", "expected"),
    [
        # The same bucket behind two domains.
        ({"STORAGE": "whole"}, {"STORAGE": "whole"}, "course/", "course/a.pdf", True),
        ({"STORAGE": "whole"}, {"STORAGE": "regional"}, "course/", "course/a.pdf", True),
        ({"STORAGE": "whole"}, {"STORAGE": "media"}, "media/", "a.pdf", True),
        ({"STORAGE": "whole"}, {"STORAGE": "media"}, "media/course/", "course/a.pdf", True),
        ({"STORAGE": "media"}, {"STORAGE": "whole"}, "course/", "media/course/a.pdf", True),
        ({"STORAGE": "media"}, {"STORAGE": "whole"}, "course/", "course/a.pdf", False),
        ({"STORAGE": "whole"}, {"STORAGE": "media"}, "course/", "course/a.pdf", False),
        ({"STORAGE": "whole"}, {"STORAGE": "course"}, "course/", "premium/a.pdf", True),
        ({"STORAGE": "whole"}, {"STORAGE": "course"}, "course/premium/", "premium/a.pdf", True),
        ({"STORAGE": "whole"}, {"STORAGE": "course"}, "course/basic/", "premium/a.pdf", False),
        # Other buckets.
        ({"STORAGE": "whole"}, {"STORAGE": "two"}, "course/", "course/a.pdf", False),
        ({"STORAGE": "whole"}, {"STORAGE": "elsewhere"}, "course/", "course/a.pdf", False),
        # One domain in front of two buckets.
        (
            {"STORAGE": "whole", "DOMAIN": "d.example.com"},
            {"STORAGE": "two", "DOMAIN": "d.example.com"},
            "course/",
            "course/a.pdf",
            True,
        ),
        (
            {"STORAGE": "whole", "DOMAIN": "d.example.com"},
            {"STORAGE": "two", "DOMAIN": "d.example.com", "PATH_PREFIX": "video/"},
            "course/",
            "course/a.pdf",
            False,
        ),
        (
            {"STORAGE": "whole", "DOMAIN": "d.example.com"},
            {"STORAGE": "two", "DOMAIN": "d.example.com", "PATH_PREFIX": "video/"},
            "video/",
            "course/a.pdf",
            True,
        ),
        # One distribution with two domains.
        (
            {"STORAGE": "whole", "ID": "E2QWRUHEXAMPLE"},
            {"STORAGE": "two", "ID": "E2QWRUHEXAMPLE"},
            "course/",
            "course/a.pdf",
            True,
        ),
        ({"STORAGE": "disk"}, {"STORAGE": "subfolder"}, "course/", "a.pdf", True),
        ({"STORAGE": "subfolder"}, {"STORAGE": "disk"}, "premium/", "course/premium/a.pdf", True),
        ({"STORAGE": "subfolder"}, {"STORAGE": "disk"}, "premium/", "premium/a.pdf", False),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_distributions_that_share_objects(  # noqa: PLR0917 - a table
    asset: Asset,
    other: Asset,
    settings: Settings,
    default: dict[str, str],
    video: dict[str, str],
    folder: str,
    key: str,
    expected: bool,
    is_turned: bool,
) -> None:
    """``folder`` is the default distribution's, and ``key`` that of "video"."""
    use(settings, default=default, video={"DOMAIN": "video.example.com", **video})
    other.distribution = "video"
    other.save()
    if is_turned:
        store(asset, folder)
        assert is_refused(other, key) is expected
    else:
        store(other, key)
        assert is_refused(asset, folder) is expected


@pytest.mark.usefixtures("storages")
def test_an_alias_in_other_capitals_is_another_distribution(
    asset: Asset, other: Asset, settings: Settings
) -> None:
    use(
        settings,
        default={"STORAGE": "whole"},
        DEFAULT={"STORAGE": "two", "DOMAIN": "two.example.com"},
    )
    other.distribution = "DEFAULT"
    other.save()
    store(other, "course/")

    assert not is_refused(asset, "course/a.pdf")


@pytest.mark.usefixtures("storages")
def test_an_asset_that_moves_to_another_distribution_is_checked(
    asset: Asset, other: Asset, settings: Settings
) -> None:
    use(
        settings,
        default={"STORAGE": "whole"},
        video={"STORAGE": "two", "DOMAIN": "video.example.com"},
    )
    store(asset, "course/premium/book.pdf")
    other.distribution = "video"
    other.save()
    store(other, "course/")
    other.full_clean()

    other.distribution = "default"
    with pytest.raises(ValidationError) as refused:
        other.full_clean()

    assert list(refused.value.message_dict) == ["distribution"]


def test_a_distribution_that_isnt_configured_has_no_neighbours(asset: Asset) -> None:
    asset.distribution = "moon"

    unsaved(asset, "course/").clean()


def test_what_exists_is_found(asset: Asset, other: Asset) -> None:
    folder = store(asset, "course/")
    store(asset, "course/own.pdf")
    book = store(other, "course/premium/book.pdf")
    same = store(other, "course/")
    store(other, "Course/apart.pdf")

    found = {(one.folder.pk, one.file.pk) for one in overlaps("default")}

    assert found == {(folder.pk, book.pk), (folder.pk, same.pk), (same.pk, folder.pk)} | {
        (same.pk, own.pk) for own in asset.files.filter(key="course/own.pdf")
    }


@pytest.mark.usefixtures("storages")
def test_what_exists_at_another_distribution_is_found(
    asset: Asset, other: Asset, configure: Configure, settings: Settings
) -> None:
    use(
        settings,
        default={"STORAGE": "whole"},
        video={"STORAGE": "media", "DOMAIN": "video.example.com"},
    )
    other.distribution = "video"
    other.save()
    folder = store(asset, "media/")
    book = store(other, "book.pdf")

    assert [(one.folder.pk, one.file.pk) for one in overlaps("default")] == [(folder.pk, book.pk)]
    assert list(overlaps("video")) == []


def test_many_files_are_compared_in_batches(asset: Asset, other: Asset) -> None:
    """The database may find others in other capitals first."""
    AssetFile.objects.bulk_create(unsaved(other, f"COURSE/{number}.pdf") for number in range(1200))
    store(other, "course/last.pdf")
    store(asset, "course/")

    assert is_refused(asset, "course/")
    assert [one.file.key for one in overlaps("default")] == ["course/last.pdf"]
