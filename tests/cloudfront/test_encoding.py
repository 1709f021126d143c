from __future__ import annotations

import base64
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.cloudfront.encoding import (
    cloudfront_b64decode,
    cloudfront_b64encode,
    quote_object_key,
    quote_query_value,
)
from cf_protected.exceptions import InvalidURL
from tests.cloudfront.strategies import examples, object_keys, pairs_of_keys


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xfb\xef\xbe", "----"),
        (b"\xff\xff\xff", "~~~~"),
        (b"\x00", "AA__"),
        (b"signed", "c2lnbmVk"),
    ],
)
def test_base64_has_cloudfronts_alphabet(data: bytes, text: str) -> None:
    assert cloudfront_b64encode(data) == text


@examples
@given(st.binary())
def test_base64_is_mime_base64_with_three_characters_replaced(data: bytes) -> None:
    mime = base64.b64encode(data).decode()
    assert cloudfront_b64encode(data) == mime.translate(str.maketrans("+=/", "-_~"))


@examples
@given(st.binary())
def test_base64_round_trip(data: bytes) -> None:
    assert cloudfront_b64decode(cloudfront_b64encode(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        *("AA==", "++++", "////"),
        pytest.param("AB__", id="bits-after-the-end"),
        pytest.param("AA", id="no-padding"),
        pytest.param("AA_", id="too-little-padding"),
        pytest.param("AA___", id="too-much-padding"),
        pytest.param("____", id="only-padding"),
        pytest.param("AA__AAAA", id="padding-inside"),
        *("A", "AAAA ", " AAAA", "AAAA\n", "AAA\x00", "AAÀA", "AA%5F%5F"),
    ],
)
def test_base64_decoding_accepts_only_the_canonical_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)base64|padding"):
        cloudfront_b64decode(text)


@examples
@given(st.text("AQgw-_~", max_size=8))
def test_no_two_texts_decode_to_the_same_bytes(text: str) -> None:
    try:
        data = cloudfront_b64decode(text)
    except ValueError:
        return
    assert cloudfront_b64encode(data) == text


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("it's", "it%27s"),
        ("*?", "%2A%3F"),
        ("a b+c", "a%20b%2Bc"),
        ("naïve/", "na%C3%AFve%2F"),
        ("AZaz09-._~", "AZaz09-._~"),
    ],
)
def test_query_values_keep_only_unreserved_characters(value: str, quoted: str) -> None:
    assert quote_query_value(value) == quoted


@pytest.mark.parametrize(
    ("key", "quoted"),
    [
        ("a b.pdf", "a%20b.pdf"),
        ("a+b.pdf", "a%2Bb.pdf"),
        ("it's.pdf", "it%27s.pdf"),
        ("100%.pdf", "100%25.pdf"),
        ("a%2Ab.pdf", "a%252Ab.pdf"),
        ("a#b?c*d.pdf", "a%23b%3Fc%2Ad.pdf"),
        ('a"b\\c.pdf', "a%22b%5Cc.pdf"),
        ("café/テスト.pdf", "caf%C3%A9/%E3%83%86%E3%82%B9%E3%83%88.pdf"),
        ("/leading//double/", "/leading//double/"),
        ("...", "..."),
        (".hidden", ".hidden"),
        ("a..b/c.", "a..b/c."),
        ("%2e%2e/a", "%252e%252e/a"),
    ],
)
def test_object_keys_are_quoted_once(key: str, quoted: str) -> None:
    assert quote_object_key(key) == quoted


@examples
@given(object_keys)
def test_quoted_keys_decode_to_the_key(key: str) -> None:
    assert unquote(quote_object_key(key), errors="strict") == key


@examples
@given(object_keys)
def test_quoted_keys_have_no_wildcard_and_nothing_that_browsers_rewrite(key: str) -> None:
    assert not set(quote_object_key(key)) & set("*? '\"\\#<>+")


@examples
@given(pairs_of_keys())
def test_different_keys_have_different_paths(keys: tuple[str, str]) -> None:
    key, other = keys
    assert quote_object_key(key) != quote_object_key(other)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "is empty"),
        ("a\nb", "control character"),
        ("a\x00b", "control character"),
        ("a\x7fb", "control character"),
        (".", "segment"),
        ("..", "segment"),
        ("a/../b", "segment"),
        ("./a", "segment"),
        ("a/.", "segment"),
        ("a\ud800b", "UTF-8"),
    ],
)
def test_keys_that_no_url_can_carry_are_refused(key: str, problem: str) -> None:
    with pytest.raises(InvalidURL, match=problem):
        quote_object_key(key)
