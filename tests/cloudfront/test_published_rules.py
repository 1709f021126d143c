"""Rules and examples from AWS's pages and SDKs that need no signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cf_protected import exceptions
from cf_protected.cloudfront.encoding import cloudfront_b64encode
from cf_protected.cloudfront.keys import load_private_key, load_public_key
from cf_protected.cloudfront.matching import matches
from cf_protected.cloudfront.policy import canned_policy, custom_policy
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.exceptions import InvalidCondition, InvalidURL, UnusableKey
from tests import keys
from tests.cloudfront.oracles import b64decode
from tests.cloudfront.samples import EXPIRES, MALFORMED_SIGNATURE, NOW, URL

FACTS = json.loads(Path(__file__).with_name("vectors.json").read_text())


# Structure


STRUCTURE = {case["id"]: case for case in FACTS["structure"]}


def test_all_structure_cases_are_used() -> None:
    assert set(STRUCTURE) == {
        "botocore-policy-order",
        "botocore-custom-policy-b64",
        "go-policy-b64",
        "go-escape",
    }


def test_botocores_policy_order() -> None:
    assert canned_policy("foo", 1451606400) == STRUCTURE["botocore-policy-order"]["policy"]


def test_botocores_custom_policy_in_base64() -> None:
    case = STRUCTURE["botocore-custom-policy-b64"]
    text = custom_policy("foo", expires=1451606400, starts=1448928000, source_ip="12.34.56.78/9")
    assert text == case["policy"]
    assert cloudfront_b64encode(text.encode()) == case["policy_b64"]


def test_gos_policy_leaves_the_ampersand_alone() -> None:
    case = STRUCTURE["go-policy-b64"]
    text = canned_policy("https://example.com/a?b=1&c=2", 1257894000)
    assert text == case["policy"]
    assert b64decode(case["policy_b64_std"]).decode() == text


def test_gos_alphabet() -> None:
    case = STRUCTURE["go-escape"]
    assert case["input"].translate(str.maketrans("+=/", "-_~")) == case["output"]
    assert cloudfront_b64encode(b"\xfb\xff\xff\x00") == "-~~~AA__"


# Resources


CASES = FACTS["resource_matching"]["cases"]


def test_all_resource_cases_are_used() -> None:
    assert len(CASES) == 13


@pytest.mark.parametrize("case", CASES, ids=[f"{c['resource']} {c['url']}" for c in CASES])
def test_resources_match_as_aws_says(case: dict[str, Any]) -> None:
    assert matches(case["resource"], case["url"]) == case["match"]


# Errors


ERRORS = [*FACTS["errors"], MALFORMED_SIGNATURE]


@pytest.mark.parametrize("error", ERRORS, ids=[e["code"] for e in ERRORS])
def test_errors_carry_cloudfronts_code_and_message(error: dict[str, Any]) -> None:
    ours = getattr(exceptions, error["code"])
    assert (ours.code, ours.message) == (error["code"], error["message"])


def test_there_is_one_error_for_each_code() -> None:
    ours = {error.code for error in exceptions.VerificationError.__subclasses__()}
    assert ours == {error["code"] for error in ERRORS}


# Cases that AWS's SDKs must refuse


def signer() -> CloudFrontSigner:
    return CloudFrontSigner(keys.signing_key("p256"), now=lambda: NOW)


def load(kind: keys.Kind) -> Callable[[], object]:
    return lambda: load_private_key(keys.private_pem(kind), key_pair_id="K0")


INJECTION = 'https://example.com/file","Resource":"*","x":"'
REFUSALS: dict[str, list[tuple[type[Exception], Callable[[], object]]]] = {
    "active date >= expiry -> signer error": [
        (
            InvalidCondition,
            lambda: signer().sign_url(URL, date_less_than=EXPIRES, date_greater_than=EXPIRES),
        ),
        (
            InvalidCondition,
            lambda: signer().sign_url(URL, date_less_than=EXPIRES, date_greater_than=EXPIRES + 1),
        ),
    ],
    'resource containing " or \\ or control chars -> signer error (JSON injection: '
    'https://example.com/file","Resource":"*","x":")': [
        (InvalidURL, lambda: signer().sign_url(INJECTION, date_less_than=EXPIRES)),
        (InvalidURL, lambda: signer().sign_cookies(INJECTION, date_less_than=EXPIRES)),
        (InvalidURL, lambda: signer().sign_cookies(f"{URL}\\*", date_less_than=EXPIRES)),
        (InvalidURL, lambda: signer().sign_cookies(f"{URL}\x1f*", date_less_than=EXPIRES)),
        (
            InvalidURL,
            lambda: signer().sign_url(URL, date_less_than=EXPIRES, resource=INJECTION),
        ),
    ],
    'ip range containing " -> signer error': [
        (
            InvalidCondition,
            lambda: signer().sign_url(URL, date_less_than=EXPIRES, ip_address='10.0.0.0/8"'),
        ),
    ],
    "DSA key -> error": [(UnusableKey, load("dsa"))],
    "EC key not P-256 -> error": [(UnusableKey, load("p384")), (UnusableKey, load("secp256k1"))],
    "hash other than SHA1/SHA256 (case-insensitive input accepted, emitted uppercase) -> error": [
        (
            exceptions.SigningError,
            lambda: CloudFrontSigner(keys.signing_key("p256"), hash_algorithm="SHA512"),  # type: ignore[arg-type]
        ),
    ],
}


def test_all_cases_to_refuse_are_used() -> None:
    assert list(REFUSALS) == FACTS["sep_negative_cases"]["cases"]


@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_sdks_refuse_is_refused(case: str) -> None:
    for error, attempt in REFUSALS[case]:
        with pytest.raises(error):
            attempt()


def test_the_1024_bit_keys_are_refused_by_default() -> None:
    small = [key for key in FACTS["keys"].values() if key["bits"] == 1024]
    assert len(small) == 3
    for key in small:
        with pytest.raises(UnusableKey, match="1024 bits"):
            load_public_key(key["public_pem"])
        loaded = load_public_key(key["public_pem"], allow_legacy_sizes=True)
        assert isinstance(loaded, rsa.RSAPublicKey)
