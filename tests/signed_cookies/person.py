"""Somebody's browser over real HTTP: the app and the edge share its cookie jar."""

from __future__ import annotations

from http.cookiejar import Cookie, CookieJar
from typing import NamedTuple
from urllib.parse import urlencode
from urllib.request import (
    HTTPCookieProcessor,
    HTTPErrorProcessor,
    ProxyHandler,
    Request,
    build_opener,
)

from cf_protected.signed_cookies.jar import NAMES
from tests.waiting import PATIENCE


class Answer(NamedTuple):
    status: int
    text: str


class _AnyStatus(HTTPErrorProcessor):
    """Answers as they come: redirects aren't followed, and errors aren't raised."""

    def http_response(self, request: Request, response: object) -> object:
        return response


class Person:
    """Uses the app at ``app``; whose cookies the edge gets depends on the host alone."""

    def __init__(self, app: str) -> None:
        self.app = app
        self.headers: dict[str, str] = {}
        self.jar = CookieJar()
        cookies = HTTPCookieProcessor(self.jar)
        self._opener = build_opener(ProxyHandler({}), cookies, _AnyStatus)

    def sign_in(self, email: str, password: str) -> None:
        self.get(f"{self.app}/login/")
        self.post("/login/", username=email, password=password)
        assert "sessionid" in {cookie.name for cookie in self.jar}

    def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        return self._open(Request(url, headers=headers or {}))

    def post(self, path: str, **data: str) -> int:
        """The status of a form with Django's CSRF token."""
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        body = urlencode({**data, "csrfmiddlewaretoken": token}).encode()
        return self._open(Request(f"{self.app}{path}", body)).status

    @property
    def signed(self) -> list[Cookie]:
        """CloudFront's cookies in the jar."""
        return [cookie for cookie in self.jar if cookie.name in NAMES]

    def _open(self, request: Request) -> Answer:
        for name, value in self.headers.items():
            request.add_header(name, value)
        with self._opener.open(request, timeout=PATIENCE) as response:
            return Answer(response.status, response.read().decode())
