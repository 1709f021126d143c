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


@pytest.mark.parametrize("reference", ["", " ", "#s", "g:h", "http://[", "https://a:99999/"])
def test_references_that_are_not_web_urls_resolve_to_none(reference: str) -> None:
    assert BaseURL("http://a/b/c/d;p?q").resolve(reference) is None


def test_browsers_read_the_bases_own_scheme_before_a_relative_path() -> None:
    base = BaseURL("http://a/b/c/d;p?q")
    assert base.resolve("http:g") == "http://a/b/c/g"
    assert base.resolve("https:g") == "https://g/"


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
        "https://cdn.example.com:8443/videos/42/a.ts",
        "http://cdn.example.com/videos/42/a.ts",
        "https://[cdn.example.com]/videos/42/a.ts",
        "//cdn.example.com:99999/videos/42/a.ts",
    ],
)
def test_absolute_urls_of_other_hosts_are_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("//evil.example/videos/42/a.ts", "https://evil.example/videos/42/a.ts"),
        ("///evil.example/videos/42/a.ts", "https://evil.example/videos/42/a.ts"),
        ("//evil.example:443/a.ts", "https://evil.example/a.ts"),
        ("\\\\evil.example/a.ts", "https://evil.example/a.ts"),
        ("/\\evil.example/a.ts", "https://evil.example/a.ts"),
        ("\\evil", "https://cdn.example.com/evil"),
        ("http:evil.example/a.ts", "http://evil.example/a.ts"),
        ("https:/evil.example/a.ts", "https://cdn.example.com/evil.example/a.ts"),
        ("../../43/a.ts", "https://cdn.example.com/videos/43/a.ts"),
        (
            "../../43/a b'\"|^{}.ts#t=1",
            "https://cdn.example.com/videos/43/a%20b'%22|%5E%7B%7D.ts#t=1",
        ),
        ("../../43/ü.ts?ü'", "https://cdn.example.com/videos/43/%C3%BC.ts?%C3%BC%27"),
        ("../..", "https://cdn.example.com/videos/"),
        ("../../../../a.ts", "https://cdn.example.com/a.ts"),
        ("/videos/42", "https://cdn.example.com/videos/42"),
        ("/videos/420/a.ts", "https://cdn.example.com/videos/420/a.ts"),
        ("/videos/42;/a.ts", "https://cdn.example.com/videos/42;/a.ts"),
        ("/Videos/42/a.ts", "https://cdn.example.com/Videos/42/a.ts"),
        ("/videos//42/a.ts", "https://cdn.example.com/videos//42/a.ts"),
        ("/videos%2F42/a.ts", "https://cdn.example.com/videos%2F42/a.ts"),
        ("//videos/42/a.ts", "https://videos/42/a.ts"),
        ("%2e%2e/%2E%2E/43/a.ts", "https://cdn.example.com/videos/43/a.ts"),
        (".%2e/../43/a.ts", "https://cdn.example.com/videos/43/a.ts"),
        # Inside, but an origin might decode them.
        ("..%2f..%2f43/a.ts", f"{FOLDER}720p/..%2f..%2f43/a.ts"),
        ("x%2f..%2F..%2f..%2f43/a.ts", f"{FOLDER}720p/x%2f..%2F..%2f..%2f43/a.ts"),
        ("..%5c..%5C43/a.ts", f"{FOLDER}720p/..%5c..%5C43/a.ts"),
        ("x%2f..", f"{FOLDER}720p/x%2f.."),
        ("..%2f", f"{FOLDER}720p/..%2f"),
        # Inside, but with a "%" that stands for nothing.
        ("100%.ts", f"{FOLDER}720p/100%.ts"),
        ("?/a.ts/%%", f"{BASE_URL}?/a.ts/%%"),
    ],
)
def test_relative_uris_that_are_not_signed_become_absolute(uri: str, url: str) -> None:
    """They would resolve against the application afterwards."""
    assert signed(uri) == url


@pytest.mark.parametrize(
    "uri",
    [f"{FOLDER}../43/a.ts", f"{FOLDER}x/../../43/a.ts", f"{FOLDER}%2e%2e/43/a.ts"],
)
def test_absolute_urls_that_leave_the_folder_are_unchanged(uri: str) -> None:
    assert signed(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://CDN.example.com/videos/42/a.ts",
        "HTTPS://cdn.example.com/videos/42/a.ts",
        "https://cdn.example.com:443/videos/42/a.ts",
        "https://cdn.example.com:0443/videos/42/a.ts",
        "https://cdn.example.com:/videos/42/a.ts",
        "https:///cdn.example.com/videos/42/a.ts",
        "https:\\\\cdn.example.com\\videos\\42\\a.ts",
        "//cdn.example.com/videos/42/a.ts",
        "//CDN.EXAMPLE.COM:443/videos/42/a.ts",
        "https://cdn%2eexample.com/videos/42/a.ts",
        "https://cdn.example\u3002com/videos/42/a.ts",
        "https://cdn.\u200bexample.com/videos/42/a.ts",
        "https://\uff43dn.example.com/videos/42/a.ts",
        "https://@cdn.example.com/videos/42/a.ts",
        "https:../a.ts",
        "https:/videos/42/a.ts",
        "../a.ts",
        "..\\a.ts",
        "\\videos\\42\\a.ts",
        "%2e%2E/a.ts",
        "/%76ideos/4%32/a.ts",
        "/videos/./x/../42/y/%2e./a.ts",
        "  ../a.ts\t",
        "../a.t\ts",
        "\x00../a.ts\x1f",
    ],
)
def test_the_own_folder_is_known_in_any_spelling(uri: str) -> None:
    assert signed(uri) == f"{FOLDER}a.ts?{QUERY}"


@pytest.mark.parametrize(
    ("prefix", "url"),
    [
        ("f%C3%BCr/", "f%c3%bcr/a.ts"),
        ("f%C3%BCr/", "für/a.ts"),
        ("it%27s/", "it's/a.ts"),
        ("it's/", "it%27s/a.ts"),
        ("a%20b/", "a b/a.ts"),
        ("a%7Eb/", "a~b/a.ts"),
        ("a~b/", "%61%7eb/a.ts"),
        ("%28x%29%2A/", "(x)*/a.ts"),
        ("a%2Bb%3D%40%3A/", "a+b=@:/a.ts"),
        ("50%25/", "50%25/a.ts"),
    ],
)
def test_the_folder_is_written_as_its_signature_has_it(prefix: str, url: str) -> None:
    """CloudFront compares a URL with a signature's resource byte by byte."""
    folder = f"https://cdn.example.com/{prefix}"
    sign = signed_under(folder, QUERY)
    for uri in (f"/{url}", f"https://cdn.example.com/{url}", f"../{url}"):
        text = rewrite(f"#EXTM3U\n{uri}", base_url=f"{folder}m.m3u8", media=sign, playlist_url=sign)
        assert text == f"#EXTM3U\n{folder}a.ts?{QUERY}"


@pytest.mark.parametrize("url", ["a%2Bb/a.ts", "a%20b/a.ts", "a%252Bb/a.ts", "A+b/a.ts"])
def test_no_other_folder_is_taken_for_the_own_one(url: str) -> None:
    sign = signed_under("https://cdn.example.com/a+b%20/", QUERY)
    assert sign(f"https://cdn.example.com/{url}") is None


def test_the_rest_of_a_url_keeps_its_spelling() -> None:
    assert signed("/%76ideos/42/%76%c3.ts?%76") == f"{FOLDER}%76%c3.ts?%76&{QUERY}"


@pytest.mark.parametrize("character", ["\t", "\x00", "\x0b", "\x1f", "\x7f"])
def test_control_characters_are_read_as_browsers_do(character: str) -> None:
    inside = "" if character == "\t" else f"%{ord(character):02X}"
    assert signed(f"a{character}b.ts") == f"{FOLDER}720p/a{inside}b.ts?{QUERY}"


def test_a_lone_surrogate_is_unchanged() -> None:
    """UTF-8 has none, so no playlist has one."""
    assert signed("a\ud800.ts") == "a\ud800.ts"


@pytest.mark.parametrize(
    "name", ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
)
def test_signed_urls_are_not_signed_again(name: str) -> None:
    assert signed(f"a.ts?part=2&{name}=1") == f"{FOLDER}720p/a.ts?part=2&{name}=1"
    assert signed(f"{FOLDER}a.ts?{name}=1") == f"{FOLDER}a.ts?{name}=1"


def test_a_url_that_would_become_too_long_is_not_signed() -> None:
    room = MAX_URL_BYTES - len(f"{FOLDER}720p/?{QUERY}")
    assert len(signed("a" * room)) == MAX_URL_BYTES
    assert signed("a" * (room + 1)) == f"{FOLDER}720p/{'a' * (room + 1)}"


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


def test_a_port_and_an_encoded_backslash_are_compared() -> None:
    sign = signed_under("http://127.0.0.1:8001/a%20b/c%5C/", QUERY)
    url = "http://127.0.0.1:8001/a%20b/c%5C/d.ts"
    assert sign(url) == sign(url.replace("%5C", "%5c")) == f"{url}?{QUERY}"
    assert sign(url.replace("8001", "8002")) is None


def test_the_base_url_may_have_a_query() -> None:
    base = BaseURL(f"{BASE_URL}?version=/2/")
    assert base.resolve("a.ts") == f"{FOLDER}720p/a.ts"
    assert base.resolve("?version=3") == f"{BASE_URL}?version=3"
