"""From the app to the edge over HTTP, as players do it: with cookies, and without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from http.cookiejar import Cookie, CookieJar
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from django.core.files.storage import Storage
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.signed_cookies.jar import NAMES
from cf_protected.signed_cookies.memory import PREFIX
from tests.accounts.models import User
from tests.conftest import Configure
from tests.streams.conftest import CDN, RENDITIONS, put, uris
from tests.test_templatetags import render
from tests.waiting import PATIENCE


class Answer(NamedTuple):
    status: int
    url: str
    text: str


class Player:
    """A browser, or with cookies switched off a set-top box."""

    def __init__(self) -> None:
        self.jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.jar))

    def get(self, url: str) -> Answer:
        """Follows redirects."""
        try:
            with self._opener.open(Request(url), timeout=PATIENCE) as response:
                return Answer(response.status, response.url, response.read().decode())
        except HTTPError as error:
            with error:
                return Answer(error.code, str(error.url), "")

    def play(self, url: str) -> dict[str, int]:
        """Fetch a playlist and all that it leads to; the statuses by the paths' ends."""
        playlist = self.get(url)
        statuses = {_end(playlist.url): playlist.status}
        if playlist.text.startswith("#EXTM3U"):
            for uri in uris(playlist.text):
                statuses |= self.play(urljoin(playlist.url, uri.replace(" ", "%20")))
        return statuses


def _end(url: str) -> str:
    return "/".join(urlsplit(url).path.split("/")[-2:])


OWN = {"keys/1.bin": 200} | {
    f"{rendition}/{name}": 200
    for rendition in RENDITIONS
    for name in ("index.m3u8", "init.mp4", "segment-1.m4s", "segment%202.m4s")
}


@pytest.fixture
def shop(transactional_db: None, cdn: CDN, configure: Configure) -> CDN:
    """The edge by the name that the app is served under, so that both share a site."""
    configure({"SCHEME": "http", "DOMAIN": f"localhost:{cdn.address[1]}"})
    return cdn


@pytest.fixture
def browser(shop: CDN, user: User) -> Player:
    """A browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    browser = Player()
    browser.jar.set_cookie(_cookie("sessionid", client.cookies["sessionid"].value))
    return browser


def _cookie(name: str, value: str) -> Cookie:
    return Cookie(
        version=0, name=name, value=value, port=None, port_specified=False,
        domain="localhost.local", domain_specified=False, domain_initial_dot=False,
        path="/", path_specified=True, secure=False, expires=None, discard=True,
        comment=None, comment_url=None, rest={},
    )  # fmt: skip


def test_with_cookies_everything_plays_from_relative_uris(
    browser: Player, live_server: LiveServer, grant: Grant, stream: AssetFile
) -> None:
    url = f"{live_server}{stream.get_absolute_url()}"

    own = {"course-1/master.m3u8": 200} | OWN
    assert browser.play(url) == own | {"course-10/master.m3u8": 403}
    names = {cookie.name for cookie in browser.jar if not cookie.name.startswith(PREFIX)}
    assert names - {"sessionid"} <= set(NAMES)


def test_with_cookies_dash_plays_too(
    browser: Player, live_server: LiveServer, grant: Grant, stream: AssetFile, storage: Storage
) -> None:
    """Its templates name segments that no rewriting could know; the cookies open them all."""
    template = '<SegmentTemplate media="360p/segment-$Number$.m4s"/>'
    put(storage, "films/course-1/film.mpd", f'<MPD type="static">{template}</MPD>')
    AssetFile.objects.update(entry="film.mpd")

    manifest = browser.get(f"{live_server}{stream.get_absolute_url()}")
    segment = browser.get(urljoin(manifest.url, "360p/segment-1.m4s"))

    assert template in manifest.text
    assert segment.text == "bytes of 360p/segment-1.m4s"


def test_without_a_grant_nothing_plays(
    browser: Player, live_server: LiveServer, shop: CDN, stream: AssetFile
) -> None:
    assert browser.get(f"{live_server}{stream.get_absolute_url()}").status == 403
    master = f"http://localhost:{shop.address[1]}/films/course-1/master.m3u8"
    assert browser.get(master).status == 403


def test_with_a_rewritten_playlist_everything_plays_without_cookies(
    shop: CDN, live_server: LiveServer, user: User, grant: Grant, stream: AssetFile
) -> None:
    url = f"{live_server}{render('{% playlist_url file %}', user=user, file=stream)}"
    box = Player()

    # The neighbour's URI leads to the distribution, as with cookies, and isn't signed.
    assert box.play(url) == {_end(url): 200} | OWN | {"course-10/master.m3u8": 403}
    assert not list(box.jar)


Signed = Callable[..., list[str]]


@pytest.fixture
def signed(buyer: Client, stream: AssetFile) -> Signed:
    """The URLs in a rewritten media playlist, asked for from some address."""

    def ask(address: str = "127.0.0.1") -> list[str]:
        url = f"/downloads/playlists/{stream.uuid}/360p/index.m3u8"
        return uris(buyer.get(url, REMOTE_ADDR=address).content.decode())

    return ask


def test_every_uri_opens_at_the_edge(cdn: CDN, grant: Grant, signed: Signed) -> None:
    urls = signed()

    assert [cdn.status(url) for url in urls] == [200] * 4
    assert cdn.get(urls[2]).body == b"bytes of 360p/segment-1.m4s"


def test_the_signature_opens_no_neighbour(cdn: CDN, grant: Grant, signed: Signed) -> None:
    url = signed()[2]

    assert cdn.status(url.replace("segment-1.m4s", "init.mp4")) == 200
    assert cdn.status(url.replace("/course-1/", "/course-10/")) == 403
    assert cdn.status(url.replace("/course-1/", "/course-1/../course-10/")) == 403
    assert cdn.status(url.partition("?")[0]) == 403
    assert cdn.status(url.replace("Signature=", "Signature=A")) == 403


def test_it_ends(cdn: CDN, grant: Grant, signed: Signed) -> None:
    url = signed()[2]

    cdn.now += timedelta(hours=1).total_seconds()

    assert cdn.status(url) == 403


def test_an_ip_bound_playlist_plays_where_it_was_asked_for(
    cdn: CDN, grant: Grant, signed: Signed
) -> None:
    Asset.objects.update(bind_to_ip=True)

    assert {cdn.status(url) for url in signed("127.0.0.1")} == {200}
    assert {cdn.status(url) for url in signed("203.0.113.9")} == {403}


def test_an_ip_bound_stream_plays_where_its_cookies_were_asked_for(
    cdn: CDN, buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    Asset.objects.update(bind_to_ip=True)

    def status(address: str) -> int:
        response = buyer.get(stream.get_absolute_url(), REMOTE_ADDR=address)
        cookies = {morsel.key: morsel.value for morsel in response.cookies.values() if morsel.value}
        return cdn.status(response["Location"], Cookie=header_of(cookies))

    assert status("127.0.0.1") == 200
    assert status("203.0.113.9") == 403


def test_an_ipv6_viewer_is_told(buyer: Client, grant: Grant, stream: AssetFile) -> None:
    Asset.objects.update(bind_to_ip=True)

    response = buyer.get(stream.get_absolute_url(), REMOTE_ADDR="2001:db8::1")

    assert response.status_code == 403
    assert "over IPv4 only" in response.content.decode()


def test_what_is_issued_before_the_release_opens_with_it(
    cdn: CDN, user: User, grant: Grant, stream: AssetFile
) -> None:
    release = timezone.now() + timedelta(hours=2)
    Asset.objects.update(available_from=release)
    stream.asset.refresh_from_db()

    playlist = services.issue_playlist(
        user, stream, path="360p/index.m3u8", link=lambda path, expires_at: path
    )
    (cookies,) = services.issue_cookies(user, [stream]).sets
    url = uris(playlist.text)[2]
    plain = url.partition("?")[0]
    header = header_of(cookies.cookies)

    assert (cdn.status(url), cdn.status(plain, Cookie=header)) == (403, 403)
    cdn.now = release.timestamp() + 1
    assert (cdn.status(url), cdn.status(plain, Cookie=header)) == (200, 200)


def header_of(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
