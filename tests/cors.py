"""The settings of django-cors-headers that the documents show, and a browser that keeps to CORS."""

from __future__ import annotations

import http.client
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings as current
from pytest_django import Settings

from tests.samples import blocks, read, section

APP: Final = "https://app.example.com"
ALLOW: Final = "Access-Control-Allow-"
_HEADING: Final = "From another origin"
_SIMPLE_METHODS: Final = ("GET", "HEAD", "POST")
_SIMPLE_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def apply_recipe(settings: Settings) -> None:
    """Run the settings of docs/api.md below the project's own."""
    (recipe,) = blocks(section(read("api.md"), f"### {_HEADING}"), "python")
    names = {name: list(getattr(current, name)) for name in ("INSTALLED_APPS", "MIDDLEWARE")}
    exec(recipe, {}, names)
    for name, value in names.items():
        setattr(settings, name, value)


def run_receiver() -> Any:
    """Run the receiver of docs/streaming.md, and return it."""
    (recipe,) = blocks(section(read("streaming.md"), f"## {_HEADING}"), "python")
    names: dict[str, Any] = {}
    exec(recipe, names)
    return names["allow_players_on_any_site"]


def allowed(response: Any) -> dict[str, str]:
    """The headers with which a response lets another origin in."""
    return {
        name.lower().removeprefix(ALLOW.lower()): value
        for name, value in response.headers.items()
        if name.lower().startswith(ALLOW.lower())
    }


class Blocked(Exception):
    """The browser keeps the response from the page."""


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Page:
    """A page of ``origin`` that calls ``fetch``, in a browser with these cookies.

    It refuses what the Fetch standard tells browsers to refuse:
    https://fetch.spec.whatwg.org/#http-cors-protocol
    """

    def __init__(self, origin: str, cookies: dict[str, str] | None = None) -> None:
        self.origin = origin
        self.cookies = cookies or {}
        self.preflights = 0

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: str | None = None,
        credentials: bool = False,
    ) -> Response:
        headers = headers or {}
        if _needs_preflight(method, headers):
            self._preflight(url, method, headers, credentials)
        sent = {"Origin": self.origin, **headers}
        if credentials and self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = _send(url, method, sent, body)
        self._check(response, credentials)
        return response

    def _preflight(self, url: str, method: str, headers: dict[str, str], credentials: bool) -> None:
        self.preflights += 1
        asked = {
            "Origin": self.origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(name.lower() for name in headers)),
        }
        response = _send(url, "OPTIONS", asked)
        self._check(response, credentials)
        if not 200 <= response.status < 300:
            raise Blocked(f"the preflight answers {response.status}")
        may = allowed(response)
        if method not in _SIMPLE_METHODS and method not in _words(may.get("methods", "")):
            raise Blocked(f"{method} isn't allowed")
        names = {word.lower() for word in _words(may.get("headers", ""))}
        if missing := {name.lower() for name in headers} - names:
            raise Blocked(f"{missing} aren't allowed")

    def _check(self, response: Response, credentials: bool) -> None:
        may = allowed(response)
        if may.get("origin") != self.origin and (credentials or may.get("origin") != "*"):
            raise Blocked(f"{self.origin} isn't allowed")
        if credentials and may.get("credentials") != "true":
            raise Blocked("credentials aren't allowed")


def _needs_preflight(method: str, headers: dict[str, str]) -> bool:
    if method not in _SIMPLE_METHODS:
        return True
    return any(
        name.lower() != "content-type" or value not in _SIMPLE_TYPES
        for name, value in headers.items()
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _send(url: str, method: str, headers: dict[str, str], body: str | None = None) -> Response:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return Response(response.status, dict(response.headers), response.read().decode())
    finally:
        connection.close()
