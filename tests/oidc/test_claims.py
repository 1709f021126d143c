"""Which claims are accepted of a token that the issuer signed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cf_protected.oidc.exceptions import TokenFault
from cf_protected.oidc.verifier import TokenVerifier
from tests.oidc.conftest import refusal, verifier_of
from tests.oidc.issuer import AUDIENCE, Issuer

NOW = 1_800_000_000.0
CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"


@pytest.mark.parametrize(
    "iss", ["https://evil.example.com", "", None, 7, ["{url}"], "{url}/", "{url}/.", "{url}\0"]
)
def test_another_issuer(issuer: Issuer, verifier: TokenVerifier, iss: Any) -> None:
    iss = json.loads(json.dumps(iss).replace("{url}", issuer.url))

    assert refusal(verifier, issuer.token(iss=iss)) is TokenFault.ISSUER
    assert issuer.asked == []


@pytest.mark.parametrize(
    "aud",
    [None, "", "https://other.example.com", f"{AUDIENCE}/", [], [[AUDIENCE]], 7, {AUDIENCE: 1}],
)
def test_another_audience(issuer: Issuer, verifier: TokenVerifier, aud: Any) -> None:
    assert refusal(verifier, issuer.token(aud=aud)) is TokenFault.AUDIENCE
    assert issuer.asked == []


def test_one_of_several_audiences(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert verifier.verify(issuer.token(aud=["https://other.example.com", AUDIENCE]))


@pytest.mark.parametrize("client", [CLIENT, "another"])
def test_a_client_id_is_no_audience(issuer: Issuer, verifier: TokenVerifier, client: str) -> None:
    assert refusal(verifier, issuer.token(aud=None, client_id=client)) is TokenFault.AUDIENCE


def test_a_client_id_in_place_of_the_audience(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, audience=(), client_ids=[CLIENT])

    assert verifier.verify(issuer.token(aud=None, client_id=CLIENT, token_use="access"))
    for client in ("another", "", None, [CLIENT]):
        assert refusal(verifier, issuer.token(aud=None, client_id=client)) is TokenFault.AUDIENCE


def test_a_client_id_does_not_outweigh_another_audience(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, client_ids=[CLIENT])
    token = issuer.token(aud="https://other.example.com", client_id=CLIENT)

    assert refusal(verifier, token) is TokenFault.AUDIENCE


def test_an_audience_or_a_client_id_has_to_be_given(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="audience or client_ids"):
        verifier_of(issuer, audience=())


@pytest.mark.parametrize("kind", [{"token_use": "id"}, {"typ": "ID"}, {"typ": "Refresh"}])
def test_other_tokens_of_the_issuer(
    issuer: Issuer, verifier: TokenVerifier, kind: dict[str, str]
) -> None:
    """Even if somebody gave the client's ID as the audience."""
    assert refusal(verifier, issuer.token(**kind)) is TokenFault.NOT_ACCESS_TOKEN


@pytest.mark.parametrize("kind", [{"token_use": "access"}, {"typ": "Bearer"}])
def test_access_tokens_that_say_so(
    issuer: Issuer, verifier: TokenVerifier, kind: dict[str, str]
) -> None:
    assert verifier.verify(issuer.token(**kind))


@pytest.mark.parametrize("sub", [None, "", 7, ["ada"], "a" * 256, "ada\0", "adä"])
def test_no_subject(issuer: Issuer, verifier: TokenVerifier, sub: Any) -> None:
    assert refusal(verifier, issuer.token(sub=sub)) is TokenFault.CLAIMS


# Time


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": NOW - 30}, TokenFault.EXPIRED),
        ({"exp": 0}, TokenFault.EXPIRED),
        ({"exp": None}, TokenFault.CLAIMS),
        ({"exp": "1900000000"}, TokenFault.CLAIMS),
        ({"exp": True}, TokenFault.CLAIMS),
        ({"exp": -1}, TokenFault.CLAIMS),
        ({"exp": 10**400}, TokenFault.CLAIMS),
        ({"exp": float("nan")}, TokenFault.CLAIMS),
        ({"exp": float("inf")}, TokenFault.CLAIMS),
        ({"nbf": NOW + 31}, TokenFault.NOT_YET_VALID),
        ({"iat": NOW + 31}, TokenFault.NOT_YET_VALID),
        ({"nbf": "soon"}, TokenFault.CLAIMS),
        ({"iat": []}, TokenFault.CLAIMS),
    ],
)
def test_dates_that_are_refused(
    issuer: Issuer, claims: dict[str, Any], expected: TokenFault
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

    assert refusal(verifier, issuer.token(iat=NOW, exp=NOW)) is TokenFault.EXPIRED
