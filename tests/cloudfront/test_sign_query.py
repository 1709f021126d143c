"""One signed query opens every URL that its resource covers."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.cloudfront.keys import HashAlgorithm
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.url import MAX_URL_BYTES, append_query
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, InvalidCondition, InvalidURL
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, STARTS

FOLDER = f"https://{DOMAIN}/course-1/"
SEGMENT = f"{FOLDER}720p/segment%201.ts"
NEIGHBOUR = f"https://{DOMAIN}/course-10/720p/segment%201.ts"


@pytest.mark.parametrize(
    "url", [FOLDER, SEGMENT, f"{SEGMENT}?", f"{SEGMENT}?part=2&a=b?c"], ids=repr
)
def test_it_opens_each_covered_url(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, url: str
) -> None:
    query = signer.sign_query(f"{FOLDER}*", date_less_than=EXPIRES)
    verifier.verify(append_query(url, query), now=NOW)


@pytest.mark.parametrize(
    "url",
    [
        NEIGHBOUR,
        f"https://{DOMAIN}/course-1",
        f"https://{DOMAIN}/other?course-1/",
        SEGMENT.replace("https", "http"),
        SEGMENT.replace(DOMAIN, f"{DOMAIN}.example"),
    ],
)
def test_it_opens_no_other_url(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, url: str
) -> None:
    query = signer.sign_query(f"{FOLDER}*", date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="the policy is for"):
        verifier.verify(append_query(url, query), now=NOW)


def test_it_expires(p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier) -> None:
    url = append_query(SEGMENT, p256_signer.sign_query(f"{FOLDER}*", date_less_than=EXPIRES))
    p256_verifier.verify(url, now=EXPIRES - 1)
    with pytest.raises(AccessDenied, match="expired"):
        p256_verifier.verify(url, now=EXPIRES)


def test_it_may_be_bound_to_a_start_and_an_address(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    query = p256_signer.sign_query(
        f"{FOLDER}*",
        date_less_than=EXPIRES,
        date_greater_than=STARTS,
        ip_address="192.0.2.0/24",
    )
    url = append_query(SEGMENT, query)
    p256_verifier.verify(url, viewer_ip="192.0.2.7", now=STARTS + 1)
    with pytest.raises(AccessDenied, match="not valid for"):
        p256_verifier.verify(url, viewer_ip="192.0.2.7", now=STARTS)
    with pytest.raises(AccessDenied, match="isn't in"):
        p256_verifier.verify(url, viewer_ip="198.51.100.7", now=STARTS + 1)


def test_it_equals_what_sign_url_appends(
    signer: CloudFrontSigner, hash_algorithm: HashAlgorithm
) -> None:
    resource = f"{FOLDER}*"
    query = signer.sign_query(resource, date_less_than=EXPIRES)
    signed = signer.sign_url(SEGMENT, date_less_than=EXPIRES, resource=resource)
    assert append_query(SEGMENT, query) == signed
    assert ("Hash-Algorithm=SHA256" in query) == (hash_algorithm == "SHA256")


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        (f"https://{DOMAIN}/a b/*", "resource has a space"),
        (f'{FOLDER}*","x":"*', 'resource has a raw "'),
        (f"{FOLDER}*?Policy=a", "resource's query has Policy"),
    ],
)
def test_bad_resources(p256_signer: CloudFrontSigner, resource: str, problem: str) -> None:
    with pytest.raises(InvalidURL, match=problem):
        p256_signer.sign_query(resource, date_less_than=EXPIRES)


@pytest.mark.parametrize(
    ("conditions", "problem"),
    [
        ({"date_less_than": NOW}, "has passed"),
        ({"date_less_than": EXPIRES, "date_greater_than": EXPIRES}, "isn't before"),
        ({"date_less_than": EXPIRES, "ip_address": "2001:db8::1"}, "is IPv6"),
    ],
)
def test_impossible_conditions(
    p256_signer: CloudFrontSigner, conditions: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_query(f"{FOLDER}*", **conditions)


def test_a_url_may_become_as_long_as_cloudfront_accepts() -> None:
    url = f"{FOLDER}{'a' * (MAX_URL_BYTES - len(FOLDER) - len('?b=c'))}"
    assert len(append_query(url, "b=c")) == MAX_URL_BYTES
    with pytest.raises(InvalidURL, match="has 8193 bytes; CloudFront accepts 8192"):
        append_query(f"{url}a", "b=c")
