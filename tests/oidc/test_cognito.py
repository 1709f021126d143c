"""Tokens that moto's Cognito server issues, over HTTP."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from django.test import RequestFactory
from moto.server import ThreadedMotoServer

from cf_protected.oidc.exceptions import InvalidToken, TokenFault
from cf_protected.oidc.models import Identity
from tests.accounts.models import User
from tests.conftest import Configure
from tests.oidc.conftest import PatientAuthenticator
from tests.waiting import PATIENCE

REGION = "eu-central-1"
PASSWORD = "Not-a-secret-7"

pytestmark = pytest.mark.django_db


@dataclass
class Pool:
    """A user pool with one client and one user, who has signed in."""

    issuer: str
    jwks_url: str
    client_id: str
    subject: str
    access_token: str
    id_token: str


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    yield "http://{}:{}".format(*moto.get_host_and_port())
    moto.stop()


@pytest.fixture(scope="module")
def pool(server: str) -> Pool:
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=server,
        region_name=REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="not-a-secret-in-tests",
    )
    pool_id = cognito.create_user_pool(PoolName="shop")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="app", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool_id, Username="ada")
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True
    )
    result = cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client,
        AuthFlow="ADMIN_NO_SRP_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    attributes = cognito.admin_get_user(UserPoolId=pool_id, Username="ada")["UserAttributes"]
    return Pool(
        issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}",
        jwks_url=f"{server}/{pool_id}/.well-known/jwks.json",
        client_id=client,
        subject={one["Name"]: one["Value"] for one in attributes}["sub"],
        access_token=result["AccessToken"],
        id_token=result["IdToken"],
    )


@pytest.fixture
def configure_pool(pool: Pool, configure_issuers: Configure) -> Configure:
    def change(**values: Any) -> None:
        settings = {
            "ISSUER": pool.issuer,
            "JWKS_URL": pool.jwks_url,
            "CLIENT_IDS": [pool.client_id],
        }
        configure_issuers(cognito=settings | values)

    return change


def authenticate(token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return PatientAuthenticator().authenticate(RequestFactory().get("/", headers=headers))


def refusal(token: str) -> TokenFault:
    with pytest.raises(InvalidToken) as caught:
        authenticate(token)
    return caught.value.fault


def test_an_access_token(pool: Pool, configure_pool: Configure, user: User) -> None:
    configure_pool()
    assert refusal(pool.access_token) is TokenFault.UNKNOWN_SUBJECT

    Identity.objects.create(user=user, issuer=pool.issuer, subject=pool.subject)

    assert authenticate(pool.access_token) == user


def test_an_id_token(pool: Pool, configure_pool: Configure) -> None:
    configure_pool()

    assert refusal(pool.id_token) is TokenFault.NOT_ACCESS_TOKEN


def test_an_id_token_with_the_client_as_the_audience(pool: Pool, configure_pool: Configure) -> None:
    """The mistake that Cognito's ``token_use`` makes up for."""
    configure_pool(AUDIENCE=pool.client_id)

    assert refusal(pool.id_token) is TokenFault.NOT_ACCESS_TOKEN


def test_a_token_of_another_client(pool: Pool, configure_pool: Configure) -> None:
    configure_pool(CLIENT_IDS=["another"])

    assert refusal(pool.access_token) is TokenFault.AUDIENCE


def test_a_token_of_another_pool(pool: Pool, configure_pool: Configure) -> None:
    """moto's pools share their keys; the issuer tells them apart."""
    configure_pool(ISSUER=f"{pool.issuer}2")

    assert refusal(pool.access_token) is TokenFault.ISSUER


def test_a_changed_token(pool: Pool, configure_pool: Configure) -> None:
    configure_pool()
    header, claims, signature = pool.access_token.split(".")
    other_claims = pool.id_token.split(".")[1]

    assert refusal(f"{header}.{claims}.{signature[:-8]}AAAAAAAA") is TokenFault.SIGNATURE
    assert refusal(f"{header}.{other_claims}.{signature}") is TokenFault.NOT_ACCESS_TOKEN


def test_the_tokens_are_as_the_documents_say(pool: Pool) -> None:
    with urllib.request.urlopen(pool.jwks_url, timeout=PATIENCE) as answer:
        (key,) = json.load(answer)["keys"]

    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
