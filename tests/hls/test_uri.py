"""What a URI resolves to, and which URLs are signed."""

from __future__ import annotations

import pytest

from cf_protected.cloudfront.url import MAX_URL_BYTES
from cf_protected.exceptions import InvalidURL
from cf_protected.hls import rewrite, signed_under
from cf_protected.hls.uri import BaseURL
from tests.hls.samples import BASE_URL, FOLDER

QUERY = "Policy=p&Signature=s&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"


def signed(uri: str) -> str:
    """Return the line of ``uri`` after rewriting a playlist whose folder is signed."""
    sign = signed_under(FOLDER, QUERY)
    text = rewrite(f"#EXTM3U\n{uri}", base_url=BASE_URL, media=sign, playlist_url=sign)
    return text.removeprefix("#EXTM3U\n")


# RFC 3986, sections 5.4.1 and 5.4.2, without fragments, since they are never requested.
@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/../x", "http://a/b/c/g"),
    ],
)
def test_the_examples_of_rfc_3986(reference: str, url: str) -> None:
    assert BaseURL("http://a/b/c/d;p?q").resolve(reference) == url


@pytest.mark.parametrize("reference", ["", " ", "#s", "g:h", "http:g"])
def test_references_that_are_not_web_urls_resolve_to_none(reference: str) -> None:
    assert BaseURL("http://a/b/c/d;p?q").resolve(reference) is None


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("a.ts", "720p/a.ts"),
        ("../audio/a.ts", "audio/a.ts"),
        ("/videos/42/a.ts", "a.ts"),
        ("//cdn.example.com/videos/42/a.ts", "a.ts"),
        (f"{FOLDER}a.ts", "a.ts"),
        (f"{FOLDER}x/../y/./a.ts", "y/a.ts"),
        ("../../../videos/42/a.ts", "a.ts"),
        ("a//b.ts", "720p/a//b.ts"),
        ("a.ts#t=10", "720p/a.ts"),
        ("12:30.ts", "720p/12:30.ts"),
        (".hidden.ts", "720p/.hidden.ts"),
        ("a;b=(c)!$&,@*.ts", "720p/a;b=(c)!$&,@*.ts"),
        ("100%25.ts", "720p/100%25.ts"),
        ("a%2Fb%20c.ts", "720p/a%2Fb%20c.ts"),
    ],
)
def test_urls_inside_the_folder_are_signed(uri: str, path: str) -> None:
    assert signed(uri) == f"{FOLDER}{path}?{QUERY}"


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("a b.ts", "720p/a%20b.ts"),
        ("  a.ts ", "720p/a.ts"),
        ("Übung.ts", "720p/%C3%9Cbung.ts"),
        ("日本/😀.ts", "720p/%E6%97%A5%E6%9C%AC/%F0%9F%98%80.ts"),
        ('a"<>^`{|}.ts', "720p/a%22%3C%3E%5E%60%7B%7C%7D.ts"),
        ("it's.ts?it's", "720p/it's.ts?it%27s"),
        ("a.ts?q=é é", "720p/a.ts?q=%C3%A9%20%C3%A9"),
    ],
)
def test_what_browsers_encode_is_encoded_once(uri: str, url: str) -> None:
    assert signed(uri) == f"{FOLDER}{url}{'&' if '?' in url else '?'}{QUERY}"


@pytest.mark.parametrize("query", ["?", "?part=2", "?a=b?c&d"])
def test_a_urls_own_query_comes_first(query: str) -> None:
    assert signed(f"a.ts{query}") == f"{FOLDER}720p/a.ts{query}&{QUERY}"


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://cdn.example.com/videos/42/",
        "data:video/mp2t;base64,AAAA",
        "skd://key.example.com/42",
        "blob:https://cdn.example.com/videos/42/a.ts",
        "ftp://cdn.example.com/videos/42/a.ts",
        "urn:a",
        "mailto:a@example.com",
    ],
)
def test_other_schemes_are_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/videos/42/a.ts",
        "//evil.example/videos/42/a.ts",
        "///evil.example/videos/42/a.ts",
        "https:///cdn.example.com/videos/42/a.ts",
        "https://cdn.example.com@evil.example/videos/42/a.ts",
        "https://cdn.example.com:x@evil.example/videos/42/a.ts",
        "https://user@cdn.example.com/videos/42/a.ts",
        "https://cdn.example.com.evil.example/videos/42/a.ts",
        "https://cdn.example.com.:/videos/42/a.ts",
        "https://cdn.example.com./videos/42/a.ts",
        "https://cdn.example.com%2f@evil.example/videos/42/a.ts",
        "https://cdn.example.com%00.evil.example/videos/42/a.ts",
        "https://evil.example#https://cdn.example.com/videos/42/a.ts",
        "https://evil.example?https://cdn.example.com/videos/42/a.ts",
        "https://cdn.example.com#@evil.example/videos/42/a.ts",
        "https://cdn.example.com\\@evil.example/videos/42/a.ts",
        "https://evil.example\\@cdn.example.com/videos/42/a.ts",
        "https:\\\\evil.example/a.ts",
        "\\\\evil.example/a.ts",
        "\\evil",
        "/\\evil.example/a.ts",
        "https:evil",
        "https:/evil.example/a.ts",
        "https:cdn.example.com/videos/42/a.ts",
        "https://cdn.example\u3002com/videos/42/a.ts",
        "https://cdn.\u200bexample.com/videos/42/a.ts",
        "https://\uff43dn.example.com/videos/42/a.ts",
    ],
)
def test_other_hosts_are_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://CDN.example.com/videos/42/a.ts",
        "HTTPS://cdn.example.com/videos/42/a.ts",
        "https://cdn.example.com:443/videos/42/a.ts",
        "https://cdn.example.com:8443/videos/42/a.ts",
        "http://cdn.example.com/videos/42/a.ts",
    ],
)
def test_another_spelling_of_the_host_is_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "../../43/a.ts",
        "../../a.ts",
        "../..",
        "/videos/42",
        "/videos/420/a.ts",
        "/videos/42;/a.ts",
        "/Videos/42/a.ts",
        "/videos//42/a.ts",
        "//videos/42/a.ts",
        f"{FOLDER}../43/a.ts",
        f"{FOLDER}x/../../43/a.ts",
        f"{FOLDER}%2e%2e/43/a.ts",
        "%2e%2e/%2E%2E/43/a.ts",
        ".%2e/../43/a.ts",
        "..%2f..%2f43/a.ts",
        "%2e%2e%2f%2e%2e%2f43/a.ts",
        "x%2f..%2F..%2f..%2f43/a.ts",
        "..%5c..%5C43/a.ts",
        "x%2f..",
        "%2e",
        "..%2f",
        "?/videos/42/a.ts/%%",
    ],
)
def test_paths_that_could_leave_the_folder_are_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize("character", ["\t", "\r", "\x00", "\x0b", "\x1f", "\x7f", "\ud800"])
def test_urls_that_players_cannot_send_are_unchanged(character: str) -> None:
    assert signed(f"a{character}b.ts") == f"a{character}b.ts"
    assert signed(f"{character}a.ts") == f"{character}a.ts"


def test_a_raw_percent_is_unchanged() -> None:
    assert signed("100%.ts") == "100%.ts"


@pytest.mark.parametrize(
    "name", ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
)
def test_signed_urls_are_unchanged(name: str) -> None:
    assert signed(f"a.ts?part=2&{name}=1") == f"a.ts?part=2&{name}=1"


def test_a_url_that_would_become_too_long_is_unchanged() -> None:
    room = MAX_URL_BYTES - len(f"{FOLDER}720p/?{QUERY}")
    assert len(signed("a" * room)) == MAX_URL_BYTES
    assert signed("a" * (room + 1)) == "a" * (room + 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/videos/43/a.ts",
        f"{FOLDER}../43/a.ts",
        f"{FOLDER}%2e%2e/43/a.ts",
        f"{FOLDER}..%2f43/a.ts",
        f"{FOLDER}a b.ts",
        f"{FOLDER}a.ts#t=1",
        f"{FOLDER}a.ts?Policy=p",
        f"{FOLDER}a\n.ts",
        "a.ts",
        "",
    ],
)
def test_signed_under_checks_urls_itself(url: str) -> None:
    assert signed_under(FOLDER, QUERY)(url) is None


@pytest.mark.parametrize(
    "prefix",
    [
        FOLDER.removesuffix("/"),
        f"{FOLDER}?a=/",
        "https://cdn.example.com/course-*/",
        "/videos/42/",
        "https://cdn.example.com/a b/",
        "https://CDN.example.com/videos/",
    ],
)
def test_a_prefix_that_is_not_a_folder_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidURL):
        signed_under(prefix, QUERY)


def test_a_port_and_an_encoded_folder_are_compared_as_they_are() -> None:
    sign = signed_under("http://127.0.0.1:8001/a%20b/c%5C/", QUERY)
    assert sign("http://127.0.0.1:8001/a%20b/c%5C/d.ts")
    assert sign("http://127.0.0.1:8002/a%20b/c%5C/d.ts") is None
    assert sign("http://127.0.0.1:8001/a%20b/c%5c/d.ts") is None


def test_the_base_url_may_have_a_query() -> None:
    base = BaseURL(f"{BASE_URL}?version=/2/")
    assert base.resolve("a.ts") == f"{FOLDER}720p/a.ts"
    assert base.resolve("?version=3") == f"{BASE_URL}?version=3"
