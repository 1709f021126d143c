"""What the browser itself remembers, in cookies of the app's own."""

from __future__ import annotations

import pytest
from django.core.signing import Signer
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from cf_protected.services import CookieScope
from cf_protected.signed_cookies.memory import PREFIX, Remembered, remember, remembered


def one(number: int, *, path: str = "", renew_at: int = 0) -> Remembered:
    scope = CookieScope("example.com", path or f"/course-{number}/", secure=True, samesite="Lax")
    return Remembered(scope, renew_at or number, number, "", None, "7")


class Browser:
    """Keeps the cookies of the responses that it gets, in whatever order they come."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def request(self) -> HttpRequest:
        request = RequestFactory().get("/")
        request.COOKIES = dict(self.cookies)
        return request

    def take(self, response: HttpResponse) -> None:
        for name, morsel in response.cookies.items():
            if morsel["max-age"] == 0:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def remember(self, *sets: Remembered) -> None:
        """One request after the other."""
        request, response = self.request(), HttpResponse()
        remember(request, response, [*remembered(request), *sets])
        self.take(response)

    def at_once(self, *sets: Remembered) -> None:
        """Requests that were all sent before the first response came."""
        requests = [self.request() for _ in sets]
        for request, new in zip(requests, sets, strict=True):
            response = HttpResponse()
            remember(request, response, [*remembered(request), new])
            self.take(response)

    @property
    def size(self) -> int:
        return sum(len(name) + len(value) + 3 for name, value in self.cookies.items())


@pytest.fixture
def browser() -> Browser:
    return Browser()


def test_requests_at_once_do_not_overwrite_each_other(browser: Browser) -> None:
    browser.at_once(*map(one, range(1, 9)))

    assert remembered(browser.request()) == [one(number) for number in range(1, 9)]


def test_requests_at_once_do_not_overwrite_what_came_before(browser: Browser) -> None:
    browser.remember(one(1), one(2))
    browser.at_once(*map(one, range(3, 9)))
    browser.at_once(*map(one, range(9, 19)))

    assert {each.file_id for each in remembered(browser.request())} == {*range(1, 19)}


def test_the_cookies_do_not_pile_up(browser: Browser) -> None:
    for number in range(1, 41):
        browser.remember(one(number))

    assert {each.file_id for each in remembered(browser.request())} == {*range(1, 41)}
    assert len(browser.cookies) <= 5


def test_servers_take_the_header_after_bursts_of_requests(browser: Browser) -> None:
    """nginx and gunicorn refuse a header of 8 KB."""
    for burst in range(5):
        browser.at_once(*map(one, range(8 * burst, 8 * burst + 8)))

    assert len(remembered(browser.request())) == 40
    assert browser.size < 4096


def test_the_same_set_is_remembered_once(browser: Browser) -> None:
    browser.at_once(one(1, renew_at=5), one(1, renew_at=9))

    assert remembered(browser.request()) == [one(1, renew_at=9)]


def test_what_is_forgotten_is_gone(browser: Browser) -> None:
    browser.at_once(one(1), one(2), one(3))
    request, response = browser.request(), HttpResponse()

    remember(request, response, [one(2)])
    browser.take(response)

    assert remembered(request) == remembered(browser.request()) == [one(2)]
    assert len(browser.cookies) == 1


def test_a_cookie_is_no_longer_than_browsers_keep(browser: Browser) -> None:
    paths = ["/" + "".join(chr(33 + (n * n * k + k) % 90) for k in range(500)) for n in range(30)]
    browser.remember(*(one(n, path=path) for n, path in enumerate(paths)))

    assert {each.scope.path for each in remembered(browser.request())} == {*paths}
    assert all(len(name) + len(value) <= 4096 for name, value in browser.cookies.items())


@pytest.mark.parametrize(
    "value",
    ["x", "W10:forged", Signer(salt="another").sign_object([]), "\x00", ":", ".eJw:"],
    ids=repr,
)
def test_what_another_site_wrote_counts_for_nothing(browser: Browser, value: str) -> None:
    browser.cookies[f"{PREFIX}1"] = value

    assert remembered(browser.request()) == []

    browser.remember(one(1))
    assert remembered(browser.request()) == [one(1)]
    assert f"{PREFIX}1" not in browser.cookies


def test_a_cookie_that_was_cut_or_changed_counts_for_nothing(browser: Browser) -> None:
    browser.remember(one(1))
    ((name, value),) = browser.cookies.items()

    for changed in (value[:-1], value[1:], value.swapcase()):
        browser.cookies[name] = changed
        assert remembered(browser.request()) == []


def test_a_replaced_secret_key_still_reads_them(browser: Browser, settings: Settings) -> None:
    browser.remember(one(1))

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, and as long as HMAC with SHA-256 wants it"

    assert remembered(browser.request()) == [one(1)]


def test_they_go_where_the_sessions_cookie_goes(settings: Settings, rf: RequestFactory) -> None:
    settings.SESSION_COOKIE_PATH = "/shop/"
    settings.SESSION_COOKIE_DOMAIN = "shop.example.com"
    settings.SESSION_COOKIE_SECURE = True
    settings.SESSION_COOKIE_SAMESITE = "None"
    request, response = rf.get("/"), HttpResponse()

    remember(request, response, [one(1)])
    (kept,) = response.cookies.values()
    attributes = [kept[name] for name in ("path", "domain", "secure", "httponly", "samesite")]
    assert attributes == ["/shop/", "shop.example.com", True, True, "None"]
    assert (kept["max-age"], kept["expires"]) == ("", "")
    assert response["Cache-Control"] == "private"

    remember(request, response, [])
    (gone,) = response.cookies.values()
    assert [gone[name] for name in ("path", "domain", "secure", "httponly", "samesite")] == (
        attributes
    )
    assert (gone.value, gone["max-age"]) == ("", 0)
