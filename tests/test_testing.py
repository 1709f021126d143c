"""The assertions for projects' tests pass and fail as they should."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from cf_protected import conf, services
from cf_protected.distributions import Distribution, distributions
from cf_protected.models import AssetFile, Grant
from cf_protected.testing import assert_download, assert_signed_url
from tests import keys
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import GivenKeySource
from tests.signing import sign

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def url(user: User, file: AssetFile, grant: Grant) -> str:
    return services.issue_url(user, file).url


def test_signed_url(url: str, file: AssetFile) -> None:
    assert_signed_url(url, file)


def test_signed_url_without_a_query_of_its_own(
    user: User, file: AssetFile, grant: Grant, configure: Configure
) -> None:
    configure({"CONTENT_DISPOSITION": None})
    assert_signed_url(services.issue_url(user, file).url, file)


def test_signed_url_at_another_time(user: User, file: AssetFile, url: str) -> None:
    settings = conf.current().distributions["default"]
    distribution = Distribution("default", settings, now=LATER.timestamp)
    unsigned = distribution.url(file.key, download_name=file.file_name)
    later = sign(unsigned, distribution, now=LATER)
    assert_signed_url(later, file, now=LATER)


def test_expired_url(url: str, file: AssetFile) -> None:
    with pytest.raises(AssertionError, match="CloudFront would answer AccessDenied"):
        assert_signed_url(url, file, now=LATER)


def test_unsigned_url(file: AssetFile) -> None:
    unsigned = distributions["default"].url(file.key, download_name=file.file_name)
    with pytest.raises(AssertionError, match="isn't a signed URL of https://downloads"):
        assert_signed_url(unsigned, file)


def test_url_without_a_signature(file: AssetFile) -> None:
    unsigned = distributions["default"].url(file.key, download_name=file.file_name)
    with pytest.raises(AssertionError, match="CloudFront would answer MissingKey"):
        assert_signed_url(f"{unsigned}&colour=red", file)


def test_url_of_another_file(url: str, other_file: AssetFile) -> None:
    with pytest.raises(AssertionError, match=r"isn't a signed URL of .*appendix\.pdf"):
        assert_signed_url(url, other_file)


def test_url_under_another_download_name(url: str, file: AssetFile) -> None:
    file.download_name = "Other.pdf"
    with pytest.raises(AssertionError, match=r"isn't a signed URL of .*Other\.pdf"):
        assert_signed_url(url, file)


def test_url_with_a_later_expiry(url: str, file: AssetFile) -> None:
    prolonged = re.sub(r"(?<=Expires=)\d+", lambda expires: str(int(expires[0]) + 60), url)
    with pytest.raises(AssertionError, match="CloudFront would answer AccessDenied"):
        assert_signed_url(prolonged, file)


def test_url_of_a_key_that_was_replaced(
    url: str, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(GivenKeySource, key=keys.signing_key("p256", keys.OTHER_KEY_PAIR_ID))
    with pytest.raises(AssertionError, match="CloudFront would answer InvalidKey"):
        assert_signed_url(url, file)


def test_the_message_shows_no_signature(url: str, file: AssetFile) -> None:
    signature = url.partition("Signature=")[2].partition("&")[0]
    with pytest.raises(AssertionError) as failure:
        assert_signed_url(url, file, now=LATER)
    assert signature not in str(failure.value)


def test_download(buyer: Client, file: AssetFile, grant: Grant) -> None:
    assert_download(buyer.get(file.get_absolute_url()), file)


def test_download_too_late(buyer: Client, file: AssetFile, grant: Grant) -> None:
    response = buyer.get(file.get_absolute_url())
    with pytest.raises(AssertionError, match="CloudFront would answer AccessDenied"):
        assert_download(response, file, now=LATER)


def test_refused_download(buyer: Client, file: AssetFile) -> None:
    with pytest.raises(AssertionError, match="the status is 403, not 303"):
        assert_download(buyer.get(file.get_absolute_url()), file)


def test_download_that_caches_may_store(url: str, file: AssetFile) -> None:
    response = HttpResponse(status=303, headers={"Location": url})
    with pytest.raises(AssertionError, match="caches may store it"):
        assert_download(response, file)


def test_redirect_to_nowhere(file: AssetFile) -> None:
    response = HttpResponse(status=303, headers={"Cache-Control": "private, no-store"})
    with pytest.raises(AssertionError, match="isn't a signed URL of"):
        assert_download(response, file)


def test_redirect_elsewhere(file: AssetFile) -> None:
    headers = {"Cache-Control": "no-store", "Location": "https://example.org/"}
    with pytest.raises(AssertionError, match="isn't a signed URL of"):
        assert_download(HttpResponse(status=303, headers=headers), file)
