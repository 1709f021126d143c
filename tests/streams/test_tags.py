"""Links to streams in a project's own templates."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Configure, use_up
from tests.doubles import DownKeySource
from tests.test_templatetags import render

PLAYLIST = "{% playlist_url file %}"


def test_stream_url_is_the_link_to_the_stream_view(stream: AssetFile) -> None:
    link = f"/downloads/streams/{stream.uuid}/"

    assert render("{% stream_url file %}", file=stream) == link
    assert render("{% download_url file %}", file=stream) == link


def test_stream_url_is_for_a_gallery_too(stream: AssetFile) -> None:
    """A project may send to a page of its own from there: see ``StreamView.get_target``."""
    stream.entry = ""

    assert render("{% stream_url file %}", file=stream) == f"/downloads/streams/{stream.uuid}/"


def test_signed_url_of_a_folder_is_the_link_to_the_stream_view(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    assert render("{% signed_url file %}", user=user, file=stream) == stream.get_absolute_url()


def test_playlist_url_opens_the_playlist_without_a_session(
    rf: RequestFactory, client: Client, user: User, grant: Grant, stream: AssetFile
) -> None:
    request = rf.get("/watch/")
    request.user = user

    url = html.unescape(render(PLAYLIST, request=request, file=stream))

    assert url.startswith(f"http://testserver/downloads/playlists/{stream.uuid}/master.m3u8?token=")
    assert client.get(url).content.startswith(b"#EXTM3U")


def test_playlist_url_without_a_request_is_a_path(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    url = render(PLAYLIST, user=user, file=stream)

    assert url.startswith(f"/downloads/playlists/{stream.uuid}/master.m3u8?token=")


def test_playlist_url_leaves_no_trace(user: User, grant: Grant, stream: AssetFile) -> None:
    render(PLAYLIST, user=user, file=stream)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


def test_playlist_url_is_counted_when_it_is_used(
    client: Client, user: User, limited: Grant, stream: AssetFile
) -> None:
    client.get(render(PLAYLIST, user=user, file=stream))

    limited.refresh_from_db()
    assert limited.downloads_used == 1


def test_playlist_url_needs_no_key(
    user: User, grant: Grant, stream: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    assert "?token=" in render(PLAYLIST, user=user, file=stream)


def test_playlist_url_is_nothing_for_somebody_else(
    other_user: User, grant: Grant, stream: AssetFile
) -> None:
    assert render(PLAYLIST, user=other_user, file=stream) == ""


@pytest.mark.parametrize("context", [{}, {"user": None}, {"user": AnonymousUser()}])
def test_playlist_url_is_nothing_for_nobody(
    grant: Grant, stream: AssetFile, context: dict[str, Any]
) -> None:
    assert render(PLAYLIST, file=stream, **context) == ""


def test_playlist_url_is_nothing_where_no_download_is_left(user: User, stream: AssetFile) -> None:
    use_up(services.grant(stream.asset, user, max_downloads=1))

    assert render(PLAYLIST, user=user, file=stream) == ""


def test_playlist_url_is_nothing_before_the_release(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    stream.asset.available_from = timezone.now() + timedelta(minutes=1)

    assert render(PLAYLIST, user=user, file=stream) == ""


def test_playlist_url_is_nothing_without_an_entry(
    user: User, grant: Grant, stream: AssetFile, file: AssetFile
) -> None:
    stream.entry = ""

    assert render(PLAYLIST, user=user, file=stream) == ""
    assert render(PLAYLIST, user=user, file=file) == ""


def test_playlist_url_is_for_free_samples_too(
    client: Client, stream: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    assert client.get(render(PLAYLIST, file=stream)).status_code == 200


def test_a_token_says_nothing_of_the_key(user: User, grant: Grant, stream: AssetFile) -> None:
    (token,) = parse_qs(urlsplit(render(PLAYLIST, user=user, file=stream)).query)["token"]

    assert "films" not in token


def test_a_page_with_many_streams_takes_two_queries(user: User, grant: Grant, asset: Asset) -> None:
    AssetFile.objects.bulk_create(
        AssetFile(asset=asset, kind="prefix", key=f"films/{number}/", entry="master.m3u8")
        for number in range(50)
    )
    page = "{% for file in files %}<source src='{% playlist_url file %}'>{% endfor %}"

    with CaptureQueriesContext(connection) as captured:
        render(page, user=user, files=asset.files.all())

    assert len(captured) == 2
