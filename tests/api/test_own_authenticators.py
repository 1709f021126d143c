"""A project's own credentials, with the code that docs/api.md prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import AccessToken

from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import APIKey, User
from tests.api.client import call, reason
from tests.conftest import Configure
from tests.samples import blocks, read, section

SESSION = "cf_protected.api.authentication.SessionAuthenticator"
PRINTED = [
    block
    for block in blocks(section(read("api.md"), "### Your own credentials"), "python")
    if "CF_PROTECTED = " not in block
]


@pytest.fixture
def shop() -> Iterator[ModuleType]:
    """The module ``shop.api``, whose text is printed."""
    package, models, api = (ModuleType(name) for name in ("shop", "shop.models", "shop.api"))
    models.APIKey = APIKey  # type: ignore[attr-defined]
    package.api = api  # type: ignore[attr-defined]
    made = {module.__name__: module for module in (package, models, api)}
    sys.modules.update(made)
    for block in PRINTED:
        exec(block, vars(api))
    yield api
    for name in made:
        del sys.modules[name]


@pytest.fixture
def accept(shop: ModuleType, configure: Configure) -> Configure:
    """Accept what one of the printed classes does, and sessions."""

    def change(name: str) -> None:
        configure(AUTHENTICATORS=[f"shop.api.{name}", SESSION])

    return change


def api_key(user: User) -> dict[str, str]:
    APIKey.objects.create(user=user, digest=sha256(b"open sesame").hexdigest())
    return {"X-API-Key": "open sesame"}


def drf_token(user: User) -> dict[str, str]:
    return {"Authorization": f"Token {Token.objects.create(user=user).key}"}


def jwt(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {AccessToken.for_user(user)}"}


class Way(NamedTuple):
    """How a script says who it is, and what the API says to a wrong try."""

    name: str
    credentials: Callable[[User], dict[str, str]]
    wrong: dict[str, str]
    challenge: str


WAYS = [
    Way("APIKeyAuthenticator", api_key, {"X-API-Key": "guessed"}, "ApiKey, Session"),
    Way("DRFTokenAuthenticator", drf_token, {"Authorization": "Token x"}, "Token, Session"),
    Way("JWTAuthenticator", jwt, {"Authorization": "Bearer e30.e30.x"}, "Bearer, Session"),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.name)
def way(request: pytest.FixtureRequest, accept: Configure) -> Way:
    """One of them, which the API accepts."""
    chosen: Way = request.param
    accept(chosen.name)
    return chosen


def test_credentials_that_are_accepted(way: Way, user: User, grant: Grant, file: AssetFile) -> None:
    script = Client(enforce_csrf_checks=True, headers=way.credentials(user))

    assert call(script, "GET", "assets/").json()["assets"][0]["slug"] == "ebook"
    assert call(script, "POST", f"files/{file.uuid}/signed-url/").status_code == 201
    assert Download.objects.get().user == user


def test_credentials_that_are_not_accepted(way: Way, buyer: Client, grant: Grant) -> None:
    response = call(buyer, "GET", "assets/", headers=way.wrong)

    assert response.status_code == 401
    assert reason(response) in {"invalid_api_key", "invalid_token"}
    assert response["WWW-Authenticate"] == way.challenge
    assert not any(value in response.content.decode() for value in way.wrong.values())


def test_inactive_users(way: Way, client: Client, user: User) -> None:
    headers = way.credentials(user)
    User.objects.update(is_active=False)

    assert call(client, "GET", "assets/", headers=headers).status_code == 401


def test_the_session_still_counts(way: Way, buyer: Client, grant: Grant) -> None:
    assert call(buyer, "GET", "assets/").status_code == 200


def me(request: HttpRequest) -> Any:
    """The printed view."""
    (block,) = blocks(section(read("api.md"), "### In your own views"), "python")
    names: dict[str, Any] = {}
    exec(block, names)
    return names["me"](request)


def test_a_view_of_the_projects_own(accept: Configure, user: User, rf: RequestFactory) -> None:
    accept("APIKeyAuthenticator")

    accepted = rf.post("/me/", headers=api_key(user))
    refused = rf.post("/me/", headers={"X-API-Key": "guessed"})

    assert json.loads(me(accepted).content) == {"user": user.email}
    response = me(refused)
    assert (response.status_code, json.loads(response.content)) == (
        401,
        {"error": "invalid_api_key"},
    )
    assert response["WWW-Authenticate"] == "ApiKey, Session"
