"""What a real browser makes of the headers, with each key and hash."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Page
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset
from cf_protected.signed_cookies.jar import NAMES
from tests.accounts.models import User
from tests.chromium import chromium
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.serving import Site, each_signature

pytestmark = pytest.mark.browser

_numbers = itertools.count()

_POST_EACH = """paths => Promise.all(paths.map(path => fetch(path, {
    method: "POST",
    headers: {"X-CSRFToken": document.cookie.match(/csrftoken=([^;]+)/)[1]},
}).then(response => response.status)))"""

_POST = """path => fetch(path, {
    method: "POST",
    headers: {"X-CSRFToken": document.cookie.match(/csrftoken=([^;]+)/)[1]},
}).then(response => response.status)"""


def post(page: Page, path: str) -> int:
    """Ask with ``fetch`` from a page of the app."""
    page.goto("/login/")
    status: int = page.evaluate(_POST, path)
    return status


def fetch(page: Page, url: str) -> tuple[int, set[str]]:
    """The status at the edge, and the signed cookies that the browser sent there."""
    # Another URL each time: the browser may answer the same one from its cache.
    response = page.goto(f"{url}?{next(_numbers)}")
    assert response is not None
    header = response.request.all_headers().get("cookie", "")
    sent = {pair.partition("=")[0] for pair in header.split("; ")}
    return response.status, sent & set(NAMES)


@each_signature
def test_paths_part_them_and_removing_empties_the_jar(site: Site, user: User) -> None:
    for asset in Asset.objects.all():
        services.grant(asset, user)

    # No query below: the browser's event loop runs in this thread.
    with chromium() as browser:
        page = browser.new_context(base_url=site.app).new_page()
        page.goto("/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button").click()

        assert post(page, "/downloads/assets/course-1/cookies/") == 204
        jar = [one for one in page.context.cookies() if one["name"] in NAMES]
        assert {(one["path"], one["httpOnly"], one["expires"]) for one in jar} == {
            ("/course-1/", True, -1)
        }
        names = {one["name"] for one in jar}
        assert fetch(page, site.url("course-1/part-2/b.txt")) == (200, names)
        assert fetch(page, site.url("course-10/a.txt")) == (403, set())

        assert post(page, "/downloads/cookies/") == 204
        assert fetch(page, site.url("course-1/a.txt")) == (200, names)
        assert fetch(page, site.url("course-10/a.txt")) == (200, names)

        assert post(page, "/downloads/cookies/remove/") == 204
        assert [one for one in page.context.cookies() if one["name"] in NAMES] == []
        assert fetch(page, site.url("course-1/a.txt")) == (403, set())


def test_requests_at_once_leave_nothing_behind_after_a_logout(
    site: Site, user: User, make_folder: MakeFolder, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.signed_cookies.urls"
    slugs = [f"album-{number}" for number in range(12)]
    for slug in slugs:
        services.grant(make_folder(f"{slug}/").asset, user)
    paths = [f"/downloads/assets/{slug}/cookies/" for slug in slugs]

    with chromium() as browser:
        page = browser.new_context(base_url=site.app).new_page()
        page.goto(f"/login/{user.email}/")
        assert {*page.evaluate(_POST_EACH, paths)} == {204}
        names = {one["path"] for one in page.context.cookies() if one["name"] in NAMES}
        assert names == {f"/{slug}/" for slug in slugs}

        page.evaluate(_POST, "/logout/")

        assert {one["name"] for one in page.context.cookies()} == {"csrftoken"}
