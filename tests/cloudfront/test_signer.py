"""The form of what the signer returns. test_oracles asserts that it is correct."""

from __future__ import annotations

import copy
import json
import pickle
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from cf_protected.cloudfront.keys import HashAlgorithm, PublicKey, SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from tests import keys
from tests.cloudfront.oracles import b64decode, query_parameters
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, STARTS, URL, URL_WITH_QUERY

SIGNED = r"[A-Za-z0-9\-_~]+"


def policy_of(parameters: dict[str, str], name: str = "Policy") -> dict[str, Any]:
    statements: list[dict[str, Any]] = json.loads(b64decode(parameters[name]))["Statement"]
    (statement,) = statements
    return statement


def test_a_canned_url(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    tail = f"\\?Expires={EXPIRES}&Signature={SIGNED}&Key-Pair-Id=K2JCJMDEHXQW5F"
    assert re.fullmatch(f"{re.escape(URL)}{tail}&Hash-Algorithm=SHA256", signed)


def test_sha1_urls_have_no_hash_algorithm() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), hash_algorithm="SHA1", now=lambda: NOW)
    assert list(query_parameters(signer.sign_url(URL, date_less_than=EXPIRES))) == [
        "Expires",
        "Signature",
        "Key-Pair-Id",
    ]


def test_the_urls_own_query_comes_first_and_is_unchanged(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL_WITH_QUERY, date_less_than=EXPIRES)
    assert signed.startswith(f"{URL_WITH_QUERY}&Expires={EXPIRES}&Signature=")


@pytest.mark.parametrize("query", ["a", "a=b&a=b", "b=2&a=1", "%61=%7e%7E", "a=b+c", "="])
@pytest.mark.parametrize("conditions", [{}, {"date_greater_than": STARTS}])
def test_any_query_is_emitted_verbatim(
    p256_signer: CloudFrontSigner, query: str, conditions: dict[str, Any]
) -> None:
    signed = p256_signer.sign_url(f"{URL}?{query}", date_less_than=EXPIRES, **conditions)
    assert signed.startswith(f"{URL}?{query}&")


def test_the_url_itself_as_resource_makes_a_canned_policy(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, resource=URL)
    assert signed == p256_signer.sign_url(URL, date_less_than=EXPIRES)


def test_a_start_makes_a_custom_policy(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, date_greater_than=STARTS)
    assert policy_of(query_parameters(signed)) == {
        "Resource": URL,
        "Condition": {
            "DateLessThan": {"AWS:EpochTime": EXPIRES},
            "DateGreaterThan": {"AWS:EpochTime": STARTS},
        },
    }


def test_an_address_makes_a_custom_policy(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address="192.0.2.7")
    assert policy_of(query_parameters(signed)) == {
        "Resource": URL,
        "Condition": {
            "DateLessThan": {"AWS:EpochTime": EXPIRES},
            "IpAddress": {"AWS:SourceIp": "192.0.2.7/32"},
        },
    }


def test_a_wildcard_makes_a_custom_policy(p256_signer: CloudFrontSigner) -> None:
    resource = f"https://{DOMAIN}/books/*"
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, resource=resource)
    assert policy_of(query_parameters(signed))["Resource"] == resource


def test_a_custom_url_has_a_policy_instead_of_the_expiry(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, date_greater_than=STARTS)
    names = list(query_parameters(signed))
    assert names == ["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]


def test_cookies_for_one_url_are_canned(p256_signer: CloudFrontSigner) -> None:
    cookies = p256_signer.sign_cookies(URL, date_less_than=EXPIRES)
    assert re.fullmatch(SIGNED, cookies.pop("CloudFront-Signature"))
    assert cookies == {
        "CloudFront-Expires": str(EXPIRES),
        "CloudFront-Key-Pair-Id": "K2JCJMDEHXQW5F",
        "CloudFront-Hash-Algorithm": "SHA256",
    }


@pytest.mark.parametrize(
    ("resource", "conditions"),
    [
        (f"https://{DOMAIN}/books/*", {}),
        (URL, {"date_greater_than": STARTS}),
        (URL, {"ip_address": "192.0.2.7"}),
    ],
)
def test_other_cookies_are_custom(
    p256_signer: CloudFrontSigner, resource: str, conditions: dict[str, Any]
) -> None:
    cookies = p256_signer.sign_cookies(resource, date_less_than=EXPIRES, **conditions)
    assert policy_of(cookies, "CloudFront-Policy")["Resource"] == resource
    assert "CloudFront-Expires" not in cookies


def test_sha1_cookies_have_no_hash_algorithm() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), hash_algorithm="SHA1", now=lambda: NOW)
    assert set(signer.sign_cookies(f"{URL}*", date_less_than=EXPIRES)) == {
        "CloudFront-Policy",
        "CloudFront-Signature",
        "CloudFront-Key-Pair-Id",
    }


def test_datetimes_are_converted_by_their_time_zone(p256_signer: CloudFrontSigner) -> None:
    moment = datetime.fromtimestamp(EXPIRES, UTC).astimezone()
    assert f"Expires={EXPIRES}&" in p256_signer.sign_url(URL, date_less_than=moment)


def test_the_clock_defaults_to_the_systems() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"))
    expires = int(time.time()) + 3600
    assert f"Expires={expires}&" in signer.sign_url(URL, date_less_than=expires)


def test_the_default_hash_is_sha256() -> None:
    assert CloudFrontSigner(keys.signing_key("p256")).hash_algorithm == "SHA256"


class RemoteKey(SigningKey):
    """A key outside this process, as in a key management service."""

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        return keys.signing_key("rsa").sign(message, hash_algorithm)

    @property
    def public_key(self) -> PublicKey:
        return keys.signing_key("rsa").public_key


def test_a_key_outside_the_process_can_sign() -> None:
    key = RemoteKey(keys.KEY_PAIR_ID)
    signed = CloudFrontSigner(key, now=lambda: NOW).sign_url(URL, date_less_than=EXPIRES)
    CloudFrontVerifier({key.key_pair_id: key.public_key}).verify(signed, now=NOW)


def test_the_repr_shows_only_the_key_pair_id_and_the_hash(p256_signer: CloudFrontSigner) -> None:
    shown = "<CloudFrontSigner <ECDSASigningKey K2JCJMDEHXQW5F> SHA256>"
    assert [repr(p256_signer), str(p256_signer), f"{p256_signer}"] == [shown] * 3


@pytest.mark.parametrize("memo_size", [0, 10])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_a_signer_can_not_be_copied_with_its_key(memo_size: int, duplicate: Any) -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), memo_size=memo_size)
    with pytest.raises(TypeError, match=r"can't be pickled|cannot pickle"):
        duplicate(signer)
