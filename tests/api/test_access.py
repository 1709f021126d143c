"""Who may use the API: sessions with CSRF protection, bearers, pages of other origins."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.cors import APP, allowed, apply_recipe
from tests.oidc.issuer import JWKS, Answer, Issuer
from tests.signed_cookies.jar import Jar

CSRF_TOKEN = "a" * 32


@pytest.fixture
def browser(user: User) -> Client:
    """A browser in which the user is signed in, and which CSRF protection takes for one."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.cookies["csrftoken"] = CSRF_TOKEN
    return browser


def signed_url(file: AssetFile) -> str:
    return f"files/{file.uuid}/signed-url/"


def test_a_session_reads_without_a_csrf_token(browser: Client, grant: Grant) -> None:
    assert call(browser, "GET", "assets/").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"X-CSRFToken": "b" * 32}, {"X-CSRFToken": "x"}], ids=["none", "wrong", "no"]
)
def test_a_session_makes_nothing_without_its_csrf_token(
    browser: Client, grant: Grant, file: AssetFile, headers: dict[str, str]
) -> None:
    response = call(browser, "POST", signed_url(file), headers=headers)

    assert (response.status_code, reason(response)) == (403, "csrf_failed")
    assert not Download.objects.exists()


def test_a_csrf_token_in_the_body_is_none(browser: Client, grant: Grant, file: AssetFile) -> None:
    body = {"csrfmiddlewaretoken": CSRF_TOKEN}

    assert reason(call(browser, "POST", signed_url(file), body)) == "csrf_failed"


def test_a_session_with_its_csrf_token(browser: Client, grant: Grant, file: AssetFile) -> None:
    headers = {"X-CSRFToken": CSRF_TOKEN}

    assert call(browser, "POST", signed_url(file), headers=headers).status_code == 201


def test_a_form_of_another_site(browser: Client, grant: Grant, file: AssetFile) -> None:
    """What a page elsewhere can send without a preflight."""
    for content_type in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        response = browser.generic(
            "POST", f"/api/{signed_url(file)}", b"{}", content_type=content_type
        )
        assert response.status_code == 415
    assert reason(call(browser, "POST", signed_url(file))) == "csrf_failed"
    assert not Download.objects.exists()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_cookies_need_the_csrf_token_too(browser: Client, grant: Grant, method: str) -> None:
    assert reason(call(browser, method, "cookies/")) == "csrf_failed"


def test_a_bearer(client: Client, token: str, grant: Grant, file: AssetFile) -> None:
    authorization = {"Authorization": f"Bearer {token}"}

    (asset,) = call(client, "GET", "assets/", headers=authorization).json()["assets"]

    assert asset["slug"] == "ebook"


def test_a_bearer_needs_no_csrf_token(
    token: str, grant: Grant, file: AssetFile, folder: AssetFile
) -> None:
    phone = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})

    assert call(phone, "POST", signed_url(file)).status_code == 201
    assert call(phone, "POST", f"files/{folder.uuid}/playlist-url/").status_code == 201
    assert Download.objects.get().user == grant.user


def test_a_bearer_sets_and_removes_cookies(token: str, grant: Grant, folder: AssetFile) -> None:
    phone, jar = Client(headers={"Authorization": f"Bearer {token}"}), Jar({})

    jar.take(call(phone, "POST", "cookies/", {"assets": ["ebook"]}))
    assert "CloudFront-Policy" in jar.sent_to("/streams/tide/1.ts")
    jar.take(call(phone, "DELETE", "cookies/?asset=ebook"))

    assert "CloudFront-Policy" not in jar.sent_to("/streams/tide/1.ts")


def test_a_bearer_goes_before_the_session(
    other: Client, token: str, grant: Grant, file: AssetFile
) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    assert call(other, "POST", signed_url(file), headers=headers).status_code == 201


@pytest.mark.parametrize("token", ["", "x", "e30.e30.e30", "\u00fc", "a b", "a" * 20_000])
@pytest.mark.parametrize("path", ["assets/", "openapi.json", "distributions/default/objects/"])
def test_a_token_that_is_not_accepted(buyer: Client, path: str, token: str) -> None:
    response = call(buyer, "GET", path, headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, reason(response)) == (401, "invalid_token")
    assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_that_has_expired(client: Client, token: str, issuer: Issuer) -> None:
    expired = {"Authorization": f"Bearer {issuer.token(exp=1)}"}

    assert "expired" in call(client, "GET", "assets/", headers=expired).json()["detail"]


def test_an_issuer_that_does_not_answer(client: Client, token: str, issuer: Issuer) -> None:
    issuer.answers[JWKS] = Answer(status=500)

    response = call(client, "GET", "assets/", headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, reason(response)) == (503, "unavailable")


def preflight(client: Client, path: str, origin: str) -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-csrftoken",
    }
    return client.options(f"/api/{path}", headers=headers)


@pytest.fixture
def cors(settings: Settings) -> None:
    """The settings that docs/api.md shows."""
    apply_recipe(settings)


@pytest.mark.usefixtures("cors", "login_everywhere")
@pytest.mark.parametrize("path", ["assets/", "cookies/", "openapi.json"])
def test_a_preflight(client: Client, path: str) -> None:
    response = preflight(client, path, APP)

    assert response.status_code == 200
    may = allowed(response)
    assert (may["origin"], may["credentials"]) == (APP, "true")
    assert {"POST", "DELETE"} <= {*may["methods"].split(", ")}
    assert {"authorization", "content-type", "x-csrftoken"} <= {*may["headers"].split(", ")}


def test_a_preflight_of_another_origin(client: Client, cors: None) -> None:
    assert allowed(preflight(client, "cookies/", "https://evil.example")) == {}


@pytest.mark.parametrize("path", ["assets/", "assets/none/", "none/", "cookies/"])
def test_a_page_of_the_origin_can_read_errors_too(
    client: Client, db: None, cors: None, path: str
) -> None:
    response = client.get(f"/api/{path}", headers={"Origin": APP})

    assert response.status_code >= 400
    may = allowed(response)
    assert may["origin"] == APP
    assert response["Access-Control-Expose-Headers"] == "Retry-After, WWW-Authenticate"
    assert "origin" in response["Vary"]


def test_a_page_of_the_origin_with_a_session(
    browser: Client, grant: Grant, file: AssetFile, cors: None, settings: Settings
) -> None:
    headers = {"Origin": APP, "X-CSRFToken": CSRF_TOKEN}

    assert call(browser, "POST", signed_url(file), headers=headers).status_code == 201
    settings.CSRF_TRUSTED_ORIGINS = []
    assert reason(call(browser, "POST", signed_url(file), headers=headers)) == "csrf_failed"


def test_the_sessions_page_of_another_origin_makes_nothing(
    browser: Client, grant: Grant, file: AssetFile, cors: None
) -> None:
    headers = {"Origin": "https://evil.example", "X-CSRFToken": CSRF_TOKEN}

    response = call(browser, "POST", signed_url(file), headers=headers)

    assert (reason(response), allowed(response)) == ("csrf_failed", {})
    assert not Download.objects.exists()


@pytest.mark.usefixtures("login_everywhere")
def test_where_a_login_is_required_everywhere(client: Client, token: str, grant: Grant) -> None:
    assert call(client, "GET", "openapi.json").status_code == 200
    authorization = {"Authorization": f"Bearer {token}"}
    assert call(client, "GET", "assets/", headers=authorization).status_code == 200
