"""Signatures live as long as it takes to fetch a file or to watch a video, within bounds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.files.storage import Storage
from django.test import Client
from django.utils import timezone

from cf_protected import conf, services
from cf_protected.access import DownloadRefused
from cf_protected.distributions import Distribution, distributions
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.person import Person
from cf_protected.services.terms import lifetime
from tests.accounts.models import User
from tests.conftest import Configure
from tests.signing import sign
from tests.streams.conftest import CDN, put

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def lives(file: AssetFile) -> timedelta:
    return lifetime(file, distributions["default"].settings)


@pytest.mark.parametrize(
    ("size", "speed", "expected"),
    [
        (None, 1_000_000, 15 * MINUTE),
        (10**9, None, 15 * MINUTE),
        (0, 1, 15 * MINUTE),
        (10**8, 1_000_000, 15 * MINUTE),  # takes 100 seconds
        (36 * 10**8, 1_000_000, HOUR),
        (36 * 10**8, 500_000, 2 * HOUR),
        (10**15, 1, 12 * HOUR),  # MAX_LIFETIME's default
    ],
)
def test_a_slow_connection_can_finish(
    configure: Configure, size: int | None, speed: int | None, expected: timedelta
) -> None:
    configure({"MIN_DOWNLOAD_SPEED": speed})

    assert lives(AssetFile(key="film.mp4", size=size)) == expected


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (None, 15 * MINUTE),
        (timedelta(0), 15 * MINUTE),
        (HOUR, HOUR + 15 * MINUTE),
        (24 * HOUR, 12 * HOUR),
        (timedelta.max, 12 * HOUR),
    ],
)
def test_a_video_can_be_watched_to_its_end(duration: timedelta | None, expected: timedelta) -> None:
    assert lives(AssetFile(kind="prefix", key="film/", duration=duration)) == expected


def test_the_longer_need_counts(configure: Configure) -> None:
    configure({"MIN_DOWNLOAD_SPEED": 1000})

    assert lives(AssetFile(key="a.mp4", duration=HOUR, size=7_200_000)) == 2 * HOUR
    assert lives(AssetFile(key="a.mp4", duration=3 * HOUR, size=7_200_000)) == 3.25 * HOUR


def test_the_bound_is_a_setting(configure: Configure) -> None:
    configure({"MAX_LIFETIME": 2 * HOUR})

    assert lives(AssetFile(key="a.mp4", duration=5 * HOUR)) == 2 * HOUR


def test_the_bound_never_shortens_what_every_url_has(configure: Configure) -> None:
    configure({"MAX_LIFETIME": MINUTE, "URL_LIFETIME": HOUR})

    assert lives(AssetFile(key="a.mp4", duration=5 * HOUR)) == HOUR


@pytest.fixture
def film(stream: AssetFile, configure: Configure) -> AssetFile:
    """Three hours long; the step is small enough to tell what comes of that."""
    configure({"EXPIRY_STEP": SECOND})
    stream.duration = 3 * HOUR
    stream.save()
    return stream


def left(expires_at: datetime) -> timedelta:
    """What is left, to the minute."""
    minutes = (expires_at - timezone.now() + MINUTE / 2) // MINUTE
    return minutes * MINUTE


def test_cookies_and_playlists_live_for_the_length_of_the_video(
    user: User, grant: Grant, film: AssetFile
) -> None:
    cookies = services.issue_cookies(user, [film])
    playlist = services.issue_playlist(user, film, link=lambda path, expires_at: path)

    assert left(cookies.expires_at) == 3.25 * HOUR
    assert left(playlist.expires_at) == 3.25 * HOUR


def test_a_url_lives_as_long_as_the_slowest_download(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure({"MIN_DOWNLOAD_SPEED": 1, "EXPIRY_STEP": SECOND})
    file.size = 7200

    assert left(services.issue_url(user, file).expires_at) == 2 * HOUR


def test_a_token_lives_as_long_as_what_it_is_for(user: User, grant: Grant, film: AssetFile) -> None:
    now = timezone.now()
    token = services.issue_playlist_token(user, film, now=now).token
    ends = now + 3.25 * HOUR

    assert services.read_playlist_token(token, film, now=ends - SECOND) == Person.of(user)
    assert services.read_playlist_token(token, film, now=ends) is None


def test_a_players_next_playlist_is_the_same_download_until_the_end(
    user: User, limited: Grant, film: AssetFile
) -> None:
    start = timezone.now()
    limited.starts_at = start
    limited.save()

    def load(at: timedelta) -> None:
        services.issue_playlist(user, film, link=lambda path, expires_at: path, now=start + at)

    load(timedelta(0))
    load(3.5 * HOUR - SECOND)  # the video, and REPEAT_WINDOW
    with pytest.raises(DownloadRefused):
        load(3.5 * HOUR)
    limited.refresh_from_db()
    assert limited.downloads_used == 1


@pytest.fixture
def slow(
    user: User, asset: Asset, storage: Storage, cdn: CDN, configure: Configure
) -> tuple[AssetFile, datetime]:
    """A file that takes two hours, and when its one download began: so long ago."""
    configure({"MIN_DOWNLOAD_SPEED": 1})
    put(storage, "film.mp4", b"0123456789")
    file = AssetFile.objects.create(asset=asset, key="film.mp4", size=7200)
    began = timezone.now() - 2 * HOUR - 10 * MINUTE
    services.grant(asset, user, max_downloads=1, starts_at=began)
    services.issue_url(user, file)
    Download.objects.update(requested_at=began)
    return file, began


def test_a_download_is_resumed_through_the_apps_url(
    buyer: Client, slow: tuple[AssetFile, datetime], cdn: CDN
) -> None:
    file, began = slow
    settings = conf.current().distributions["default"]
    back_then = Distribution("default", settings, now=began.timestamp)
    first = sign(back_then.url(file.key), back_then, now=began, lifetime=lives(file))

    resumed = buyer.get(file.get_absolute_url(), headers={"Range": "bytes=4-"})

    assert cdn.status(first) == 403  # has expired
    answer = cdn.get(resumed["Location"], Range="bytes=4-")
    assert (answer.status, answer.body) == (206, b"456789")
    assert Grant.objects.get().downloads_used == 1
    assert Download.objects.count() == 1
