"""For any playlist, only URIs in the folder are signed, and the signed URLs open."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes, urljoin

import ada_url
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.cloudfront.keys import HashAlgorithm, PublicKey, SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls import rewrite, signed_under
from cf_protected.hls.uri import BaseURL
from tests import keys
from tests.cloudfront.samples import EXPIRES, NOW
from tests.cloudfront.strategies import examples, object_keys
from tests.hls.samples import BASE_URL, FOLDER, marked

SIGNER = CloudFrontSigner(keys.signing_key("p256"), now=lambda: NOW)
VERIFIER = CloudFrontVerifier({keys.KEY_PAIR_ID: keys.public_pem("p256")})
QUERY = SIGNER.sign_query(f"{FOLDER}*", date_less_than=EXPIRES)

endings = st.sampled_from(["\n", "\r\n"])
uri_pieces = st.one_of(
    st.sampled_from(
        [
            *("https://", "http://", "//", "/", ":", "@", "?", "#", "\\", "&", "=", "%", " ", "'"),
            *("..", ".", "../", "./", "%2e", "%2E%2e/", "%2f", "..%5c", "%00", "*", "\t", "\r"),
            *(FOLDER, "cdn.example.com", "/videos/42/", "videos", "42/", "evil.example", ":443"),
            *("javascript:", "data:", "HTTPS:", "https:", "Policy=x", "?Expires=1", "a.ts", "é"),
        ]
    ),
    st.text(max_size=4),
)
uris = (
    st.lists(uri_pieces, max_size=7).map("".join).filter(lambda text: not re.search("[\r\n]", text))
)
quoted_uris = uris.filter(lambda text: '"' not in text)
SHOP_URL = "https://shop.example.com/downloads/playlists/1/720p/index.m3u8?token=t"
shops = st.sampled_from([SHOP_URL, SHOP_URL.replace("https", "http"), "https://cdn.example.com/a"])
folders = st.text(
    st.one_of(
        st.sampled_from("a'()*+,;=:@!$&~-_. ^|{}[]<>`%?#\\ü"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"),
    ),
    min_size=1,
).filter(lambda text: text == text.strip() and text not in {".", ".."})
TAGS = [
    '#EXT-X-KEY:METHOD=AES-128,URI="{}",IV=0x1',
    '#EXT-X-MEDIA:TYPE=AUDIO,NAME="a, b",URI="{}"',
    '#EXT-X-DATERANGE:ID="1",X-ASSET-LIST="{}"',
    '#EXT-X-DATERANGE:ID="1",X-URI="{}"',
    '#EXT-X-CONTENT-STEERING:SERVER-URI="{}",PATHWAY-ID="a"',
    '#EXT-X-UNKNOWN:URI="{}"',
]
# What browsers remove around a URL.
BLANKS = "".join(map(chr, range(0x21)))

plain_lines = st.one_of(
    st.sampled_from(
        [
            *("", "  ", "#", "# a comment", "#EXT-X-ENDLIST", "#EXTINF:4.004,a title, a.ts"),
            *("#EXT-X-BYTERANGE:100@0", '#EXT-X-DEFINE:NAME="a",VALUE="b"', "#EXT-X-KEY"),
            *("#EXT-X-STREAM-INF:BANDWIDTH=1", '#EXT-X-MEDIA:NAME="a, b",TYPE=AUDIO'),
            *('#EXT-X-KEY:METHOD=AES-128,URI="javascript:a"', '#EXT-X-OTHER:URI="a.ts"'),
        ]
    ),
    st.text(st.characters(exclude_characters="\n\r")).map("#{}".format),
)
segments = st.sampled_from(["a.ts", "../audio/b c.m4s", "/videos/x.ts", "https://a.example/é.ts"])
playlists = st.lists(st.tuples(st.one_of(plain_lines, segments), endings)).map(
    lambda lines: "#EXTM3U\n" + "".join(f"{line}{ending}" for line, ending in lines)
)


def signed(playlist: str) -> str:
    sign = signed_under(FOLDER, QUERY)
    return rewrite(playlist, base_url=BASE_URL, media=sign, playlist_url=sign)


def place(reference: str, base_url: str) -> str | None:
    """Return where a browser goes; None if nowhere."""
    try:
        return ada_url.join_url(base_url, reference)
    except ValueError:
        return None


def decoded(url: str) -> bytes:
    return unquote_to_bytes(url.partition("#")[0])


def assert_safe(uri: str, written: str, shop_url: str) -> None:
    """Assert that ``written`` opens in the folder, or leads where ``uri`` led, unsigned."""
    before = place(uri, BASE_URL)
    url, mark, rest = written.rpartition(QUERY)
    if not mark or written.strip() == uri.strip():
        assert not uri.strip(BLANKS) or place(written, shop_url) == before
        return
    assert rest == ""
    assert url.startswith(FOLDER)
    assert before is not None
    assert decoded(url[:-1]) == decoded(before)
    path = unquote(url.partition("?")[0])
    assert not {".", ".."} & set(re.split(r"[/\\]", path))
    assert re.fullmatch(r"[!-~]+", written)
    assert not re.search(r'["\\<>#]', written)
    VERIFIER.verify(written, now=NOW)


@examples
@given(uris, shops)
@example("../43/a.ts", SHOP_URL)
@example("http:a.ts", SHOP_URL.replace("https", "http"))
@example(f"{FOLDER}%2e%2e/43/a.ts", SHOP_URL)
@example("https://cdn.example.com@evil.example/videos/42/a.ts", SHOP_URL)
def test_a_line_is_signed_inside_the_folder_or_leads_where_it_led(uri: str, shop: str) -> None:
    assume(not uri.strip(BLANKS).strip().startswith("#"))
    playlist = signed(f"#EXTM3U\n{uri}\n")
    first, written, last = playlist.split("\n")
    assert (first, last) == ("#EXTM3U", "")
    assert_safe(uri, written, shop)


@examples
@given(quoted_uris, shops, st.sampled_from(TAGS))
def test_an_attribute_is_signed_inside_the_folder_or_leads_where_it_led(
    uri: str, shop: str, line: str
) -> None:
    written = signed("#EXTM3U\n" + line.format(uri)).removeprefix("#EXTM3U\n")
    before, after = line.split("{}")
    assert written.startswith(before)
    assert written.endswith(after)
    assert_safe(uri, written.removeprefix(before).removesuffix(after), shop)


@examples
@given(folders, st.data())
def test_the_folder_is_signed_in_every_spelling_of_its_path(
    folder: str, data: st.DataObject
) -> None:
    url = f"https://cdn.example.com/{quote_object_key(folder)}/"
    sign = signed_under(url, QUERY)
    spelled = "".join(data.draw(st.sampled_from(spellings(character))) for character in folder)
    for host in ("https://cdn.example.com", "//CDN.example.com:443", ""):
        text = rewrite(
            f"#EXTM3U\n{host}/{spelled}/a.ts", base_url=url, media=sign, playlist_url=sign
        )
        assert text == f"#EXTM3U\n{url}a.ts?{QUERY}"


def spellings(character: str) -> list[str]:
    """Return ``character`` in all the ways that a browser takes for itself in a path."""
    escaped = "".join(f"%{byte:02x}" for byte in character.encode())
    found = [escaped, escaped.upper()]
    return found if character in "%?#\\/" else [character, *found]


@examples
@given(object_keys)
def test_every_object_of_the_folder_is_signed_under_its_key(key: str) -> None:
    assume(not {".", ".."} & set(re.split(r"[/\\]", key)))
    written = signed(f"#EXTM3U\n./{quote_object_key(key)}").removeprefix("#EXTM3U\n")
    assert written == f"{FOLDER}720p/{quote_object_key(key)}?{QUERY}"
    VERIFIER.verify(written, now=NOW)


@examples
@given(playlists)
def test_only_lines_with_uris_change(playlist: str) -> None:
    before, after = playlist.split("\n"), marked(playlist).split("\n")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if old.strip().startswith("#EXT-X-OTHER"):
            assert new == old.replace("a.ts", f"media:{FOLDER}720p/a.ts")
        elif old.startswith("#") or not old.strip():
            assert new == old
        else:
            assert re.match("(media|playlist):https://", new)
            assert new.endswith("\r") == old.endswith("\r")


@examples
@given(playlists)
def test_a_signed_playlist_is_not_signed_again(playlist: str) -> None:
    assert signed(signed(playlist)) == signed(playlist)


@examples
@given(st.text(), st.sampled_from(["", "#EXTM3U\n", "#EXTM3U\r\n#EXT-X-MAP:", "\ufeff#EXTM3U"]))
def test_junk_is_refused_or_unchanged(junk: str, start: str) -> None:
    try:
        signed(start + junk)
    except InvalidPlaylist:
        assert not re.match(r"#EXTM3U(?![\w-])", start + junk)


@examples
@given(st.lists(st.sampled_from(["a", "b.ts", ".", "..", "...", ";c", "d?x=/../y"]), min_size=1))
def test_relative_uris_resolve_as_in_the_standard_library(parts: list[str]) -> None:
    """No part is empty, since the standard library drops empty segments."""
    reference = "/".join(parts)
    assert BaseURL(BASE_URL).resolve(reference) == urljoin(BASE_URL, reference)


class CountingKey(SigningKey):
    """The P-256 key; it records what it signs."""

    def __init__(self) -> None:
        super().__init__(keys.KEY_PAIR_ID)
        self.signed: list[bytes] = []

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        self.signed.append(message)
        return keys.signing_key("p256").sign(message, hash_algorithm)

    @property
    def public_key(self) -> PublicKey:
        return keys.signing_key("p256").public_key


def test_a_playlist_of_2000_segments_costs_one_signature() -> None:
    key = CountingKey()
    signer = CloudFrontSigner(key, memo_size=0, now=lambda: NOW)
    sign = signed_under(FOLDER, signer.sign_query(f"{FOLDER}*", date_less_than=EXPIRES))
    playlist = "#EXTM3U\n" + "".join(f"#EXTINF:4,\n{n}.ts\n" for n in range(2000))
    rewritten = rewrite(playlist, base_url=BASE_URL, media=sign, playlist_url=sign)
    assert rewritten.count("&Signature=") == 2000
    assert len(key.signed) == 1
