"""Streams, folders and releases on the buyer's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected.models import Asset, AssetFile, Grant
from tests.pages import text

LIBRARY = "/downloads/"
EBOOK = "/downloads/assets/ebook/"
ATTRIBUTES = 'rel="nofollow" data-turbo="false" hx-boost="false"'

pytestmark = pytest.mark.parametrize("path", [LIBRARY, EBOOK])


def test_a_video_is_watched(buyer: Client, grant: Grant, stream: AssetFile, path: str) -> None:
    link = f'<a href="{stream.get_absolute_url()}" {ATTRIBUTES}>Watch Lesson 1</a>'

    assert link in text(buyer.get(path))


def test_another_folder_is_opened(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    AssetFile.objects.update(entry="index.html", name="Pictures")

    link = f'<a href="{stream.get_absolute_url()}" {ATTRIBUTES}>Open Pictures</a>'
    assert link in text(buyer.get(path))


def test_a_folder_with_nothing_to_open_is_no_link(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    AssetFile.objects.update(entry="")

    assert "<li> Lesson 1 </li>" in text(buyer.get(path))


def test_what_staff_write_is_escaped(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    AssetFile.objects.update(name="<b>1</b>")

    assert "Watch &lt;b&gt;1&lt;/b&gt;" in text(buyer.get(path))


def test_before_the_release_there_is_a_date_and_no_link(
    buyer: Client, grant: Grant, stream: AssetFile, file: AssetFile, path: str
) -> None:
    Asset.objects.update(available_from=datetime(2125, 5, 4, 12, tzinfo=UTC))

    page = text(buyer.get(path))

    assert "Available from May 4, 2125, 2 p.m." in page
    assert page.count("Available from") == 1
    assert "Lesson 1" in page
    assert "Ebook.pdf" in page
    assert "/streams/" not in page
    assert "/files/" not in page


def test_after_the_release_there_is_a_link(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    Asset.objects.update(available_from=timezone.now() - timedelta(minutes=1))

    page = text(buyer.get(path))

    assert "Available from" not in page
    assert stream.get_absolute_url() in page


def test_streams_take_no_further_queries(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert buyer.get(path).status_code == 200
        return len(captured)

    before = queries()
    AssetFile.objects.bulk_create(
        AssetFile(asset=stream.asset, kind="prefix", key=f"{n}/", entry=entry)
        for n, entry in enumerate(["master.m3u8", "index.html", ""] * 10)
    )

    assert queries() == before
