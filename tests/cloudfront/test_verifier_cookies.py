from __future__ import annotations

from typing import Any

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import (
    AccessDenied,
    InvalidKey,
    MissingKey,
)
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL, URL_WITH_QUERY

WILDCARD = f"https://{DOMAIN}/books/*"


def test_cookies_open_what_the_url_does_not(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier
) -> None:
    cookies = signer.sign_cookies(WILDCARD, date_less_than=EXPIRES)
    verifier.verify(URL, cookies=cookies, now=NOW)
    verifier.verify(URL_WITH_QUERY, cookies={**cookies, "sessionid": "x"}, now=NOW)
    with pytest.raises(AccessDenied, match="the policy is for"):
        verifier.verify(f"https://{DOMAIN}/films/a", cookies=cookies, now=NOW)
    with pytest.raises(AccessDenied, match="expired"):
        verifier.verify(URL, cookies=cookies, now=EXPIRES)


@pytest.mark.parametrize("name", ["Expires", "Policy", "Signature", "Key-Pair-Id"])
@pytest.mark.parametrize("value", ["", "=", "=1"])
def test_cookies_are_ignored_if_the_url_has_a_signing_parameter(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, name: str, value: str
) -> None:
    cookies = p256_signer.sign_cookies(WILDCARD, date_less_than=EXPIRES)
    refusal = InvalidKey if (name, value) == ("Key-Pair-Id", "=1") else MissingKey
    with pytest.raises(refusal):
        p256_verifier.verify(f"{URL}?{name}{value}", cookies=cookies, now=NOW)


def test_an_expired_url_is_refused_despite_valid_cookies(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=NOW + 1)
    cookies = p256_signer.sign_cookies(WILDCARD, date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="expired"):
        p256_verifier.verify(signed, cookies=cookies, now=NOW + 1)


def test_a_valid_url_works_despite_wrong_cookies(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    p256_verifier.verify(signed, cookies={"CloudFront-Policy": "rubbish"}, now=NOW)


def test_url_and_cookies_are_not_mixed(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    without_signature = "&".join(
        field for field in signed.split("&") if not field.startswith("Signature=")
    )
    cookies = p256_signer.sign_cookies(URL, date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="there is no signature"):
        p256_verifier.verify(without_signature, cookies=cookies, now=NOW)


def test_a_hash_algorithm_alone_belongs_to_the_url(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    cookies = p256_signer.sign_cookies(URL, date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        p256_verifier.verify(f"{URL}?Hash-Algorithm=SHA256", cookies=cookies, now=NOW)


def test_canned_cookies_are_for_one_exact_url(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier
) -> None:
    cookies = signer.sign_cookies(URL_WITH_QUERY, date_less_than=EXPIRES)
    verifier.verify(URL_WITH_QUERY, cookies=cookies, now=NOW)
    for url in (URL, f"{URL_WITH_QUERY}&", URL_WITH_QUERY.replace("https", "http")):
        with pytest.raises(AccessDenied, match="signature doesn't match"):
            verifier.verify(url, cookies=cookies, now=NOW)


@pytest.mark.parametrize(
    "name", ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm", "Policy"]
)
@pytest.mark.parametrize("conditions", [{}, {"date_greater_than": NOW - 1}], ids=repr)
def test_parameters_that_occur_twice(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    name: str,
    conditions: dict[str, Any],
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, **conditions)
    twice = [field for field in signed.partition("?")[2].split("&") if field.startswith(f"{name}=")]
    added = twice or [f"{name}=1", f"{name}=1"]
    with pytest.raises(AccessDenied, match="occurs twice"):
        p256_verifier.verify("&".join([signed, *added]), now=NOW)
