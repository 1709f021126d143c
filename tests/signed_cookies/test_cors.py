"""Credentialed CORS with django-cors-headers: for the origins of its setting, and for no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from cf_protected.models import Download
from tests.conftest import Configure
from tests.cors import APP, allowed, apply_recipe
from tests.doubles import DownKeySource

URL = "/downloads/assets/course-1/cookies/"


@pytest.fixture(autouse=True)
def recipe(settings: Settings) -> None:
    apply_recipe(settings)


def preflight(client: Client, origin: str, url: str = URL, method: str = "POST") -> Any:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-csrftoken",
    }
    return client.options(url, headers=asked)


@pytest.mark.django_db  # from Django 6.1 on the check of JSON fields asks SQLite
def test_the_recipe_passes_the_checks() -> None:
    assert run_checks() == []


@pytest.mark.parametrize(
    ("url", "method"),
    [
        (URL, "POST"),
        ("/downloads/cookies/", "POST"),
        ("/downloads/cookies/", "DELETE"),
        ("/downloads/cookies/remove/", "POST"),
    ],
)
def test_a_preflight_is_answered(client: Client, url: str, method: str) -> None:
    response = preflight(client, APP, url, method)

    assert (response.status_code, response.content) == (200, b"")
    may = allowed(response)
    assert (may["origin"], may["credentials"]) == (APP, "true")
    assert method in may["methods"].split(", ")
    assert "x-csrftoken" in may["headers"].split(", ")


@pytest.mark.usefixtures("login_everywhere", "course_grant")
def test_a_preflight_needs_no_login(client: Client) -> None:
    """Browsers send it without cookies."""
    assert allowed(preflight(client, APP))["origin"] == APP
    assert client.post(URL, headers={"Origin": APP}).status_code == 302


STRANGERS = [
    "https://evil.example",
    "https://app.example.com.evil.example",
    "https://app.example.com:444",
    "http://app.example.com",
    "https://APP.example.com",
    "null",
    "*",
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_stranger_is_told_nothing(client: Client, origin: str) -> None:
    response = preflight(client, origin)

    assert allowed(response) == {}
    assert "origin" in response["Vary"]


def test_a_preflight_has_no_effect(buyer: Client, course_grant: object) -> None:
    preflight(buyer, APP)

    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
def test_an_answer_may_be_read(buyer: Client) -> None:
    response = buyer.post(URL, headers={"Origin": APP})

    assert response.status_code == 204
    assert allowed(response) == {"origin": APP, "credentials": "true"}
    assert "origin" in response["Vary"]


@pytest.mark.usefixtures("course_grant")
def test_a_strangers_answer_may_not(buyer: Client) -> None:
    response = buyer.post(URL, headers={"Origin": STRANGERS[0]})

    assert allowed(response) == {}
    assert "origin" in response["Vary"]


def test_an_answer_to_the_same_site_varies_too(buyer: Client, course_grant: object) -> None:
    """A cache must not give it to a page that has an origin."""
    assert "origin" in buyer.post(URL)["Vary"]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 503])
def test_errors_may_be_read(
    buyer: Client, use_key_source: Configure, course: Any, user: Any, status: int
) -> None:
    if status in {400, 503}:
        course.asset.grants.create(user=user)
    if status == 503:
        use_key_source(DownKeySource)
    url = URL.replace("course-1", "none") if status == 404 else URL
    ask = buyer.get if status == 405 else buyer.post

    response = ask(url, {"folder": "part"} if status == 400 else {}, headers={"Origin": APP})

    assert (response.status_code, allowed(response)["origin"]) == (status, APP)


@pytest.mark.parametrize("url", ["/downloads/", "/downloads/files/x/", "/login/", "/admin/"])
def test_other_pages_are_not_let_in(client: Client, url: str) -> None:
    assert allowed(preflight(client, APP, url)) == {}
    assert allowed(client.get(url, headers={"Origin": APP})) == {}


def test_plain_options_are_the_views_own(client: Client) -> None:
    response = client.options(URL, headers={"Origin": APP})

    assert response["Allow"] == "POST, DELETE, OPTIONS"
