"""The resource of cookies starts with http:// or https://; ``*`` and ``*://`` are for URLs.

Source: "Values that you specify in the policy statement for a custom policy for signed cookies",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, InvalidURL
from tests.cloudfront.by_hand import as_cookies, hand_signed, statement, with_parameters
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL

CONDITIONS: list[dict[str, Any]] = [{}, {"date_greater_than": NOW - 1}, {"ip_address": "192.0.2.7"}]
ONLY_FOR_URLS = ["*", "**", f"*://{DOMAIN}/*", f"*://{DOMAIN}/books/a%20b.pdf", "*://*", "*.net/*"]
FOR_NOTHING = [
    *(f"http*://{DOMAIN}/*", f"https*://{DOMAIN}/*", f"http?://{DOMAIN}/*", f"h*://{DOMAIN}/*"),
    *(f"HTTPS://{DOMAIN}/*", f"//{DOMAIN}/*", f"{DOMAIN}/*", "/books/*", "books/*", ""),
    *(f" https://{DOMAIN}/*", f"ftp://{DOMAIN}/*", "https:*", "http*", "https://"),
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=repr)
@pytest.mark.parametrize("resource", ONLY_FOR_URLS + FOR_NOTHING)
def test_they_are_not_signed_for_cookies(
    p256_signer: CloudFrontSigner, resource: str, conditions: dict[str, Any]
) -> None:
    with pytest.raises(InvalidURL):
        p256_signer.sign_cookies(resource, date_less_than=EXPIRES, **conditions)


@pytest.mark.parametrize("resource", ["*", f"*://{DOMAIN}/*"])
def test_the_refusal_says_what_to_write(p256_signer: CloudFrontSigner, resource: str) -> None:
    with pytest.raises(InvalidURL, match=r"resource of cookies must start with http:// or https:"):
        p256_signer.sign_cookies(resource, date_less_than=EXPIRES)


@pytest.mark.parametrize("resource", ONLY_FOR_URLS)
def test_they_open_as_urls_and_not_as_cookies(
    p256_verifier: CloudFrontVerifier, resource: str
) -> None:
    parameters = hand_signed(statement(Resource=resource))
    p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
    with pytest.raises(AccessDenied, match="must start with http:// or https://"):
        p256_verifier.verify(URL, cookies=as_cookies(parameters), now=NOW)


@pytest.mark.parametrize("resource", FOR_NOTHING)
def test_other_resources_open_nothing(p256_verifier: CloudFrontVerifier, resource: str) -> None:
    parameters = hand_signed(statement(Resource=resource))
    for url in (URL, URL.replace("https", "http")):
        with pytest.raises(AccessDenied, match="the policy is for"):
            p256_verifier.verify(with_parameters(url, parameters), now=NOW)
        with pytest.raises(AccessDenied, match="the policy is for"):
            p256_verifier.verify(url, cookies=as_cookies(parameters), now=NOW)


@pytest.mark.parametrize("resource", ["https://*", f"https://{DOMAIN}/*", "https://*.net/*", URL])
def test_explicit_schemes_open_as_cookies(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, resource: str
) -> None:
    cookies = p256_signer.sign_cookies(resource, date_less_than=EXPIRES)
    p256_verifier.verify(URL, cookies=cookies, now=NOW)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(URL.replace("https", "http"), cookies=cookies, now=NOW)


def test_a_resource_may_be_left_out(p256_verifier: CloudFrontVerifier) -> None:
    text = json.dumps({"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": EXPIRES}}}]})
    p256_verifier.verify(URL, cookies=as_cookies(hand_signed(text)), now=NOW)
    p256_verifier.verify(with_parameters(URL, hand_signed(text)), now=NOW)
