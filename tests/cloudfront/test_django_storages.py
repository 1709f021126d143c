"""The signer works as django-storages' ``cloudfront_signer``."""

from __future__ import annotations

import pytest
from storages.backends.s3 import S3Storage

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, InvalidURL
from tests import keys
from tests.cloudfront.samples import DOMAIN


@pytest.fixture
def storage() -> S3Storage:
    signer = CloudFrontSigner(keys.signing_key("p256"))
    return S3Storage(bucket_name="books", custom_domain=DOMAIN, cloudfront_signer=signer)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a b.pdf", "a%20b.pdf"),
        ("café/it's 100% (1)!.pdf", "caf%C3%A9/it's%20100%25%20(1)!.pdf"),
        ("a+b#c?d.pdf", "a%2Bb%23c%3Fd.pdf"),
    ],
)
def test_its_urls_open(
    storage: S3Storage, p256_verifier: CloudFrontVerifier, name: str, path: str
) -> None:
    url = storage.url(name)
    assert url.startswith(f"https://{DOMAIN}/{path}?Expires=")
    p256_verifier.verify(url)


def test_its_urls_are_for_one_file(storage: S3Storage, p256_verifier: CloudFrontVerifier) -> None:
    with pytest.raises(AccessDenied):
        p256_verifier.verify(storage.url("a b.pdf").replace("a%20b", "a%20c"))


def test_its_parameters_are_signed_too(
    storage: S3Storage, p256_verifier: CloudFrontVerifier
) -> None:
    value = "attachment; filename*=UTF-8''na%C3%AFve.pdf"
    url = storage.url("a b.pdf", parameters={"response-content-disposition": value})
    p256_verifier.verify(url)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(url.replace("attachment", "inline"))


def test_its_urls_expire(storage: S3Storage, p256_verifier: CloudFrontVerifier) -> None:
    url = storage.url("a b.pdf", expire=60)
    expires = int(url.partition("Expires=")[2].partition("&")[0])
    p256_verifier.verify(url, now=expires - 1)
    with pytest.raises(AccessDenied, match="expired"):
        p256_verifier.verify(url, now=expires)


def test_its_raw_wildcards_are_refused(storage: S3Storage) -> None:
    with pytest.raises(InvalidURL, match="write %2A"):
        storage.url("a*.pdf")
