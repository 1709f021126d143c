"""For the tests of projects that use cf_protected."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponseBase

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import VerificationError
from cf_protected.models import AssetFile


def assert_signed_url(url: str, file: AssetFile, *, now: datetime | None = None) -> None:
    """Assert that ``url`` is ``file``'s, and that CloudFront would answer it at ``now``.

    The signature is verified as the edge does it, with the public half of the
    distribution's present signing key.

    Raises ``AssertionError``, which says what is wrong.
    """
    distribution = distributions[file.asset.distribution]
    expected = distribution.url(file.key, download_name=file.file_name)
    separator = "&" if "?" in expected else "?"
    assert url.startswith(expected + separator), f"not a signed URL of {expected}"  # noqa: S101
    key = distribution.key_source.get_signing_key()
    try:
        CloudFrontVerifier({key.key_pair_id: key.public_key}).verify(url, now=now)
    except VerificationError as error:
        raise AssertionError(f"CloudFront would answer {error}") from error


def assert_download(
    response: HttpResponseBase, file: AssetFile, *, now: datetime | None = None
) -> None:
    """Assert that ``response`` is the download view's yes for ``file``.

    A 303 to a signed URL of the file that is valid at ``now``, and that no cache keeps.
    Raises ``AssertionError``.
    """
    assert response.status_code == 303, f"status {response.status_code}, not 303"  # noqa: S101
    assert "no-store" in response.headers.get("Cache-Control", ""), "it can be cached"  # noqa: S101
    assert_signed_url(response.headers.get("Location", ""), file, now=now)
