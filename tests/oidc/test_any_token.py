"""Whatever is sent as a token: refused with one error, which shows nothing of it."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.oidc.exceptions import InvalidToken
from cf_protected.oidc.jwks import IssuerKeys
from cf_protected.oidc.verifier import TokenVerifier
from tests.oidc.issuer import AUDIENCE, Issuer, claims_of, join, jwk_of, new_key, rsa_key

NOW = 1_800_000_000.0


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
    with pytest.raises(InvalidToken, match="malformed"):
        verifier.verify(token)
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
