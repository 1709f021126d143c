"""The values of the signing parameters are percent-decoded once, as a live CloudFront does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import InvalidKey, MalformedPolicy, VerificationError
from tests.cloudfront.oracles import query_parameters
from tests.cloudfront.samples import EXPIRES, NOW, URL, URL_WITH_QUERY
from tests.keys import KEY_PAIR_ID

VIEWER = "192.0.2.7"
CUSTOM = {"date_greater_than": NOW - 60, "ip_address": "192.0.2.0/24"}

kinds_of_policy = pytest.mark.parametrize("conditions", [{}, CUSTOM], ids=["canned", "custom"])


def with_values(url: str, change: Callable[[str], str], *names: str) -> str:
    """Return the signed ``url`` with the values of its parameters ``names`` changed."""
    base, _, query = url.partition("?")
    fields = [field.partition("=") for field in query.split("&")]
    changed = [
        name + mark + (change(value) if name in names else value) for name, mark, value in fields
    ]
    return f"{base}?{'&'.join(changed)}"


def encode_all(value: str) -> str:
    return "".join(f"%{ord(character):02X}" for character in value)


@kinds_of_policy
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.replace("~", "%7E"),
        lambda value: value.replace("~", "%7e"),
        lambda value: value.replace("~", "%7E").replace("-", "%2D").replace("_", "%5F"),
        encode_all,
    ],
    ids=["as a common npm signer", "lower case", "the whole alphabet", "every character"],
)
@pytest.mark.parametrize("url", [URL, URL_WITH_QUERY])
def test_an_encoded_value_is_the_same_value(
    signer: CloudFrontSigner,
    verifier: CloudFrontVerifier,
    conditions: dict[str, Any],
    change: Callable[[str], str],
    url: str,
) -> None:
    signed = signer.sign_url(url, date_less_than=EXPIRES, **conditions)
    names = ("Policy", "Signature", "Expires", "Key-Pair-Id", "Hash-Algorithm")
    for some in (names, *((name,) for name in names)):
        verifier.verify(with_values(signed, change, *some), viewer_ip=VIEWER, now=NOW)


@kinds_of_policy
@pytest.mark.parametrize(
    "change",
    [
        lambda value: encode_all(encode_all(value)),
        lambda value: f"%25{value}",
        lambda value: f"{value}%",
        lambda value: f"{value}%7",
        lambda value: f"{value}%zz",
        lambda value: f"{value}%00",
        lambda value: f"{value}%0A",
        lambda value: f"{value}%20",
        lambda value: f"{value}+",
        lambda value: f"%FF{value}",
        lambda value: f"{value}%C3%A9",
        lambda value: f"{value}%26x=1",
        lambda value: f"{value}%u007E",
    ],
)
def test_anything_else_in_a_value_is_refused(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    conditions: dict[str, Any],
    change: Callable[[str], str],
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, **conditions)
    names = query_parameters(signed)
    assert len(names) == 4
    for name in names:
        with pytest.raises(VerificationError):
            p256_verifier.verify(with_values(signed, change, name), viewer_ip=VIEWER, now=NOW)


@pytest.mark.parametrize("character", ["%2B", "%2F", "%3D", "+", "/", "="])
def test_standard_base64_is_refused_also_when_it_is_encoded(
    p256_verifier: CloudFrontVerifier, character: str
) -> None:
    url = f"{URL}?Policy=e30{character}&Signature=AAAA&Key-Pair-Id={KEY_PAIR_ID}"
    with pytest.raises(MalformedPolicy, match="isn't CloudFront's base64"):
        p256_verifier.verify(url, now=NOW)


def test_only_the_values_are_decoded(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL_WITH_QUERY, date_less_than=EXPIRES)
    for name in ("Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"):
        encoded = signed.replace(f"&{name}=", f"&{encode_all(name)}=")
        with pytest.raises(VerificationError):
            p256_verifier.verify(encoded, now=NOW)
    for part, other in (("large", "l%61rge"), ("a%20b", "%61%20b"), ("size", "%73ize")):
        with pytest.raises(VerificationError):
            p256_verifier.verify(signed.replace(part, other), now=NOW)


def test_an_encoded_key_pair_id_is_looked_up_decoded(p256_verifier: CloudFrontVerifier) -> None:
    with pytest.raises(InvalidKey, match="'K0' isn't in the key group"):
        p256_verifier.verify(f"{URL}?Expires={EXPIRES}&Signature=AAAA&Key-Pair-Id=%4B0", now=NOW)


@kinds_of_policy
def test_cookies_are_taken_as_they_are(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, conditions: dict[str, Any]
) -> None:
    cookies = p256_signer.sign_cookies(URL, date_less_than=EXPIRES, **conditions)
    p256_verifier.verify(URL, cookies=cookies, viewer_ip=VIEWER, now=NOW)
    for name, value in cookies.items():
        with pytest.raises(VerificationError):
            p256_verifier.verify(
                URL, cookies={**cookies, name: encode_all(value)}, viewer_ip=VIEWER, now=NOW
            )
