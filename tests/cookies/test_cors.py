"""Credentialed CORS: for the origins of the setting, and for no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.views.generic import View

from cf_protected.http.cors import CORSMixin
from cf_protected.models import Download
from tests.conftest import Configure
from tests.doubles import DownKeySource

APP = "https://app.example.com"
URL = "/downloads/assets/course-1/cookies/"
ALLOW = "Access-Control-Allow-"


@pytest.fixture(autouse=True)
def origins(configure: Configure) -> None:
    configure(CORS_ORIGINS=[APP, "http://localhost:5173"])


def preflight(client: Client, origin: str, **headers: str) -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return client.options(URL, headers=asked | headers)


def allowed(response: Any) -> dict[str, str]:
    return {
        name.removeprefix(ALLOW): value
        for name, value in response.headers.items()
        if name.startswith(ALLOW)
    }


@pytest.mark.parametrize("origin", [APP, "http://localhost:5173"])
def test_a_preflight_is_answered(client: Client, origin: str) -> None:
    response = preflight(client, origin)

    assert (response.status_code, response.content) == (204, b"")
    assert allowed(response) == {
        "Origin": origin,
        "Credentials": "true",
        "Methods": "GET, POST, DELETE",
        "Headers": "Content-Type, Authorization, X-CSRFToken",
    }


@pytest.mark.usefixtures("login_everywhere", "course_grant")
def test_a_preflight_needs_no_login(client: Client) -> None:
    """Browsers send it without cookies."""
    assert preflight(client, APP).status_code == 204
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
    assert "Origin" in response["Vary"]


def test_a_preflight_has_no_effect(buyer: Client, course_grant: object) -> None:
    preflight(buyer, APP)

    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
def test_an_answer_may_be_read(buyer: Client) -> None:
    response = buyer.post(URL, headers={"Origin": APP})

    assert response.status_code == 204
    assert allowed(response) == {"Origin": APP, "Credentials": "true"}
    assert "Origin" in response["Vary"]


@pytest.mark.usefixtures("course_grant")
def test_a_strangers_answer_may_not(buyer: Client) -> None:
    response = buyer.post(URL, headers={"Origin": STRANGERS[0]})

    assert allowed(response) == {}
    assert "Origin" in response["Vary"]


def test_an_answer_to_the_same_site_varies_too(buyer: Client, course_grant: object) -> None:
    """A cache must not give it to a page that has an origin."""
    assert "Origin" in buyer.post(URL)["Vary"]


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

    assert (response.status_code, allowed(response)["Origin"]) == (status, APP)


def test_without_the_setting_nobody_is_told(client: Client, configure: Configure) -> None:
    configure(CORS_ORIGINS=[])

    assert allowed(preflight(client, APP)) == {}


def test_plain_options_are_the_views_own(client: Client) -> None:
    response = client.options(URL, headers={"Origin": APP})

    assert response["Allow"] == "POST, DELETE, OPTIONS"


class Playlist(CORSMixin, View):
    cors_methods = ("GET", "HEAD")
    cors_headers = ("Range",)

    def get(self, request: HttpRequest) -> HttpResponse:
        raise Http404


def test_a_view_names_its_own_methods_and_headers(rf: RequestFactory) -> None:
    request = rf.options("/", headers={"Origin": APP, "Access-Control-Request-Method": "GET"})

    shown = allowed(Playlist.as_view()(request))

    assert (shown["Methods"], shown["Headers"]) == ("GET, HEAD", "Range")


def test_what_a_view_raises_may_be_read_too(rf: RequestFactory) -> None:
    response = Playlist.as_view()(rf.get("/", headers={"Origin": APP}))

    assert (response.status_code, allowed(response)["Origin"]) == (404, APP)
