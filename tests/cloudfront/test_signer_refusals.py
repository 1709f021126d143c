"""The signer refuses what it can't sign, and what would open too much."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.url import object_url
from cf_protected.exceptions import (
    CFProtectedError,
    InvalidCondition,
    InvalidURL,
    SigningError,
)
from tests import keys
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, STARTS, URL, URL_WITH_QUERY


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        (datetime(2026, 6, 1), "date_less_than is a datetime without a time zone"),  # noqa: DTZ001
        (EXPIRES * 1000, "date_less_than is .*milliseconds"),
        (float(EXPIRES), "date_less_than must be .*not float"),
        (str(EXPIRES), "date_less_than must be .*not str"),
        (True, "date_less_than must be .*not bool"),
        (timedelta(minutes=15), "date_less_than must be .*not timedelta"),
        (NOW, f"date_less_than is {NOW}, which has passed"),
        (NOW - 1, "which has passed"),
        (0, "which has passed"),
        (datetime.fromtimestamp(NOW, UTC), "which has passed"),
        (datetime.fromtimestamp(NOW + 0.9, UTC), "which has passed"),
    ],
)
def test_impossible_expiries(p256_signer: CloudFrontSigner, moment: Any, problem: str) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_url(URL, date_less_than=moment)
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_cookies(f"{URL}*", date_less_than=moment)


def test_the_next_second_is_a_possible_expiry(p256_signer: CloudFrontSigner) -> None:
    assert f"Expires={NOW + 1}&" in p256_signer.sign_url(URL, date_less_than=NOW + 1)


def test_an_expiry_within_the_current_second_has_passed() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), now=lambda: NOW + 0.5)
    with pytest.raises(InvalidCondition, match="has passed"):
        signer.sign_url(URL, date_less_than=NOW)


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        (EXPIRES, "isn't before date_less_than"),
        (EXPIRES + 1, "isn't before date_less_than"),
        (datetime.fromtimestamp(EXPIRES, UTC), "isn't before date_less_than"),
        (datetime(2026, 1, 1), "date_greater_than is a datetime without"),  # noqa: DTZ001
        (STARTS * 1000, "date_greater_than is .*milliseconds"),
        (False, "date_greater_than must be .*not bool"),
        (0.0, "date_greater_than must be .*not float"),
        ("0", "date_greater_than must be .*not str"),
    ],
)
def test_impossible_starts(p256_signer: CloudFrontSigner, moment: Any, problem: str) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_url(URL, date_less_than=EXPIRES, date_greater_than=moment)
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_cookies(URL, date_less_than=EXPIRES, date_greater_than=moment)


@pytest.mark.parametrize(
    ("ip_address", "problem"),
    [
        ("2001:db8::1", "is IPv6"),
        ("192.0.2.0/33", "isn't an IPv4 address"),
        ("192.0.2.1/24", "no host bits set"),
        ("", "isn't an IPv4 address"),
        ('192.0.2.1","x":"', "isn't an IPv4 address"),
    ],
)
def test_impossible_addresses(p256_signer: CloudFrontSigner, ip_address: str, problem: str) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address=ip_address)
    with pytest.raises(InvalidCondition, match=problem):
        p256_signer.sign_cookies(URL, date_less_than=EXPIRES, ip_address=ip_address)


# test_url has the details of check_url. These tests assert that each method calls it.
BAD_URL = f"https://{DOMAIN}/a b"


@pytest.mark.parametrize(
    "conditions", [{}, {"date_greater_than": STARTS}, {"resource": "*"}], ids=repr
)
def test_bad_urls(p256_signer: CloudFrontSigner, conditions: dict[str, Any]) -> None:
    with pytest.raises(InvalidURL, match="URL has a space"):
        p256_signer.sign_url(BAD_URL, date_less_than=EXPIRES, **conditions)


@pytest.mark.parametrize("conditions", [{}, {"ip_address": "192.0.2.1"}], ids=repr)
def test_bad_resources_of_cookies(
    p256_signer: CloudFrontSigner, conditions: dict[str, Any]
) -> None:
    with pytest.raises(InvalidURL, match="has a space"):
        p256_signer.sign_cookies(BAD_URL, date_less_than=EXPIRES, **conditions)


def test_bad_resources_of_wildcard_cookies(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(InvalidURL, match="resource has a space"):
        p256_signer.sign_cookies(f"{BAD_URL}*", date_less_than=EXPIRES)


def test_bad_resources_of_urls(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(InvalidURL, match='resource has a raw "'):
        p256_signer.sign_url(URL, date_less_than=EXPIRES, resource=f'{URL}","x":"*')


def test_a_signed_url_is_not_signed_again(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    with pytest.raises(InvalidURL, match="is it signed already"):
        p256_signer.sign_url(signed, date_less_than=EXPIRES)


@pytest.mark.parametrize(
    "name", ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
)
def test_an_objects_own_query_may_not_use_reserved_names(
    p256_signer: CloudFrontSigner, name: str
) -> None:
    url = object_url(DOMAIN, "a.pdf", query={"size": "large", name: "1"})
    with pytest.raises(InvalidURL, match=f"query has {name}, which CloudFront reserves"):
        p256_signer.sign_url(url, date_less_than=EXPIRES)


@pytest.mark.parametrize(
    "resource",
    [
        f"https://{DOMAIN}/films/*",
        f"https://{DOMAIN}",
        f"http://{DOMAIN}/*",
        "https://other.example.com/*",
        URL_WITH_QUERY,
        f"{URL}?*",
    ],
)
def test_a_resource_that_does_not_cover_the_url(
    p256_signer: CloudFrontSigner, resource: str
) -> None:
    with pytest.raises(InvalidURL, match=f"{re.escape(resource)} doesn't cover the URL"):
        p256_signer.sign_url(URL, date_less_than=EXPIRES, resource=resource)


# If a canned policy is sent as a custom one, its wildcards count.
@pytest.mark.parametrize("url", [f"https://{DOMAIN}/a*.pdf", f"{URL}?a=*", f"{URL}?a=b?"])
@pytest.mark.parametrize(
    "conditions",
    [{}, {"date_greater_than": STARTS}, {"ip_address": "192.0.2.1"}, {"resource": None}],
    ids=repr,
)
def test_a_wildcard_in_a_url(
    p256_signer: CloudFrontSigner, url: str, conditions: dict[str, Any]
) -> None:
    with pytest.raises(InvalidURL, match=r"wildcard.*write %2A or %3F"):
        p256_signer.sign_url(url, date_less_than=EXPIRES, **conditions)


def test_a_wildcard_in_a_url_that_is_its_own_resource(p256_signer: CloudFrontSigner) -> None:
    url = f"https://{DOMAIN}/a*.pdf"
    with pytest.raises(InvalidURL, match=r"wildcard.*write %2A or %3F"):
        p256_signer.sign_url(url, date_less_than=EXPIRES, resource=url)


def test_a_wildcard_in_a_url_under_a_wider_resource(p256_signer: CloudFrontSigner) -> None:
    url, resource = f"https://{DOMAIN}/a*.pdf", f"https://{DOMAIN}/*"
    signed = p256_signer.sign_url(url, date_less_than=EXPIRES, resource=resource)
    assert signed.startswith(f"{url}?Policy=")


def test_a_wildcard_in_a_presigned_url(p256_signer: CloudFrontSigner) -> None:
    moment = datetime.fromtimestamp(EXPIRES, UTC)
    with pytest.raises(InvalidURL, match=r"wildcard.*write %2A or %3F"):
        p256_signer.generate_presigned_url(f"https://{DOMAIN}/a*.pdf", moment)


def test_a_second_question_mark_in_canned_cookies(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(InvalidURL, match=r"wildcard.*write %2A or %3F"):
        p256_signer.sign_cookies(f"{URL}?a=b?", date_less_than=EXPIRES)


@pytest.mark.parametrize("conditions", [{}, {"date_greater_than": STARTS}], ids=repr)
def test_a_url_beyond_the_limit_before_signing(
    p256_signer: CloudFrontSigner, conditions: dict[str, Any]
) -> None:
    with pytest.raises(InvalidURL, match="The URL has 8193 bytes; CloudFront accepts 8192"):
        p256_signer.sign_url(URL.ljust(8193, "x"), date_less_than=EXPIRES, **conditions)


@pytest.mark.parametrize("conditions", [{}, {"date_greater_than": STARTS}], ids=repr)
def test_a_url_beyond_the_limit_after_signing(
    p256_signer: CloudFrontSigner, conditions: dict[str, Any]
) -> None:
    with pytest.raises(InvalidURL, match=r"The signed URL has .* bytes; CloudFront accepts 8192"):
        p256_signer.sign_url(URL.ljust(8190, "x"), date_less_than=EXPIRES, **conditions)


def test_the_longest_signed_url() -> None:
    signer = CloudFrontSigner(keys.signing_key("rsa"), now=lambda: NOW)
    added = len(signer.sign_url(URL, date_less_than=EXPIRES)) - len(URL)
    longest = URL.ljust(8192 - added, "x")
    assert len(signer.sign_url(longest, date_less_than=EXPIRES)) == 8192
    with pytest.raises(InvalidURL, match="signed URL has 8193 bytes"):
        signer.sign_url(f"{longest}x", date_less_than=EXPIRES)


@pytest.mark.parametrize("name", ["MD5", "SHA512", "sha256", "SHA-256", "", None])
def test_other_hash_algorithms(name: Any) -> None:
    with pytest.raises(SigningError, match=f"hash_algorithm is {name!r}; use 'SHA256' or 'SHA1'"):
        CloudFrontSigner(keys.signing_key("p256"), hash_algorithm=name)


@pytest.mark.parametrize("error", [InvalidURL, InvalidCondition])
def test_refusals_are_value_errors_of_one_tree(error: type[Exception]) -> None:
    assert issubclass(error, SigningError)
    assert issubclass(error, CFProtectedError)
    assert issubclass(error, ValueError)


POLICY = json.dumps(
    {"Statement": [{"Resource": URL, "Condition": {"DateLessThan": {"AWS:EpochTime": EXPIRES}}}]}
)


def test_presigning_needs_an_expiry_or_a_policy(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(SigningError, match="either date_less_than or policy, not both"):
        p256_signer.generate_presigned_url(URL)


def test_presigning_refuses_both(p256_signer: CloudFrontSigner) -> None:
    moment = datetime.fromtimestamp(EXPIRES, UTC)
    with pytest.raises(SigningError, match="either date_less_than or policy, not both"):
        p256_signer.generate_presigned_url(URL, date_less_than=moment, policy=POLICY)


@pytest.mark.parametrize("policy", ["", "no json", "{}", "[]", '{"Statement":[]}', POLICY[:-1]])
def test_presigning_refuses_an_unreadable_policy(
    p256_signer: CloudFrontSigner, policy: str
) -> None:
    with pytest.raises(SigningError, match="isn't a statement that CloudFront can parse"):
        p256_signer.generate_presigned_url(URL, policy=policy)


def test_presigning_refuses_a_bad_url(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(InvalidURL, match="has a space"):
        p256_signer.generate_presigned_url(BAD_URL, policy=POLICY)


def test_presigning_refuses_the_past(p256_signer: CloudFrontSigner) -> None:
    with pytest.raises(InvalidCondition, match="has passed"):
        p256_signer.generate_presigned_url(URL, date_less_than=datetime.fromtimestamp(NOW, UTC))
