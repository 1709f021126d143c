"""What S3, CloudFront and browsers take, compared with what is really signed."""

from __future__ import annotations

import time

import pytest

from cf_protected.cloudfront.limits import (
    check_cookie_path,
    check_key_length,
    check_signed_length,
    longest_signed_url,
)
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.exceptions import InvalidURL
from tests.keys import signing_key

URL = "https://d.example.com/%C3%BC.pdf"


@pytest.mark.parametrize("url", [URL, f"{URL}?response-content-disposition=attachment"])
def test_no_signature_is_longer_than_the_longest(url: str) -> None:
    signer = CloudFrontSigner(signing_key("rsa", "A" * 20))
    now = int(time.time())

    signed = signer.sign_url(
        url,
        date_less_than=9223372036,
        date_greater_than=now,
        ip_address="255.255.255.255",
    )

    assert len(signed) == longest_signed_url(url)
    assert len(signer.sign_url(url, date_less_than=9223372036)) < longest_signed_url(url)


def test_the_longest_url_that_can_be_signed() -> None:
    signer = CloudFrontSigner(signing_key("rsa", "A" * 20))
    longest = max(
        length for length in range(3000, 3500) if longest_signed_url(f"{URL}{'k' * length}") <= 8192
    )
    conditions = {"date_greater_than": 1, "ip_address": "255.255.255.255"}

    url = f"{URL}{'k' * longest}"
    check_signed_length(url)
    signer.sign_url(url, date_less_than=9223372036, **conditions)  # type: ignore[arg-type]

    with pytest.raises(InvalidURL, match="8,192"):
        check_signed_length(f"{url}kkk")
    with pytest.raises(InvalidURL, match="8192"):
        signer.sign_url(f"{url}{'k' * 12}", date_less_than=9223372036, **conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["k" * 1024, "ü" * 512, "日" * 341, "💿" * 256])
def test_a_key_of_1024_bytes(key: str) -> None:
    check_key_length(key)

    with pytest.raises(InvalidURL, match="1,024"):
        check_key_length(f"{key}üü")


def test_a_key_that_isnt_unicode_has_a_length_too() -> None:
    check_key_length("\ud800")


def test_a_cookies_path_has_1024_bytes() -> None:
    check_cookie_path("/" * 1024)

    with pytest.raises(InvalidURL, match="1,024"):
        check_cookie_path("/" * 1025)
