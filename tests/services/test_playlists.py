"""Issuing playlists from code, and the tokens that stand in for a session."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.files.storage import Storage

from cf_protected import services, signals
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import InvalidPlaylist, InvalidURL
from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Listen
from tests.streams.conftest import FOLDER, put, uris


def link(path: str, expires_at: datetime) -> str:
    return f"https://shop.example.com/{path}?until={expires_at:%H:%M}"


def test_the_links_are_those_that_were_asked_for(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    issued = services.issue_playlist(user, stream, link=link)

    assert uris(issued.text)[0] == link("audio/index.m3u8", issued.expires_at)
    assert issued.decision.grant == grant


def test_a_uris_own_query_is_appended_to_its_link(
    user: User, grant: Grant, stream: AssetFile, storage: Storage
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na b.m3u8?v=2&w\n")

    issued = services.issue_playlist(user, stream, path="odd.m3u8", link=link)

    assert uris(issued.text) == [f"{link('a b.m3u8', issued.expires_at)}&v=2&w"]


def test_a_playlist_is_sent_and_logged_as_a_download(
    user: User, grant: Grant, stream: AssetFile, received: Listen
) -> None:
    sent = received(signals.download_issued)

    first, again = (services.issue_playlist(user, stream, link=link) for _ in range(2))

    assert first.download == Download.objects.get()
    assert first.download.url_expires_at == first.expires_at
    assert again.download is None
    assert [one["download"] for one in sent] == [first.download]


def test_a_refusal_reads_nothing_from_the_storage(other_user: User, stream: AssetFile) -> None:
    stream.key = "films/none/"

    with pytest.raises(DownloadRefused):
        services.issue_playlist(other_user, stream, link=link)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../course-10/master.m3u8", InvalidURL),
        ("..\\course-10\\master.m3u8", InvalidURL),
        ("audio/init.mp4", InvalidPlaylist),
        ("none.m3u8", FileNotFoundError),
    ],
)
def test_what_cannot_be_issued_is_not_counted(
    user: User, limited: Grant, stream: AssetFile, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        services.issue_playlist(user, stream, path=path, link=link)

    limited.refresh_from_db()
    assert (limited.downloads_used, Download.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "uri", ["a%0Ab.m3u8", "a%00.m3u8", "./", "a%5Cb.m3u8", "%ff.m3u8", "..%2fa.m3u8", "a?Policy=b"]
)
def test_what_can_be_no_playlists_name_leads_to_the_distribution(
    user: User, grant: Grant, stream: AssetFile, storage: Storage, uri: str
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{uri}\n")

    assert uris(services.issue_playlist(user, stream, path="odd.m3u8", link=link).text) == [
        f"https://downloads.example.com/{FOLDER}{uri.removeprefix('./')}"
    ]


def test_one_file_has_no_playlist(user: User, grant: Grant, file: AssetFile) -> None:
    with pytest.raises(ValueError, match="isn't a folder; see issue_url"):
        services.issue_playlist(user, file, link=link)


def test_a_folder_has_no_url(user: User, grant: Grant, stream: AssetFile) -> None:
    with pytest.raises(ValueError, match="is a folder; see issue_cookies and issue_playlist"):
        services.issue_url(user, stream)
