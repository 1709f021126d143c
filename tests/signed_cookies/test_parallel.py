"""Requests of one browser at the same moment, on a real database and over real HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from threading import Barrier

import pytest
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings

from cf_protected import services
from cf_protected.signed_cookies.memory import PREFIX, remember, remembered
from tests.accounts.models import User
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.person import Person
from tests.signed_cookies.serving import Site
from tests.waiting import PATIENCE

AT_ONCE = 8
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.fixture(params=ENGINES)
def sessions(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Each of Django's session backends."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"


@pytest.fixture
def slugs(user: User, make_folder: MakeFolder) -> list[str]:
    """Assets with a folder each, which the user has."""
    names = [f"album-{number}" for number in range(AT_ONCE)]
    for name in names:
        services.grant(make_folder(f"{name}/").asset, user)
    return names


@pytest.fixture
def browser(
    site: Site, user: User, other_user: User, slugs: list[str], settings: Settings
) -> Person:
    """A browser in which the user opened each folder, all at the same moment."""
    settings.ROOT_URLCONF = "tests.signed_cookies.urls"
    browser = site.visitor()
    browser.get(f"{site.app}/login/{user.email}/")
    open_at_once(browser, slugs)
    return browser


def open_at_once(browser: Person, slugs: list[str]) -> None:
    start = Barrier(len(slugs), timeout=PATIENCE)

    def open_one(slug: str) -> int:
        start.wait()
        return browser.post(f"/downloads/assets/{slug}/cookies/")

    with ThreadPoolExecutor(len(slugs)) as threads:
        assert {*threads.map(open_one, slugs, timeout=PATIENCE)} == {204}
    assert {f"/{slug}/" for slug in slugs} <= paths(browser)


def paths(browser: Person) -> set[str]:
    return {cookie.path for cookie in browser.signed}


@pytest.mark.usefixtures("sessions")
def test_logging_out_removes_all_of_them(browser: Person) -> None:
    browser.post("/logout/")

    assert browser.signed == []
    assert {cookie.name for cookie in browser.jar} == {"csrftoken"}


@pytest.mark.usefixtures("sessions")
def test_another_persons_login_removes_all_of_them(
    site: Site, browser: Person, other_user: User
) -> None:
    browser.get(f"{site.app}/login/{other_user.email}/")

    assert browser.signed == []


def test_a_changed_password_removes_all_of_them(site: Site, browser: Person, user: User) -> None:
    user.set_password("another")
    user.save()

    browser.get(f"{site.app}/downloads/")

    assert browser.signed == []


def test_removing_all(browser: Person) -> None:
    assert browser.post("/downloads/cookies/remove/") == 204

    assert browser.signed == []


def test_opened_twice_at_once(browser: Person, slugs: list[str]) -> None:
    open_at_once(browser, slugs)

    browser.post("/logout/")

    assert {cookie.name for cookie in browser.jar} == {"csrftoken"}


def test_responses_that_are_late_for_a_logout_open_nothing_for_the_next_person(
    site: Site, browser: Person, slugs: list[str]
) -> None:
    """A response that was under way sets its cookies after the logout's removed them."""
    late = [*browser.jar]
    browser.post("/logout/")
    for cookie in late:
        if cookie.name != "sessionid":
            browser.jar.set_cookie(cookie)
    assert paths(browser) == {f"/{slug}/" for slug in slugs}

    browser.get(f"{site.app}/other-page/")

    assert browser.signed == []


def test_requests_whose_browser_sends_the_session_alone(
    site: Site, browser: Person, slugs: list[str]
) -> None:
    """The log has what was opened, whatever became of the memory."""
    for cookie in [*browser.jar]:
        if cookie.name.startswith(PREFIX):
            browser.jar.clear(cookie.domain, cookie.path, cookie.name)

    browser.post("/logout/")

    assert browser.signed == []


def grow_old(browser: Person) -> None:
    """Let half of the cookies' lifetime go by."""
    cookies = [cookie for cookie in browser.jar if cookie.name.startswith(PREFIX)]
    request, response = HttpRequest(), HttpResponse()
    request.COOKIES = {cookie.name: cookie.value or "" for cookie in cookies}
    remember(request, response, [one._replace(renew_at=1) for one in remembered(request)])
    for cookie in cookies:
        browser.jar.clear(cookie.domain, cookie.path, cookie.name)
    for name, morsel in response.cookies.items():
        if morsel.value:
            renamed = copy(cookies[0])
            renamed.name, renamed.value = name, morsel.value
            browser.jar.set_cookie(renamed)


def test_renewals_at_once_forget_nothing(site: Site, browser: Person, slugs: list[str]) -> None:
    grow_old(browser)
    before = {cookie.value for cookie in browser.jar if cookie.name.startswith(PREFIX)}

    with ThreadPoolExecutor(AT_ONCE) as threads:
        urls = [f"{site.app}/page/"] * AT_ONCE
        assert {answer.status for answer in threads.map(browser.get, urls)} == {200}

    after = {cookie.value for cookie in browser.jar if cookie.name.startswith(PREFIX)}
    assert not before & after
    assert paths(browser) == {f"/{slug}/" for slug in slugs}
    browser.post("/logout/")
    assert browser.signed == []
