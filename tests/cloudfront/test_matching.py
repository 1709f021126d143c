"""Match resources against URLs, and compare the results with a model of AWS's rules."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.cloudfront.matching import matches
from tests.cloudfront.oracles import covers
from tests.cloudfront.strategies import examples


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ("https://a.com/b.pdf", "https://a.com/b.pdf"),
        ("https://a.com/b.pdf?c=d", "https://a.com/b.pdf?c=d"),
        ("https://a.com/*", "https://a.com/"),
        ("https://a.com/*", "https://a.com/b/c.pdf"),
        ("https://a.com/*", "https://a.com/b?c=d"),
        ("https://a.com/*.pdf", "https://a.com/b/c.pdf"),
        ("https://a.com/*a*b*", "https://a.com/xaxaxbx"),
        ("https://a.com/b*?c=*", "https://a.com/bb?c=d&e"),
        ("https://*.a.com/b", "https://x.y.a.com/b"),
        ("https://a.com*", "https://a.com.b/c?d"),
        ("https://a.com", "https://a.com/"),
        ("*://a.com/b", "http://a.com/b"),
        ("*a.com", "http://xa.com/"),
        ("*a.com/b", "https://a.com/b"),
        ("https://a.com/b?c=d?", "https://a.com/b?c=de"),
        ("*", "http://a.com/b?c"),
    ],
)
def test_covered(resource: str, url: str) -> None:
    assert matches(resource, url)


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        pytest.param("https://a.com/b.pdf", "https://a.com/B.pdf", id="case"),
        pytest.param("https://a.com/b%2a", "https://a.com/b%2A", id="case of an escape"),
        pytest.param("https://a.com/b.pdf", "https://a.com/bxpdf", id="dot is no wildcard"),
        pytest.param("https://a.com/b", "https://a.com/b?c", id="query added"),
        pytest.param("https://a.com/b", "https://a.com/b?", id="empty query added"),
        pytest.param("https://a.com/b?c=d", "https://a.com/b", id="query removed"),
        pytest.param("https://a.com/*.pdf", "https://a.com/b.pdf?c", id="star before query"),
        pytest.param("https://a.com/b?c=*", "https://a.com/b?d=c=", id="other query"),
        pytest.param(
            "https://*/b.pdf", "https://a.com/c/b.pdf", id="star crosses no slash of host"
        ),
        pytest.param("https://a*m/b", "https://a.net/m/b", id="star stays in the domain"),
        pytest.param("https://a.com", "https://a.com/b", id="root only"),
        pytest.param("*a.com", "https://a.com/b", id="leading star, root only"),
        pytest.param("https://*", "http://a.com/b", id="protocol"),
        pytest.param("https://a.com/b", "https://a.com:8443/b", id="port"),
        pytest.param("https://a.com*?c=d", "https://a.com/b?c=d", id="domain star with a query"),
        pytest.param("images/a.jpg", "https://a.com/images/a.jpg", id="not a URL"),
        pytest.param("", "https://a.com/", id="empty"),
        pytest.param("http*://a.com/b", "http://a.com/b", id="part of a protocol"),
        pytest.param("http*://a.com/b", "https://a.com/b", id="part of a protocol, https"),
        pytest.param("http?://a.com/b", "https://a.com/b", id="question mark in the protocol"),
        pytest.param("**://a.com/b", "https://a.com/b", id="two stars for a protocol"),
        pytest.param("*s://a.com/b", "https://a.com/b", id="end of a protocol"),
        pytest.param("HTTPS://a.com/b", "https://a.com/b", id="protocol in capitals"),
        pytest.param("*", "ftp://a.com/b", id="another protocol"),
        pytest.param("*://*", "://a.com/b", id="no protocol"),
        pytest.param("https://a.com/b?", "https://a.com/b", id="bare question mark"),
        pytest.param("https://a.com/b?", "https://a.com/b?", id="bare question mark on both"),
        pytest.param("https://a.com/b?", "https://a.com/bc", id="question mark as a wildcard"),
        pytest.param("https://a.com/b*?", "https://a.com/b?c", id="bare question mark after star"),
    ],
)
def test_not_covered(resource: str, url: str) -> None:
    assert not matches(resource, url)


def urls(letters: str) -> st.SearchStrategy[str]:
    """Return URLs of few letters, so that patterns often match."""
    return st.builds(
        "{}://{}/{}{}".format,
        st.sampled_from(["http", "https", "*"] if "*" in letters else ["http", "https"]),
        st.text(letters.replace("/", ""), min_size=1, max_size=4),
        st.text(letters, max_size=6),
        st.one_of(st.just(""), st.text(letters + "=", min_size=1, max_size=6).map("?{}".format)),
    )


@examples
@given(urls("ab/*"), urls("ab/"))
def test_matching_agrees_with_the_model(resource: str, url: str) -> None:
    assert matches(resource, url) == covers(resource, url)


@examples
@given(urls("ab/"), st.data())
def test_matching_agrees_with_the_model_where_wildcards_replace_letters(
    url: str, data: st.DataObject
) -> None:
    protocol, _, rest = url.partition("://")
    start = data.draw(st.integers(0, len(rest) - 1))
    end = data.draw(st.integers(start, len(rest)))
    resource = f"{protocol}://{rest[:start]}*{rest[end:]}"
    if "/" in resource.partition("://")[2].partition("?")[0]:
        assert matches(resource, url) == covers(resource, url)


@examples
@given(urls("ab/*"), urls("ab/"))
def test_a_question_mark_in_the_query_is_one_character(resource: str, url: str) -> None:
    wild = resource + ("?" if "?" in resource else "?a?")
    assert matches(wild, url) == covers(wild, url)


@examples
@given(urls("ab/"))
def test_a_url_without_wildcards_covers_itself(url: str) -> None:
    assert matches(url, url)


def test_a_hostile_pattern_is_matched_without_backtracking() -> None:
    started = time.thread_time()  # of the processor, whatever else runs on it
    assert not matches("https://a.com/" + "*a" * 50 + "b", "https://a.com/" + "a" * 2000)
    assert time.thread_time() - started < 2
