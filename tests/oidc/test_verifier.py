"""Whose signature is accepted, by which header and key: from an issuer over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest

from cf_protected.oidc.exceptions import TokenFault
from cf_protected.oidc.verifier import TokenVerifier
from tests.keys import Kind, public_der, public_pem
from tests.oidc.conftest import refusal, verifier_of
from tests.oidc.issuer import (
    Issuer,
    SigningKey,
    claims_of,
    join,
    jwk_of,
    key_of,
    new_key,
    rsa_key,
)


def test_a_good_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    claims = verifier.verify(issuer.token(scope="downloads"))

    assert (claims["iss"], claims["sub"], claims["scope"]) == (issuer.url, "ada", "downloads")


def test_the_keys_are_fetched_once(issuer: Issuer, verifier: TokenVerifier) -> None:
    for _ in range(5):
        verifier.verify(issuer.token())

    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks.json"]


# Signatures and keys


def test_a_forged_signature(issuer: Issuer, verifier: TokenVerifier) -> None:
    forger = new_key("rsa", key_id=issuer.key.key_id)

    assert refusal(verifier, forger.sign(claims_of(issuer.url))) is TokenFault.SIGNATURE


def test_changed_claims(issuer: Issuer, verifier: TokenVerifier) -> None:
    header, _, signature = issuer.token().split(".")
    claims = json.dumps(claims_of(issuer.url, sub="root")).encode()
    changed = base64.urlsafe_b64encode(claims).decode().rstrip("=")

    assert refusal(verifier, f"{header}.{changed}.{signature}") is TokenFault.SIGNATURE


def test_a_signature_left_out(issuer: Issuer, verifier: TokenVerifier) -> None:
    signed = issuer.token().rpartition(".")[0]

    assert refusal(verifier, f"{signed}.") is TokenFault.SIGNATURE


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 1, ["RS256"]])
def test_no_signature_at_all(issuer: Issuer, verifier: TokenVerifier, algorithm: object) -> None:
    header = {"alg": algorithm, "kid": issuer.key.key_id}

    assert refusal(verifier, join(header, claims_of(issuer.url), b"")) is TokenFault.ALGORITHM
    assert issuer.asked == []


@pytest.mark.parametrize("secret", [public_pem("rsa").encode(), public_der("rsa")])
def test_hmac_with_the_public_key_as_the_secret(
    issuer: Issuer, verifier: TokenVerifier, secret: bytes
) -> None:
    signed = join({"alg": "HS256", "kid": "one"}, claims_of(issuer.url), b"").rstrip(".")
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    assert refusal(verifier, token) is TokenFault.ALGORITHM


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "RS1", "", "rs256"])
def test_no_algorithm_that_needs_no_private_key_can_be_allowed(
    issuer: Issuer, algorithm: str
) -> None:
    with pytest.raises(ValueError, match="algorithms must be"):
        verifier_of(issuer, algorithms=["RS256", algorithm])


def test_some_algorithm_has_to_be_allowed(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="algorithms must be"):
        verifier_of(issuer, algorithms=[])


SIGNERS: list[tuple[Kind, str]] = [
    ("rsa", "RS256"),
    ("rsa", "RS384"),
    ("rsa", "RS512"),
    ("rsa", "PS256"),
    ("rsa", "PS384"),
    ("rsa", "PS512"),
    ("p256", "ES256"),
    ("p384", "ES384"),
    ("ed25519", "EdDSA"),
]


@pytest.mark.parametrize("with_alg", [True, False])
@pytest.mark.parametrize(("kind", "algorithm"), SIGNERS)
def test_algorithms_with_keys_that_name_them_or_not(
    issuer: Issuer, kind: Kind, algorithm: str, with_alg: bool
) -> None:
    key = key_of(kind, algorithm)
    fields = {"alg": algorithm} if with_alg else {}
    issuer.publish_jwks(jwk_of(key.key, key.key_id, **fields))
    verifier = verifier_of(issuer, algorithms=[algorithm])

    assert verifier.verify(key.sign(claims_of(issuer.url)))["sub"] == "ada"


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "ES256"])
def test_an_algorithm_that_is_not_allowed(
    issuer: Issuer, verifier: TokenVerifier, algorithm: str
) -> None:
    key = key_of("p256" if algorithm == "ES256" else "rsa", algorithm)
    issuer.publish(key)

    assert refusal(verifier, key.sign(claims_of(issuer.url))) is TokenFault.ALGORITHM


@pytest.mark.parametrize("fields", [{"alg": "RS512"}, {"alg": None}, {"use": "enc"}])
def test_a_key_for_something_else(issuer: Issuer, fields: dict[str, Any]) -> None:
    issuer.publish_jwks(jwk_of(issuer.key.key, "one", **fields))

    assert refusal(verifier_of(issuer), issuer.token()) is TokenFault.UNKNOWN_KEY


def test_a_key_id_of_another_algorithm(issuer: Issuer) -> None:
    """The token says ES256 and names the RSA key."""
    other = new_key(key_id="two")
    issuer.publish(issuer.key, other)
    token = SigningKey(other.key, "one", "ES256").sign(claims_of(issuer.url))

    verifier = verifier_of(issuer, algorithms=["RS256", "ES256"])

    assert refusal(verifier, token) is TokenFault.UNKNOWN_KEY


def test_an_unknown_key_id(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert refusal(verifier, rsa_key("three").sign(claims_of(issuer.url))) is TokenFault.UNKNOWN_KEY


def test_the_other_key_of_the_issuer(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.publish(issuer.key, new_key("rsa", key_id="two"))

    token = rsa_key("two").sign(claims_of(issuer.url))  # with the first key

    assert refusal(verifier, token) is TokenFault.SIGNATURE


def test_a_short_key(issuer: Issuer) -> None:
    issuer.publish(key_of("rsa-1024", "RS256"))
    token = join({"alg": "RS256", "kid": "one"}, claims_of(issuer.url), b"x" * 128)

    assert refusal(verifier_of(issuer), token) is TokenFault.UNKNOWN_KEY


# Headers


@pytest.mark.parametrize(
    "header", [{"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": 7}, {"crit": ["b64"]}]
)
def test_headers_that_are_refused(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    token = join({"alg": "RS256", "kid": "one", "b64": True, **header}, claims_of(issuer.url), b"x")

    assert refusal(verifier, token) is TokenFault.HEADER
    assert issuer.asked == []


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"kid": 7}])
def test_headers_that_pyjwt_may_refuse_first(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    token = join({"alg": "RS256", "kid": "one", **header}, claims_of(issuer.url), b"x")

    assert refusal(verifier, token) in {TokenFault.HEADER, TokenFault.MALFORMED}
    assert issuer.asked == []


def test_without_a_key_id(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = jwt.encode(claims_of(issuer.url), issuer.key.key, "RS256")

    assert refusal(verifier, token) is TokenFault.HEADER


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_access_tokens(issuer: Issuer, verifier: TokenVerifier, typ: str) -> None:
    assert verifier.verify(issuer.key.sign(claims_of(issuer.url), typ=typ))


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
def test_keys_in_the_header_are_not_looked_at(
    issuer: Issuer, verifier: TokenVerifier, name: str
) -> None:
    forger = new_key("rsa", key_id="forged")
    jwk = jwk_of(forger.key, "forged", alg="RS256")
    values = {"jku": f"{issuer.url}/forged.json", "x5u": f"{issuer.url}/forged.pem", "jwk": jwk}

    token = forger.sign(claims_of(issuer.url), **{name: values.get(name, ["MIIB"])})

    assert refusal(verifier, token) is TokenFault.UNKNOWN_KEY
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks.json"]
