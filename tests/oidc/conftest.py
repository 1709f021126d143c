from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from cf_protected.oidc.authentication import BearerAuthenticator
from cf_protected.oidc.exceptions import InvalidToken, TokenFault
from cf_protected.oidc.fetch import Fetch, fetch_json
from cf_protected.oidc.jwks import IssuerKeys
from cf_protected.oidc.verifier import TokenVerifier
from tests.conftest import Configure
from tests.oidc.issuer import AUDIENCE, Issuer, serving
from tests.waiting import PATIENCE

#: A minute for the issuer in this process; production's seconds are for servers elsewhere.
patient_fetch: Fetch = partial(fetch_json, timeout=PATIENCE)


class PatientAuthenticator(BearerAuthenticator):
    fetch = staticmethod(patient_fetch)


def refusal(verifier: TokenVerifier, token: str) -> TokenFault:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    return caught.value.fault


def verifier_of(issuer: Issuer, **options: Any) -> TokenVerifier:
    options = {"audience": [AUDIENCE], **options}
    return TokenVerifier(issuer.url, keys=IssuerKeys(issuer.url, fetch=patient_fetch), **options)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are here, whatever proxy this machine has."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as server:
        yield server


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return verifier_of(issuer)


@pytest.fixture
def configure_issuers(settings: Settings) -> Configure:
    """Accept the tokens of these issuers."""

    def change(**issuers: Any) -> None:
        settings.CF_PROTECTED_OIDC = issuers

    return change


@pytest.fixture
def configure_issuer(issuer: Issuer, configure_issuers: Configure) -> Configure:
    """Accept the issuer's tokens, with these settings also."""

    def change(**values: Any) -> None:
        configure_issuers(login={"ISSUER": issuer.url, "AUDIENCE": AUDIENCE, **values})

    return change
