"""Which tokens are accepted, and why the others aren't: from an issuer over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.conf import ASYMMETRIC_ALGORITHMS
from cf_protected.exceptions import InvalidToken
from cf_protected.oidc.jwks import ALGORITHMS, IssuerKeys
from cf_protected.oidc.verifier import TokenVerifier
from tests.keys import Kind, public_der, public_pem
from tests.oidc.issuer import (
    AUDIENCE,
    Issuer,
    SigningKey,
    claims_of,
    join,
    jwk_of,
    key_of,
    new_key,
    rsa_key,
)

Reason = InvalidToken.Reason
NOW = 1_800_000_000.0
CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"


def refusal(verifier: TokenVerifier, token: str) -> InvalidToken.Reason:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    return caught.value.reason


def verifier_of(issuer: Issuer, **options: Any) -> TokenVerifier:
    options = {"audience": [AUDIENCE], **options}
    return TokenVerifier(issuer.url, keys=IssuerKeys(issuer.url), **options)


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

    assert refusal(verifier, forger.sign(claims_of(issuer.url))) is Reason.SIGNATURE


def test_changed_claims(issuer: Issuer, verifier: TokenVerifier) -> None:
    header, _, signature = issuer.token().split(".")
    claims = json.dumps(claims_of(issuer.url, sub="root")).encode()
    changed = base64.urlsafe_b64encode(claims).decode().rstrip("=")

    assert refusal(verifier, f"{header}.{changed}.{signature}") is Reason.SIGNATURE


def test_a_signature_left_out(issuer: Issuer, verifier: TokenVerifier) -> None:
    signed = issuer.token().rpartition(".")[0]

    assert refusal(verifier, f"{signed}.") is Reason.SIGNATURE


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 1, ["RS256"]])
def test_no_signature_at_all(issuer: Issuer, verifier: TokenVerifier, algorithm: object) -> None:
    header = {"alg": algorithm, "kid": issuer.key.key_id}

    assert refusal(verifier, join(header, claims_of(issuer.url), b"")) is Reason.ALGORITHM
    assert issuer.asked == []


@pytest.mark.parametrize("secret", [public_pem("rsa").encode(), public_der("rsa")])
def test_hmac_with_the_public_key_as_the_secret(
    issuer: Issuer, verifier: TokenVerifier, secret: bytes
) -> None:
    signed = join({"alg": "HS256", "kid": "one"}, claims_of(issuer.url), b"").rstrip(".")
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    assert refusal(verifier, token) is Reason.ALGORITHM


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "RS1", "", "rs256"])
def test_no_algorithm_that_needs_no_private_key_can_be_allowed(
    issuer: Issuer, algorithm: str
) -> None:
    with pytest.raises(ValueError, match="algorithms have to be"):
        verifier_of(issuer, algorithms=["RS256", algorithm])


def test_some_algorithm_has_to_be_allowed(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="algorithms have to be"):
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


def test_the_algorithms_are_those_of_the_setting() -> None:
    assert tuple(ALGORITHMS) == ASYMMETRIC_ALGORITHMS


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "ES256"])
def test_an_algorithm_that_is_not_allowed(
    issuer: Issuer, verifier: TokenVerifier, algorithm: str
) -> None:
    key = key_of("p256" if algorithm == "ES256" else "rsa", algorithm)
    issuer.publish(key)

    assert refusal(verifier, key.sign(claims_of(issuer.url))) is Reason.ALGORITHM


@pytest.mark.parametrize("fields", [{"alg": "RS512"}, {"alg": None}, {"use": "enc"}])
def test_a_key_for_something_else(issuer: Issuer, fields: dict[str, Any]) -> None:
    issuer.publish_jwks(jwk_of(issuer.key.key, "one", **fields))

    assert refusal(verifier_of(issuer), issuer.token()) is Reason.UNKNOWN_KEY


def test_a_key_id_of_another_algorithm(issuer: Issuer) -> None:
    """The token says ES256 and names the RSA key."""
    other = new_key(key_id="two")
    issuer.publish(issuer.key, other)
    token = SigningKey(other.key, "one", "ES256").sign(claims_of(issuer.url))

    verifier = verifier_of(issuer, algorithms=["RS256", "ES256"])

    assert refusal(verifier, token) is Reason.UNKNOWN_KEY


def test_an_unknown_key_id(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert refusal(verifier, rsa_key("three").sign(claims_of(issuer.url))) is Reason.UNKNOWN_KEY


def test_the_other_key_of_the_issuer(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.publish(issuer.key, new_key("rsa", key_id="two"))

    token = rsa_key("two").sign(claims_of(issuer.url))  # with the first key

    assert refusal(verifier, token) is Reason.SIGNATURE


def test_a_short_key(issuer: Issuer) -> None:
    issuer.publish(key_of("rsa-1024", "RS256"))
    token = join({"alg": "RS256", "kid": "one"}, claims_of(issuer.url), b"x" * 128)

    assert refusal(verifier_of(issuer), token) is Reason.UNKNOWN_KEY


# Headers


@pytest.mark.parametrize(
    "header", [{"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": 7}, {"crit": ["b64"]}]
)
def test_headers_that_are_refused(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    token = join({"alg": "RS256", "kid": "one", "b64": True, **header}, claims_of(issuer.url), b"x")

    assert refusal(verifier, token) is Reason.HEADER
    assert issuer.asked == []


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"kid": 7}])
def test_headers_that_pyjwt_may_refuse_first(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    token = join({"alg": "RS256", "kid": "one", **header}, claims_of(issuer.url), b"x")

    assert refusal(verifier, token) in {Reason.HEADER, Reason.MALFORMED}
    assert issuer.asked == []


def test_without_a_key_id(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = jwt.encode(claims_of(issuer.url), issuer.key.key, "RS256")

    assert refusal(verifier, token) is Reason.HEADER


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

    assert refusal(verifier, token) is Reason.UNKNOWN_KEY
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks.json"]


# Claims


@pytest.mark.parametrize(
    "iss", ["https://evil.example.com", "", None, 7, ["{url}"], "{url}/", "{url}/.", "{url}\0"]
)
def test_another_issuer(issuer: Issuer, verifier: TokenVerifier, iss: Any) -> None:
    iss = json.loads(json.dumps(iss).replace("{url}", issuer.url))

    assert refusal(verifier, issuer.token(iss=iss)) is Reason.ISSUER
    assert issuer.asked == []


@pytest.mark.parametrize(
    "aud",
    [None, "", "https://other.example.com", f"{AUDIENCE}/", [], [[AUDIENCE]], 7, {AUDIENCE: 1}],
)
def test_another_audience(issuer: Issuer, verifier: TokenVerifier, aud: Any) -> None:
    assert refusal(verifier, issuer.token(aud=aud)) is Reason.AUDIENCE
    assert issuer.asked == []


def test_one_of_several_audiences(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert verifier.verify(issuer.token(aud=["https://other.example.com", AUDIENCE]))


@pytest.mark.parametrize("client", [CLIENT, "another"])
def test_a_client_id_is_no_audience(issuer: Issuer, verifier: TokenVerifier, client: str) -> None:
    assert refusal(verifier, issuer.token(aud=None, client_id=client)) is Reason.AUDIENCE


def test_a_client_id_in_place_of_the_audience(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, audience=(), client_ids=[CLIENT])

    assert verifier.verify(issuer.token(aud=None, client_id=CLIENT, token_use="access"))
    for client in ("another", "", None, [CLIENT]):
        assert refusal(verifier, issuer.token(aud=None, client_id=client)) is Reason.AUDIENCE


def test_a_client_id_does_not_outweigh_another_audience(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, client_ids=[CLIENT])
    token = issuer.token(aud="https://other.example.com", client_id=CLIENT)

    assert refusal(verifier, token) is Reason.AUDIENCE


def test_an_audience_or_a_client_id_has_to_be_given(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="audience or client_ids"):
        verifier_of(issuer, audience=())


@pytest.mark.parametrize("kind", [{"token_use": "id"}, {"typ": "ID"}, {"typ": "Refresh"}])
def test_other_tokens_of_the_issuer(
    issuer: Issuer, verifier: TokenVerifier, kind: dict[str, str]
) -> None:
    """Even if somebody gave the client's ID as the audience."""
    assert refusal(verifier, issuer.token(**kind)) is Reason.NOT_ACCESS_TOKEN


@pytest.mark.parametrize("kind", [{"token_use": "access"}, {"typ": "Bearer"}])
def test_access_tokens_that_say_so(
    issuer: Issuer, verifier: TokenVerifier, kind: dict[str, str]
) -> None:
    assert verifier.verify(issuer.token(**kind))


@pytest.mark.parametrize("sub", [None, "", 7, ["ada"], "a" * 256, "ada\0", "adä"])
def test_no_subject(issuer: Issuer, verifier: TokenVerifier, sub: Any) -> None:
    assert refusal(verifier, issuer.token(sub=sub)) is Reason.CLAIMS


# Time


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": NOW - 30}, Reason.EXPIRED),
        ({"exp": 0}, Reason.EXPIRED),
        ({"exp": None}, Reason.CLAIMS),
        ({"exp": "1900000000"}, Reason.CLAIMS),
        ({"exp": True}, Reason.CLAIMS),
        ({"exp": -1}, Reason.CLAIMS),
        ({"exp": 10**400}, Reason.CLAIMS),
        ({"exp": float("nan")}, Reason.CLAIMS),
        ({"exp": float("inf")}, Reason.CLAIMS),
        ({"nbf": NOW + 31}, Reason.NOT_YET_VALID),
        ({"iat": NOW + 31}, Reason.NOT_YET_VALID),
        ({"nbf": "soon"}, Reason.CLAIMS),
        ({"iat": []}, Reason.CLAIMS),
    ],
)
def test_dates_that_are_refused(
    issuer: Issuer, claims: dict[str, Any], expected: InvalidToken.Reason
) -> None:
    verifier = verifier_of(issuer, now=lambda: NOW)
    token = issuer.token(**{"iat": NOW, "exp": NOW + 300, **claims})

    assert refusal(verifier, token) is expected
    assert issuer.asked == []


@pytest.mark.parametrize(
    "claims",
    [{"exp": NOW - 29}, {"exp": NOW + 0.5}, {"nbf": NOW + 30}, {"iat": NOW + 30}, {"iat": None}],
)
def test_dates_within_the_leeway(issuer: Issuer, claims: dict[str, Any]) -> None:
    verifier = verifier_of(issuer, now=lambda: NOW)

    assert verifier.verify(issuer.token(**{"iat": NOW, "exp": NOW + 300, **claims}))


def test_the_leeway_can_be_none(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, leeway=timedelta(0), now=lambda: NOW)

    assert refusal(verifier, issuer.token(iat=NOW, exp=NOW)) is Reason.EXPIRED


# Whatever else is sent


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.b.c.d.e",  # encrypted
        "ä.b.c",
        "a.b.c\n",
        "bnVsbA.bnVsbA.c",
        "eyJhbGci.e30.c",
        f"{'a' * 16384}.b.c",
        join({"alg": "RS256"}, [], b""),
        base64.urlsafe_b64encode(b"[" * 9000).decode() + ".e30.c",
        "e30." + base64.urlsafe_b64encode(b"[" * 9000).decode() + ".c",
        "\ud800.b.c",
    ],
)
def test_what_is_no_token(issuer: Issuer, verifier: TokenVerifier, token: str) -> None:
    assert refusal(verifier, token) is Reason.MALFORMED
    assert issuer.asked == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "iss", "aud", "sub", "exp", "iat"])
LIKELY = st.sampled_from(["RS256", "none", "one", "JWT", "https://login.test", AUDIENCE, NOW + 9])
OBJECTS = st.dictionaries(NAMES | st.text(), LIKELY | JSON)
GOOD_HEADER = {"alg": "RS256", "kid": "one"}
GOOD_CLAIMS = claims_of("https://login.test", iat=NOW, exp=NOW + 300)


def no_keys(url: str) -> dict[str, Any]:
    return {"issuer": "https://login.test", "jwks_uri": url, "keys": [jwk_of(rsa_key().key, "one")]}


OFFLINE = TokenVerifier(
    "https://login.test",
    keys=IssuerKeys("https://login.test", fetch=no_keys),
    audience=[AUDIENCE],
    now=lambda: NOW,
)


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        OFFLINE.verify(token)


@given(OBJECTS, OBJECTS, st.binary(max_size=300))
def test_any_unsigned_parts_are_refused(
    header: dict[str, Any], claims: dict[str, Any], signature: bytes
) -> None:
    token = join(GOOD_HEADER | header, GOOD_CLAIMS | claims, signature)

    with pytest.raises(InvalidToken):
        OFFLINE.verify(token)


@given(OBJECTS)
def test_any_signed_claims_are_accepted_or_refused(claims: dict[str, Any]) -> None:
    token = rsa_key().sign(GOOD_CLAIMS | claims)

    try:
        accepted = OFFLINE.verify(token)
    except InvalidToken:
        return
    assert accepted["iss"] == "https://login.test"
    assert AUDIENCE in accepted["aud"]
    assert accepted["exp"] > NOW - 30


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_signature_survives_a_change(position: int, change: int) -> None:
    signed, _, signature = GOOD_TOKEN.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[position % len(raw)] ^= change
    changed = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    with pytest.raises(InvalidToken):
        OFFLINE.verify(f"{signed}.{changed}")


GOOD_TOKEN = rsa_key().sign(GOOD_CLAIMS)


def test_a_refusal_shows_nothing_of_the_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    forger = new_key("rsa", key_id="one")
    tokens = [
        forger.sign(claims_of(issuer.url, sub="secret-subject")),
        issuer.token(aud="secret-audience"),
        issuer.token(exp=int(time.time()) - 99),
        issuer.token()[:-3] + "äää",
    ]

    for token in tokens:
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(token)
        shown = f"{caught.value} {caught.value!r} {vars(caught.value)}"
        assert not any(part in shown for part in ("secret", token, *token.split(".")))
        assert caught.value.__cause__ is None  # PyJWT's own errors hold the token
