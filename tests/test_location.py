"""The Location header: byte for byte what was signed, for any key and name."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.distributions import distributions
from cf_protected.exceptions import InvalidURL
from cf_protected.models import AssetFile, Grant
from cf_protected.views.file import see_other
from tests.conftest import Verify
from tests.signing import sign


def test_the_file_has_its_real_name(buyer: Client, grant: Grant, file: AssetFile) -> None:
    AssetFile.objects.update(download_name="Käse & Brot.pdf")

    location = buyer.get(file.get_absolute_url())["Location"]

    (disposition,) = parse_qs(urlsplit(location).query)["response-content-disposition"]
    assert disposition == "attachment; filename*=utf-8''K%C3%A4se%20%26%20Brot.pdf"


STRANGE_KEYS = [
    "with spaces.pdf",
    "a+b=c&d;e,f@g:h$i!.pdf",
    "O'Reilly.pdf",
    "100%25.pdf",
    "100%.pdf",
    "#1.pdf",
    "what?.pdf",
    "query?a=b&Expires=1.pdf",
    "all*.pdf",
    'say "hi".pdf',
    "back\\slash.pdf",
    "Bücher/日本語/😀.pdf",
    "e\u0301 and \u00e9.pdf",
    "/leading/slash.pdf",
    "//two.pdf",
    "trailing/",
    "a//b...pdf",
    "~tilde-_.(1)[2]{3}|^`.pdf",
]


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_the_location_is_what_was_signed(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify, key: str
) -> None:
    AssetFile.objects.update(key=key, download_name="")

    location = buyer.get(file.get_absolute_url())["Location"]

    verify(location)  # any other byte would be refused
    assert f"https://downloads.example.com/{quote(key)}?" in location + "?"


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@given(key=names, download_name=names)
def test_a_redirect_has_the_signed_url_byte_for_byte(key: str, download_name: str) -> None:
    distribution = distributions["default"]
    try:
        signed = sign(distribution.url(key, download_name=download_name), distribution)
    except InvalidURL:
        return  # dot segments

    assert see_other(signed)["Location"] == signed


def test_a_redirect_may_be_as_long_as_cloudfront_takes(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    AssetFile.objects.update(key="日" * 800)

    response = buyer.get(file.get_absolute_url())

    assert len(response["Location"]) > 7000
    verify(response["Location"])
