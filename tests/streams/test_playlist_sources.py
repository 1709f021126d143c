"""Playlists as people really store them: with queries, variables and compression."""

from __future__ import annotations

import gzip
import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.storage import Storage
from django.test import Client

from cf_protected.hls.playlist import MAX_CHARACTERS
from cf_protected.models import AssetFile
from tests.streams.conftest import FOLDER, MASTER, MEDIA, put, uris
from tests.streams.test_playlist_view import CDN, body, url_of

pytestmark = pytest.mark.usefixtures("grant")

STREAM = "#EXT-X-STREAM-INF:BANDWIDTH=1"


def fetch(client: Client, stream: AssetFile, path: str = "odd.m3u8") -> list[str]:
    return uris(body(client.get(url_of(stream, path))))


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("../course-10/a.ts", f"{CDN}/films/course-10/a.ts"),
        ("../../a.ts", f"{CDN}/a.ts"),
        ("/ads/a.ts", f"{CDN}/ads/a.ts"),
        ("//ads.example.com/a.ts", "https://ads.example.com/a.ts"),
        ("https://ads.example.com/a.ts", "https://ads.example.com/a.ts"),
    ],
)
def test_a_segment_outside_the_folder_leads_where_it_led(
    buyer: Client, stream: AssetFile, storage: Storage, uri: str, url: str
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", f'#EXTM3U\n#EXT-X-MAP:URI="{uri}"\n#EXTINF:4,\n{uri}\n')

    assert fetch(buyer, stream) == [url, url]


def test_an_entry_in_a_subfolder_is_read_as_at_the_distribution(
    buyer: Client, stream: AssetFile, storage: Storage
) -> None:
    put(
        storage,
        f"{FOLDER}hls/entry.m3u8",
        f"#EXTM3U\n{STREAM}\nv.m3u8\n{STREAM}\n../360p/index.m3u8\n{STREAM}\n../../b/c.m3u8\n",
    )
    AssetFile.objects.update(entry="hls/entry.m3u8")

    own, other, outside = fetch(buyer, stream, "")

    assert urlsplit(own).path == url_of(stream, "hls/v.m3u8")
    assert urlsplit(other).path == url_of(stream, "360p/index.m3u8")
    assert outside == f"{CDN}/films/b/c.m3u8"


@pytest.mark.parametrize("query", ["v=2", "v=2&w", "a=%20'%C3%BC", "token=abc", "token=a&token=b"])
def test_a_playlist_with_a_query_opens_by_its_link(
    buyer: Client, client: Client, stream: AssetFile, storage: Storage, query: str
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", f"#EXTM3U\n{STREAM}\n360p/index.m3u8?{query}\n")
    (link,) = fetch(buyer, stream)
    client.logout()

    assert urlsplit(link).path == url_of(stream, "360p/index.m3u8")
    assert link.endswith(f"&{query}".replace("'", "%27"))
    assert "#EXTINF" in body(client.get(link))


def test_a_question_mark_alone_is_no_query(
    buyer: Client, stream: AssetFile, storage: Storage
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", f"#EXTM3U\n{STREAM}\n360p/index.m3u8?\n")

    assert set(parse_qs(urlsplit(fetch(buyer, stream)[0]).query)) == {"token"}


def test_the_query_of_a_link_is_the_playlists_own(
    buyer: Client, client: Client, stream: AssetFile, storage: Storage
) -> None:
    """Both of a link and of those in its playlist, which is how a URL keeps its place."""
    put(storage, f"{FOLDER}odd.m3u8", f"#EXTM3U\n{STREAM}\ninner.m3u8?part=7&token=mine\n")
    define = "".join(f'#EXT-X-DEFINE:QUERYPARAM="{name}"\n' for name in ("part", "token"))
    put(
        storage, f"{FOLDER}inner.m3u8", f"#EXTM3U\n{define}//a.example/{{$part}}/{{$token}}\n?n=1\n"
    )
    (link,) = fetch(buyer, stream)
    (token, *_) = parse_qs(urlsplit(link).query)["token"]

    text = body(client.get(link))

    assert '#EXT-X-DEFINE:NAME="part",VALUE="7"' in text
    assert text.splitlines()[-2] == "https://a.example/7/mine"
    assert text.splitlines()[-1].startswith(f"{CDN}/{FOLDER}inner.m3u8?n=1&Policy=")
    assert token not in text


@pytest.mark.parametrize("name", ["token", "{$name}", "multivariant", "Signature", "Policy"])
@pytest.mark.parametrize("times", [1, 2])
def test_no_playlist_sends_the_token_to_another_host(
    buyer: Client, stream: AssetFile, storage: Storage, name: str, times: int
) -> None:
    put(
        storage,
        f"{FOLDER}odd.m3u8",
        '#EXTM3U\n#EXT-X-DEFINE:NAME="name",VALUE="token"\n'
        f'#EXT-X-DEFINE:QUERYPARAM="{name}"\n#EXTINF:4,\nhttps://a.example/?{{${name}}}\n',
    )
    (token,) = parse_qs(urlsplit(fetch(buyer, stream, "")[0]).query)["token"]
    url = url_of(stream, "odd.m3u8", "&token=".join([token] * times))

    text = body(buyer.get(f"{url}&multivariant=odd.m3u8"))

    assert "#EXT-X-DEFINE:QUERYPARAM" not in text
    assert token not in text
    assert "https://a.example/?{$" in text


def master_with_variables(storage: Storage, name: str) -> None:
    define = '#EXT-X-DEFINE:NAME="a",VALUE="720p"\n#EXT-X-DEFINE:QUERYPARAM="q"\n'
    put(storage, f"{FOLDER}{name}", f"#EXTM3U\n{define}{STREAM}\nodd.m3u8?v=2\n")
    imports = "".join(f'#EXT-X-DEFINE:IMPORT="{name}"\n' for name in "aq")
    put(storage, f"{FOLDER}odd.m3u8", f"#EXTM3U\n{imports}{{$a}}/{{$q}}.ts\n{{$a}}/s.ts\n")


def test_a_playlist_imports_variables_of_the_one_that_leads_to_it(
    buyer: Client, client: Client, stream: AssetFile, storage: Storage
) -> None:
    master_with_variables(storage, "vars ü.m3u8")
    (link,) = uris(body(buyer.get(f"{url_of(stream, 'vars%20%C3%BC.m3u8')}?q=8%209")))
    client.logout()

    first, second = uris(body(client.get(link)))

    assert first.startswith(f"{CDN}/{FOLDER}720p/8%209.ts?Policy=")
    assert second.startswith(f"{CDN}/{FOLDER}720p/s.ts?Policy=")


def test_a_playlist_that_is_opened_by_itself_imports_variables_of_the_entry(
    buyer: Client, stream: AssetFile, storage: Storage
) -> None:
    master_with_variables(storage, "vars.m3u8")
    AssetFile.objects.update(entry="vars.m3u8")

    unknown, known = fetch(buyer, stream)

    assert unknown == "{$a}/{$q}.ts"
    assert known.startswith(f"{CDN}/{FOLDER}720p/s.ts?Policy=")


@pytest.mark.parametrize(
    "other", ["none.m3u8", "../course-10/master.m3u8", "..%255Ca", "%00", "keys/1.bin", ""]
)
def test_what_is_no_multivariant_playlist_has_no_variables(
    buyer: Client, stream: AssetFile, storage: Storage, other: str
) -> None:
    master_with_variables(storage, "vars.m3u8")

    text = body(buyer.get(f"{url_of(stream, 'odd.m3u8')}?multivariant={other}"))

    assert uris(text) == ["{$a}/{$q}.ts", "{$a}/s.ts"]


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:9]) + gzip.compress(data[9:])


@pytest.mark.parametrize("compress", [gzip.compress, two_members])
def test_a_playlist_may_be_compressed(
    buyer: Client, stream: AssetFile, storage: Storage, compress: Any
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", compress(MASTER.encode()))
    put(storage, f"{FOLDER}odd/index.m3u8", compress(MEDIA.encode()))

    response = buyer.get(url_of(stream, "odd.m3u8"))

    assert "Content-Encoding" not in response
    assert len(uris(body(response))) == 4
    assert len(fetch(buyer, stream, "odd/index.m3u8")) == 4


BOMB = gzip.compress(b"#EXTM3U\n".ljust(100 * MAX_CHARACTERS, b"#"))


@pytest.mark.parametrize(
    "case",
    [
        (gzip.compress(MASTER.encode())[:-9], "gzip data is damaged"),
        (gzip.compress(MASTER.encode())[:20], "gzip data is damaged"),
        (gzip.compress(MASTER.encode())[:40] + b"x" * 99, "gzip data is damaged"),
        (b"\x1f\x8b", "gzip data is damaged"),
        (BOMB, "more than 4,194,304 bytes"),
        (b"#EXTM3U\n".ljust(MAX_CHARACTERS + 1, b"#"), "more than 4,194,304 bytes"),
        (zlib.compress(MASTER.encode()), "isn't UTF-8 text"),
    ],
)
def test_what_can_not_be_decompressed_is_a_404(
    buyer: Client,
    stream: AssetFile,
    storage: Storage,
    caplog: pytest.LogCaptureFixture,
    case: tuple[bytes, str],
) -> None:
    data, problem = case
    put(storage, f"{FOLDER}odd.m3u8", data)

    assert buyer.get(url_of(stream, "odd.m3u8")).status_code == 404
    assert problem in caplog.text


def test_thumbnails_are_a_playlist(
    buyer: Client, client: Client, stream: AssetFile, storage: Storage
) -> None:
    put(storage, f"{FOLDER}odd.m3u8", '#EXTM3U\n#EXT-X-IMAGE-STREAM-INF:URI="360p/index.m3u8"\n')
    (link,) = fetch(buyer, stream)
    client.logout()

    assert "#EXTINF" in body(client.get(link))
