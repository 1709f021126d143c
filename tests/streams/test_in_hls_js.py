"""Rewritten playlists, played by hls.js in a real browser."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

import pytest
from django.core.files.storage import Storage, storages
from playwright.sync_api import Browser, Page, Route
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.models import AssetFile, Grant
from tests.accounts.models import User
from tests.chromium import chromium
from tests.conftest import Configure
from tests.npm import npm_script
from tests.streams.conftest import FOLDER, put
from tests.streams.film import INIT, SEGMENTS, shoot
from tests.streams.test_playlist_view import url_of
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHER_HOST: Final = "http://other.example.com"
ENTRY: Final = "entry.m3u8"
START: Final = "#EXTM3U\n#EXT-X-VERSION:8\n"
STREAM: Final = '#EXT-X-STREAM-INF:BANDWIDTH=90000,CODECS="avc1.64000a"'
PLAY: Final = """([url, patience]) => new Promise(resolve => {
    const video = document.querySelector("video");
    if (window.hls) window.hls.destroy();
    const hls = window.hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, data) => {
        if (data.fatal) resolve(`${data.details}: ${data.error.message}`);
    });
    setTimeout(() => resolve(`it stands at ${video.currentTime} s`), patience);
    video.onended = () => resolve("played");
    hls.loadSource(url);
    hls.attachMedia(video);
    video.play();
})"""


def media(*segments: str, init: str = INIT, before: str = "", blanks: str = "") -> str:
    """Return the playlist of a film's segments, with ``blanks`` before tags and around URIs."""
    lines = [f'{blanks}#EXT-X-MAP:URI="{init}"']
    for segment in segments:
        lines += [f"{blanks}#EXTINF:1,", f"{blanks}{segment}{blanks}"]
    body = "\n".join([*lines, "#EXT-X-ENDLIST"])
    return f"{START}#EXT-X-TARGETDURATION:1\n{before}{body}\n"


class Cinema:
    """A browser's page at the shop, and what it asked of public places."""

    def __init__(self, page: Page, film: dict[str, bytes]) -> None:
        self.page = page
        self.asked: list[str] = []
        self._film = film

    def answer(self, route: Route) -> None:
        """Answer for a public place, which has the film's files in any folder."""
        self.asked.append(route.request.url)
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        route.fulfill(
            status=200 if name in self._film else 404,
            body=self._film.get(name, b""),
            headers={"Access-Control-Allow-Origin": "*"},
        )

    def play(self, url: str) -> str:
        """Return "played" when the film has ended, or else the player's error."""
        result: str = self.page.evaluate(PLAY, [url, PATIENCE * 1000])
        return result


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return shoot(tmp_path_factory.mktemp("film"))


@pytest.fixture
def edge(storage: Storage, configure: Configure, live_server: LiveServer) -> Iterator[str]:
    """The edge's URL; the shop's scripts may read from it."""

    def verifier() -> CloudFrontVerifier:
        key = distributions["default"].key_source.get_signing_key()
        return CloudFrontVerifier({key.key_pair_id: key.public_key})

    edge = Edge(storage=storage, verifier=verifier, cors_origins=(live_server.url,))
    with running(edge) as server:
        configure({"SCHEME": "http", "DOMAIN": f"127.0.0.1:{server.port}"})
        yield f"http://127.0.0.1:{server.port}"


#: A folder's playlists by their names, of which one is the entry.
Playlists = dict[str, str | bytes]
#: Plays each folder's entry to its end. Returns how that went, and what public places were asked.
Show = Callable[[dict[str, Playlists]], tuple[dict[str, str], list[str]]]


@pytest.fixture
def token(user: User, stream: AssetFile, grant: Grant) -> str:
    return services.issue_playlist_token(user, stream).token


@pytest.fixture
def show(
    edge: str, live_server: LiveServer, stream: AssetFile, film: dict[str, bytes], token: str
) -> Show:
    storage = storages["protected"]

    def play(folders: dict[str, Playlists]) -> tuple[dict[str, str], list[str]]:
        for folder, playlists in folders.items():
            for name, content in (playlists | film).items():
                put(storage, f"{FOLDER}{folder}/{name}", content)
        # No query below: the browser's event loop runs in this thread.
        with chromium() as browser:
            cinema = open_cinema(browser, live_server.url, edge, film)
            results = {
                folder: cinema.play(f"{live_server}{url_of(stream, f'{folder}/{ENTRY}', token)}")
                for folder in folders
            }
        return results, cinema.asked

    return play


def open_cinema(browser: Browser, shop: str, edge: str, film: dict[str, bytes]) -> Cinema:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    cinema = Cinema(page, film)
    page.route(f"{OTHER_HOST}/**", cinema.answer)
    page.route(f"{edge}/public/**", cinema.answer)
    page.goto(f"{shop}/login/")
    page.set_content("<video muted></video>")
    page.add_script_tag(path=npm_script("hls.js/dist/hls.min.js"))
    return cinema


def all_of(folders: dict[str, Playlists], result: str) -> dict[str, str]:
    return dict.fromkeys(folders, result)


def test_segments_outside_the_folder_play(show: Show, edge: str) -> None:
    first, second, third = SEGMENTS
    outside = (f"/public/a/{second}", f"//other.example.com/b/{third}")
    folders: dict[str, Playlists] = {
        "a": {
            ENTRY: f"{START}{STREAM}\nb/index.m3u8\n",
            "b/index.m3u8": media(f"../{first}", *outside, init=f"../../../../public/{INIT}"),
        }
    }

    results, asked = show(folders)

    assert results == all_of(folders, "played")
    # A scheme that is left out is that of the distribution.
    assert asked == [
        f"{edge}/public/{INIT}", f"{edge}/public/a/{second}", f"{OTHER_HOST}/b/{third}"
    ]  # fmt: skip


def test_playlists_with_a_query_and_compressed_ones_play(show: Show) -> None:
    def with_query(query: str) -> Playlists:
        return {ENTRY: f"{START}{STREAM}\nb.m3u8?{query}\n", "b.m3u8": media(*SEGMENTS)}

    folders = {str(n): with_query(query) for n, query in enumerate(["v=2", "token=a", "ü&b='"])}
    folders["gzip"] = {
        name: gzip.compress(str(text).encode()) for name, text in with_query("v=2").items()
    }

    results, asked = show(folders)

    assert (results, asked) == (all_of(folders, "played"), [])


def test_variables_play(show: Show) -> None:
    define = '#EXT-X-DEFINE:NAME="number",VALUE="1"\n#EXT-X-DEFINE:NAME="up",VALUE=".."\n'
    imports = '#EXT-X-DEFINE:IMPORT="number"\n#EXT-X-DEFINE:IMPORT="up"\n'
    first, _, third = SEGMENTS
    folders: dict[str, Playlists] = {
        "import": {
            ENTRY: f"{START}{define}{STREAM}\nb/c.m3u8\n",
            "b/c.m3u8": media(
                f"../{first}", "{$up}/{$number}.m4s", f"../{third}",
                init="{$up}/init.mp4", before=imports,
            ),
        },
        "query": {
            ENTRY: f"{START}{STREAM}\nb.m3u8?number=1\n",
            "b.m3u8": media(
                first, "{$number}.m4s", third, before='#EXT-X-DEFINE:QUERYPARAM="number"\n'
            ),
        },
    }  # fmt: skip

    results, asked = show(folders)

    assert (results, asked) == (all_of(folders, "played"), [])


def test_blanks_comments_and_other_tags_play(show: Show) -> None:
    def with_blanks(blanks: str) -> Playlists:
        images = '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI="images.m3u8"'
        return {
            ENTRY: f"{START}{blanks}{images}\n{blanks}{STREAM}\n# a comment\n#\n\n"
            f"{blanks}b.m3u8{blanks}\n",
            "b.m3u8": media(*SEGMENTS, blanks=blanks, before=f"#EXT-X-PREFETCH:{SEGMENTS[0]}\n"),
        }

    folders = {"space": with_blanks(" "), "tab": with_blanks("\t"), "both": with_blanks(" \t")}
    for name, line_end in (("crlf", "\r\n"), ("cr", "\r")):
        folders[name] = {
            path: str(text).replace("\n", line_end) for path, text in with_blanks("").items()
        }

    results, asked = show(folders)

    assert (results, asked) == (all_of(folders, "played"), [])


def test_no_other_host_gets_the_token(show: Show, token: str) -> None:
    definitions = [
        '#EXT-X-DEFINE:QUERYPARAM="token"',
        '\t#EXT-X-DEFINE:QUERYPARAM="{$name}"',
        "#EXT-X-DEFINE:QUERYPARAM=token",
        '#EXT-X-UNKNOWN:#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXTINF:4,\u2028#EXT-X-DEFINE:QUERYPARAM="token"',
    ]
    leak = f"{OTHER_HOST}/{{$token}}"
    folders: dict[str, Playlists] = {}
    for number, definition in enumerate(definitions):
        define = f'#EXT-X-DEFINE:NAME="name",VALUE="token"\n{definition}\n'
        inner = media(f"{leak}/0.m4s", init=f"{leak}/{INIT}", before=define)
        folders[f"entry-{number}"] = {ENTRY: f"{START}{define}{STREAM}\n{leak}/b.m3u8\n"}
        folders[f"inner-{number}"] = {ENTRY: f"{START}{STREAM}\nb.m3u8\n", "b.m3u8": inner}

    results, asked = show(folders)

    assert "played" not in results.values()
    assert not any(token in unquote(url) for url in asked)
