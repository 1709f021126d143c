"""A ``?`` begins a query and is never written as a wildcard: AWS doesn't tell them apart.

The signer refuses any other ``?`` in a resource, whichever method it is given to.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, InvalidURL
from tests.cloudfront.by_hand import hand_signed, statement, with_parameters
from tests.cloudfront.oracles import query_parameters
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL

ROOT = f"https://{DOMAIN}"
WILDCARDS = [
    f"{ROOT}/books/?.pdf",
    f"{ROOT}/books/a%20?.pdf",
    f"{ROOT}/books/a%20b.pd?",
    f"{ROOT}/books/a?b.pdf",
    f"{ROOT}/b?oks/a%20b.pdf",
    f"{ROOT}/b??ks/*",
    f"{ROOT}/b?oks/*",
    f"{ROOT}/*?.pdf",
    f"{ROOT}/?*.pdf",
    f"{ROOT}/books/?",
    f"{ROOT}/books/*?",
    f"{ROOT}/books/a?b=c?",
    f"{ROOT}/books/*?b=?",
    f"{ROOT}/books/*?b=*&c=?",
    f"{ROOT}/books/??b=c",
    f"{ROOT}/books/a?b?=c",
    f"{ROOT}/books/a?&b=c",
    f"{ROOT}/books/a?=c",
    "https://d?11111abcdef8.cloudfront.net/books/*",
    "https://d?a=1.cloudfront.net/books/*",
    f"{ROOT}?",
    f"{ROOT}?a=b",
    f"{ROOT}*?a=b",
]
QUERIES = [
    f"{ROOT}/books/a%20b.pdf?size=large",
    f"{ROOT}/books/a%20b.pdf?size=large&flag",
    f"{ROOT}/books/*?size=*",
    f"{ROOT}/books/*?*",
    f"{ROOT}/books/a%20b.pdf?*",
    f"{ROOT}/*.pdf?size=large&*",
]

Sign = Callable[[CloudFrontSigner, str], object]
METHODS: dict[str, Sign] = {
    "sign_url": lambda signer, resource: signer.sign_url(
        URL, date_less_than=EXPIRES, resource=resource
    ),
    "sign_url, of itself": lambda signer, resource: signer.sign_url(
        resource, date_less_than=EXPIRES, resource=resource
    ),
    "sign_query": lambda signer, resource: signer.sign_query(resource, date_less_than=EXPIRES),
    "sign_cookies": lambda signer, resource: signer.sign_cookies(resource, date_less_than=EXPIRES),
    "sign_cookies, custom": lambda signer, resource: signer.sign_cookies(
        resource, date_less_than=EXPIRES, date_greater_than=NOW - 1
    ),
    "generate_presigned_url": lambda signer, resource: signer.generate_presigned_url(
        URL, policy=statement(Resource=resource)
    ),
}


@pytest.mark.parametrize("resource", WILDCARDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_question_mark_is_no_wildcard_for_any_method(
    p256_signer: CloudFrontSigner, method: str, resource: str
) -> None:
    with pytest.raises(InvalidURL):
        METHODS[method](p256_signer, resource)


@pytest.mark.parametrize("method", ["sign_query", "sign_cookies", "generate_presigned_url"])
def test_the_refusal_says_what_to_write(p256_signer: CloudFrontSigner, method: str) -> None:
    with pytest.raises(InvalidURL, match=r"wildcard.*'\*'.*%3F"):
        METHODS[method](p256_signer, f"{ROOT}/books/a%20?.pdf")


@pytest.mark.parametrize("resource", QUERIES)
def test_a_query_is_signed_for_urls_and_cookies(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, resource: str
) -> None:
    url = f"{ROOT}/books/a%20b.pdf?size=large&flag"
    if "flag" not in resource and "*" not in resource.partition("?")[2]:
        url = resource
    p256_verifier.verify(
        p256_signer.sign_url(url, date_less_than=EXPIRES, resource=resource), now=NOW
    )
    cookies = p256_signer.sign_cookies(resource, date_less_than=EXPIRES)
    p256_verifier.verify(url, cookies=cookies, now=NOW)
    query = p256_signer.sign_query(resource, date_less_than=EXPIRES)
    p256_verifier.verify(f"{url}&{query}", now=NOW)


def test_an_encoded_question_mark_is_a_plain_character(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    url = f"{ROOT}/books/what%3F.pdf"
    cookies = p256_signer.sign_cookies(url, date_less_than=EXPIRES)
    p256_verifier.verify(url, cookies=cookies, now=NOW)
    p256_verifier.verify(p256_signer.sign_url(url, date_less_than=EXPIRES), now=NOW)


@pytest.mark.parametrize("conditions", [{}, {"date_greater_than": NOW - 1}], ids=repr)
def test_a_url_that_ends_with_a_bare_question_mark_is_not_signed(
    p256_signer: CloudFrontSigner, conditions: dict[str, int]
) -> None:
    with pytest.raises(InvalidURL, match="ends with a '\\?' and no query; leave it out"):
        p256_signer.sign_url(f"{URL}?", date_less_than=EXPIRES, **conditions)


def test_a_url_with_a_bare_question_mark_may_be_covered_by_a_wildcard(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(f"{URL}?", date_less_than=EXPIRES, resource=f"{ROOT}/books/*")
    assert "Policy" in query_parameters(signed)
    p256_verifier.verify(signed, now=NOW)


@pytest.mark.parametrize("url", [URL, f"{URL}?x", f"{URL}?"])
def test_others_policies_open_nothing_by_a_bare_question_mark(
    p256_verifier: CloudFrontVerifier, url: str
) -> None:
    for resource in (f"{URL}?", f"{ROOT}/books/*?", f"{ROOT}/books/a%20b.pd?"):
        parameters = hand_signed(statement(Resource=resource))
        with pytest.raises(AccessDenied, match="the policy is for"):
            p256_verifier.verify(with_parameters(url, parameters), now=NOW)
