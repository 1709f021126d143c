from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given

from cf_protected.cloudfront.url import (
    MAX_URL_BYTES,
    check_resource,
    check_url,
    object_url,
)
from cf_protected.exceptions import InvalidURL
from tests.cloudfront.samples import DOMAIN, URL
from tests.cloudfront.strategies import examples, object_keys


def test_an_object_url_is_https_on_the_distributions_domain() -> None:
    assert object_url(DOMAIN, "books/a b.pdf") == URL


def test_an_object_url_may_be_http_on_a_port() -> None:
    url = object_url("127.0.0.1:8001", "a.pdf", scheme="http")
    assert url == "http://127.0.0.1:8001/a.pdf"


def test_a_leading_slash_of_a_key_is_kept() -> None:
    assert object_url(DOMAIN, "/a.pdf") == f"https://{DOMAIN}//a.pdf"


def test_an_object_urls_query_keeps_its_order() -> None:
    url = object_url(DOMAIN, "a", query={"b": "2", "a": "1"})
    assert url == f"https://{DOMAIN}/a?b=2&a=1"


def test_a_download_names_apostrophes_are_quoted() -> None:
    value = "attachment; filename*=UTF-8''na%C3%AFve.pdf"
    url = object_url(DOMAIN, "f.pdf", query={"response-content-disposition": value})
    assert url == (
        f"https://{DOMAIN}/f.pdf?response-content-disposition="
        "attachment%3B%20filename%2A%3DUTF-8%27%27na%25C3%25AFve.pdf"
    )


@examples
@given(object_keys)
def test_object_urls_round_trip_by_percent_decoding(key: str) -> None:
    assert unquote(urlsplit(object_url(DOMAIN, key)).path[1:], errors="strict") == key


@examples
@given(object_keys, object_keys)
def test_query_values_round_trip(key: str, value: str) -> None:
    url = object_url(DOMAIN, key, query={"name": value})
    assert parse_qsl(urlsplit(url).query, errors="strict") == [("name", value)]


@examples
@given(object_keys, object_keys)
def test_object_urls_can_be_signed_as_they_are(key: str, value: str) -> None:
    check_url(object_url(DOMAIN, key, query={"name": value}))


@pytest.mark.parametrize(
    "url",
    [
        f"https://{DOMAIN}/",
        f"http://{DOMAIN}/a.pdf",
        f"https://{DOMAIN}/it's%20(1)!*;@,$&+=:.pdf",
        f"https://{DOMAIN}/a[1]~_-.pdf",
        f"https://{DOMAIN}/caf%C3%A9%c3%a9.pdf",
        f"https://{DOMAIN}/s3://bucket/file.jpg",
        f"https://{DOMAIN}//double//slashes/",
        f"https://{DOMAIN}/.hidden/a..b/.../c.",
        f"https://{DOMAIN}/a%2E.b/%2ex",
        f"https://{DOMAIN}/a?",
        f"https://{DOMAIN}/a?b",
        f"https://{DOMAIN}/a?b=c&b=c&&=",
        f"https://{DOMAIN}/a?b=/../c?d=e",
        f"https://{DOMAIN}/a?b=attachment%3B+filename%3Dx.pdf",
        f"https://{DOMAIN}/a?expires=1&Policy2=a&x-Signature=b",
        "http://127.0.0.1:8001/a",
        "http://localhost/a",
        "https://a_b.example.com:8443/a",
    ],
)
def test_fully_encoded_urls_are_accepted(url: str) -> None:
    check_url(url)


REFUSED = [
    ("newline", f"https://{DOMAIN}/a\nb", "control character"),
    ("newline at the end", f"https://{DOMAIN}/a\n", "control character"),
    ("NUL", f"https://{DOMAIN}/a\x00b", "control character"),
    ("DEL", f"https://{DOMAIN}/a\x7fb", "control character"),
    ("tab in the host", "https://exa\tmple.com/a", "control character"),
    ("quote", f'https://{DOMAIN}/a"b', 'raw "; write %22'),
    ("backslash", f"https://{DOMAIN}/a\\b", r"raw \\; write %5C"),
    ("policy injection", f'https://{DOMAIN}/a","Resource":"*","x":"', 'raw "; write %22'),
    ("fragment", f"https://{DOMAIN}/a#b", "fragment.*%23"),
    ("user info", f"https://user:secret@{DOMAIN}/a", "User names aren't allowed"),
    ("user", f"https://user@{DOMAIN}/a", "User names aren't allowed"),
    ("IPv6 host", "https://[::1]/a", "no plain host name"),
    ("no host", "https:///a", "no plain host name"),
    ("encoded host", "https://example%2dcom/a", "no plain host name"),
    ("port without number", f"https://{DOMAIN}:/a", "no plain host name"),
    ("no path", f"https://{DOMAIN}", "has no path"),
    ("no path but a query", f"https://{DOMAIN}?a=b", "has no path"),
    ("relative", "/a.pdf", "start with http"),
    ("without scheme", f"{DOMAIN}/a.pdf", "start with http"),
    ("scheme-relative", f"//{DOMAIN}/a.pdf", "start with http"),
    ("another scheme", f"ftp://{DOMAIN}/a.pdf", "start with http"),
    ("wildcard scheme", f"*://{DOMAIN}/a.pdf", "start with http"),
    ("scheme in capitals", f"HTTPS://{DOMAIN}/a.pdf", "start with http"),
    ("empty", "", "start with http"),
    ("raw space", f"https://{DOMAIN}/a b", "space or a non-ASCII character"),
    ("raw space in the query", f"https://{DOMAIN}/a?b= c", "space or a non-ASCII character"),
    ("non-ASCII", f"https://{DOMAIN}/é", "space or a non-ASCII character"),
    ("non-ASCII host", "https://exämple.com/a", "space or a non-ASCII character"),
    ("surrogate", f"https://{DOMAIN}/\udcff", "space or a non-ASCII character"),
    ("apostrophe in the query", f"https://{DOMAIN}/a?b='c'", "write %27"),
    ("lone percent", f"https://{DOMAIN}/100%", "'%' without two hexadecimal digits"),
    ("percent and half", f"https://{DOMAIN}/a%2", "'%' without two hexadecimal digits"),
    ("percent in the query", f"https://{DOMAIN}/a?b=%zz", "'%' without two hexadecimal digits"),
    ("dot segment", f"https://{DOMAIN}/a/./b", r"segment, which browsers remove"),
    ("parent segment", f"https://{DOMAIN}/a/../b", r"segment, which browsers remove"),
    ("parent segment at the end", f"https://{DOMAIN}/a/..", r"segment, which browsers remove"),
    ("dot segment before the query", f"https://{DOMAIN}/a/.?b", r"segment, which browsers"),
    ("encoded dot", f"https://{DOMAIN}/a/%2e/b", r"segment, which browsers remove"),
    ("encoded dots", f"https://{DOMAIN}/%2E%2e/b", r"segment, which browsers remove"),
    ("half encoded dots", f"https://{DOMAIN}/a/.%2E", r"segment, which browsers remove"),
    ("caret", f"https://{DOMAIN}/a^b", "RFC 3986"),
    ("brace", f"https://{DOMAIN}/{{a}}", "RFC 3986"),
    ("angle bracket", f"https://{DOMAIN}/a?<b>", "RFC 3986"),
    ("host in capitals", f"https://{DOMAIN.upper()}/a", "lower case"),
    ("port 443 of https", f"https://{DOMAIN}:443/a", "its scheme's default port"),
    ("port 80 of http", "http://localhost:80/a", "its scheme's default port"),
    ("port with a leading zero", "http://localhost:08001/a", "no plain host name"),
]


@pytest.mark.parametrize(
    ("url", "problem"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_urls_that_browsers_would_change_are_refused(url: str, problem: str) -> None:
    with pytest.raises(InvalidURL, match=problem):
        check_url(url)


@pytest.mark.parametrize(
    "name", ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
)
@pytest.mark.parametrize("query", ["{}=1", "a=b&{}=1", "{}=1&a=b", "{}", "a&{}&b"])
def test_reserved_parameters_are_refused(name: str, query: str) -> None:
    with pytest.raises(InvalidURL, match=f"query has {name}, which CloudFront reserves"):
        check_url(f"{URL}?{query.format(name)}")


def test_a_secret_in_a_refused_url_is_not_repeated() -> None:
    with pytest.raises(InvalidURL) as caught:
        check_url(f"https://{DOMAIN}/a?token=hush hush")
    assert "hush" not in str(caught.value)


def test_the_longest_url_is_accepted() -> None:
    check_url(URL.ljust(MAX_URL_BYTES, "x"))


def test_a_longer_url_is_refused() -> None:
    with pytest.raises(InvalidURL, match="8193 bytes; CloudFront accepts 8192"):
        check_url(URL.ljust(MAX_URL_BYTES + 1, "x"))


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "https://*",
        f"*://{DOMAIN}/*",
        f"https://{DOMAIN}/*",
        f"https://{DOMAIN}*",
        f"https://{DOMAIN}",
        "https://*.example.com/a?b=c.pdf",
        "http://127.0.0.1:8001/videos/1/*",
        f"https://{DOMAIN}/a*?size=*",
    ],
)
def test_resources_may_hold_wildcards(resource: str) -> None:
    check_resource(resource)


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        ("", "start with http"),
        ("books/*", "start with http"),
        ("*example.com", "start with http"),
        ("**", "start with http"),
        ("http*://example.com/*", "start with http"),
        ('https://example.com/file","Resource":"*","x":"', 'raw "'),
        ("https://example.com/a\\?b", r"raw \\"),
        ("https://example.com/\r*", "control character"),
        ("https://example.com/*#", "fragment"),
        ("https://example.com/ *", "space"),
        ("https://example.com/é*", "non-ASCII"),
        ("https://user@example.com/*", "no plain host name"),
        ("https://example.com/*%", "without two hexadecimal digits"),
        ("https://example.com/*?a='", "write %27"),
        ("https://example.com/*?Policy=*", "resource's query has Policy"),
        ("https://Example.com/*", "lower case"),
        ("https://example.com:443/*", "its scheme's default port"),
        ("https://*.example.com/a?b.pdf", "doesn't begin a query"),
        ("https://ex?mple.com/*", "doesn't begin a query"),
    ],
)
def test_resources_that_would_break_a_policy_are_refused(resource: str, problem: str) -> None:
    with pytest.raises(InvalidURL, match=f"The resource.*{problem}|{problem}"):
        check_resource(resource)
