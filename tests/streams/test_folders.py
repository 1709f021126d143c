"""Files that are folders: what the model takes for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from cf_protected.models import Asset, AssetFile


def folder(**fields: Any) -> AssetFile:
    return AssetFile(**{"kind": "prefix", "key": "films/course-1/"} | fields)


def refused(file: AssetFile, asset: Asset) -> list[str]:
    """The fields that are wrong."""
    file.asset = asset
    with pytest.raises(ValidationError) as error:
        file.full_clean()
    return list(error.value.message_dict)


def test_a_file_is_one_object_by_default() -> None:
    assert not AssetFile(key="book.pdf").is_prefix


def test_a_folder_leads_to_the_stream_view(stream: AssetFile) -> None:
    assert stream.get_absolute_url() == f"/downloads/streams/{stream.uuid}/"


def test_a_folder_without_an_entry_leads_to_its_assets_page(stream: AssetFile) -> None:
    stream.entry = ""

    assert stream.get_absolute_url() == f"/downloads/assets/{stream.asset.uuid}/"


def test_a_folder_has_the_name_of_its_last_part() -> None:
    assert folder().display_name == "course-1"
    assert folder(name="Lesson 1").display_name == "Lesson 1"


@pytest.mark.parametrize(
    ("entry", "is_video"),
    [
        ("master.m3u8", True),
        ("hls/MASTER.M3U8", True),
        ("manifest.mpd", True),
        ("index.html", False),
        ("m3u8", False),
        ("", False),
    ],
)
def test_a_player_opens_hls_and_dash(entry: str, is_video: bool) -> None:
    assert folder(entry=entry).is_video is is_video


def test_one_file_is_no_stream_for_a_player() -> None:
    assert not AssetFile(key="playlist.m3u8").is_video


@pytest.mark.parametrize("entry", ["", "index.html", "hls/master.m3u8", "Übung 1.m3u8"])
def test_a_folder_may_open_with_anything_in_it(asset: Asset, entry: str) -> None:
    folder(asset=asset, entry=entry).full_clean()


@pytest.mark.parametrize("key", ["films/course-1", "films/course-1*", "f"])
def test_the_key_of_a_folder_ends_in_a_slash(asset: Asset, key: str) -> None:
    """Else course-1 would open course-10 too."""
    assert refused(folder(key=key), asset) == ["key"]


def test_the_key_of_one_file_does_not_end_in_a_slash(asset: Asset) -> None:
    assert refused(AssetFile(key="films/"), asset) == ["key"]


def test_one_file_has_no_entry(asset: Asset) -> None:
    assert refused(AssetFile(key="a.pdf", entry="index.html"), asset) == ["entry"]


@pytest.mark.parametrize(
    "entry", ["/master.m3u8", "hls/", "../course-10/master.m3u8", "hls/../x", "./x", "a\nb"]
)
def test_an_entry_lies_in_its_folder(asset: Asset, entry: str) -> None:
    assert refused(folder(entry=entry), asset) == ["entry"]


@pytest.mark.parametrize("key", ["films/../", "./", "films\n/"])
def test_the_key_of_a_folder_fits_into_a_url(asset: Asset, key: str) -> None:
    assert refused(folder(key=key), asset) == ["key"]


def test_the_database_wants_the_slash_too(asset: Asset) -> None:
    with pytest.raises(IntegrityError):
        AssetFile.objects.create(asset=asset, kind="prefix", key="films/course-1")


def test_the_constraint_says_what_is_wrong(asset: Asset) -> None:
    with pytest.raises(ValidationError, match="The key of a folder ends in a slash"):
        AssetFile(asset=asset, kind="prefix", key="films/course-1").validate_constraints()


@pytest.fixture
def at_first(transactional_db: None) -> Iterator[MigrationExecutor]:
    """The database before there were folders; it comes back after the test."""
    call_command("migrate", "cf_protected", "0001", verbosity=0)
    yield MigrationExecutor(connection)
    call_command("migrate", "cf_protected", verbosity=0)


def test_the_migrations_go_back_and_forth(at_first: MigrationExecutor) -> None:
    models = at_first.loader.project_state([("cf_protected", "0001_initial")]).apps
    old_asset = models.get_model("cf_protected", "Asset").objects.create(title="A", slug="a")
    old_asset.files.create(key="a.pdf")

    call_command("migrate", "cf_protected", verbosity=0)

    asset = Asset.objects.get()
    assert (asset.is_released, asset.bind_to_ip) == (True, False)
    file = asset.files.get()
    assert (file.key, file.is_prefix, file.entry, file.duration) == ("a.pdf", False, "", None)
