"""What of a JWK set can verify tokens."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.oidc.exceptions import IssuerUnavailable
from cf_protected.oidc.jwks import parse_keys
from tests.keys import private_key
from tests.oidc.issuer import jwk_of

GOOD = jwk_of(private_key("p256"), "good")


def test_keys_are_known_by_id_and_algorithm() -> None:
    keys = parse_keys({"keys": [GOOD, jwk_of(private_key("rsa"), "good", alg="PS256")]})

    assert set(keys) == {("good", "ES256"), ("good", "PS256")}


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        GOOD | {"kid": None},
        GOOD | {"kid": 7},
        GOOD | {"use": "enc"},
        GOOD | {"alg": "HS256"},
        GOOD | {"kty": "oct", "k": "c2VjcmV0"},
        GOOD | {"crv": "P-384"},
        GOOD | {"crv": ["P-256"]},
        GOOD | {"x": "AAAA"},
        GOOD | {"x": GOOD["y"]},
        GOOD | {"y": 7},
        GOOD | {"d": "AAAA"},
        {"kty": "RSA", "kid": "no-modulus", "e": "AQAB"},
        {"kty": "RSA", "kid": "zero", "n": "AA", "e": "AQAB"},
        {"kty": "OKP", "kid": "short", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "OKP", "kid": "encryption", "crv": "X25519", "x": "A" * 43},
        jwk_of(private_key("rsa-1024"), "short"),
        jwk_of(private_key("secp256k1"), "bitcoin"),
    ],
)
def test_what_can_verify_nothing_is_left_out(jwk: Any) -> None:
    assert set(parse_keys({"keys": [jwk, GOOD]})) == {("good", "ES256")}


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "one"}])
def test_what_is_no_key_set(document: dict[str, Any]) -> None:
    with pytest.raises(IssuerUnavailable, match="no list of keys"):
        parse_keys(document)
