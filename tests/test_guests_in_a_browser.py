"""A guest's pages in Chromium, without JavaScript, on a computer that others use too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Mailbox
from cf_protected.services.links import LinkKind, make_token
from tests.chromium import chromium
from tests.mail.test_in_a_browser import check_each, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIBRARY = "/downloads/"
DONE = "/downloads/done/"


class Scene:
    """What the pages are about, made before the browser: its event loop forbids queries."""

    def __init__(self, mailbox: Mailbox, file: AssetFile, url: str) -> None:
        services.grant(file.asset, email=mailbox.email, max_downloads=2)
        other = Asset.objects.create(title="Song", slug="song", state=Asset.State.PUBLISHED)
        self.site = url
        self.link = f"/downloads/links/mailbox/{make_token(LinkKind.MAILBOX, mailbox)}/"
        self.file = file.get_absolute_url()
        self.asset = file.asset.get_absolute_url()
        self.refused = other.get_absolute_url()

    def prove(self, page: Page) -> None:
        page.goto(self.link)
        page.get_by_role("button", name="Open my downloads").click()
        page.get_by_text("These are the downloads of guest@example.com.").wait_for()


@pytest.fixture
def scene(mailbox: Mailbox, file: AssetFile, live_server: LiveServer) -> Scene:
    return Scene(mailbox, file, live_server.url)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(scene: Scene, browser: Browser) -> Page:
    page = browser.new_context(base_url=scene.site, java_script_enabled=False).new_page()
    page.route("https://downloads.example.com/**", lambda route: route.fulfill(body="the book"))
    scene.prove(page)
    return page


@pytest.mark.parametrize("place", ["library", "asset", "link"])
def test_the_button_downloads(scene: Scene, page: Page, place: str) -> None:
    page.goto({"library": LIBRARY, "asset": scene.asset, "link": scene.file}[place])
    name = "Download it now" if place == "link" else "Ebook.pdf"
    page.get_by_role("button", name=name).click()

    page.wait_for_url("https://downloads.example.com/**")


@pytest.mark.parametrize("place", ["library", "asset", "link", "refused"])
def test_nothing_is_left_behind_the_back_button(scene: Scene, page: Page, place: str) -> None:
    pages = {
        "library": LIBRARY,
        "asset": scene.asset,
        "link": scene.file,
        "refused": scene.refused,
    }
    page.goto(pages[place])
    page.get_by_role("button", name="I'm done").click()
    page.wait_for_url(f"**{DONE}")
    for _ in range(2):
        page.go_back()
        assert "guest@example.com" not in page.content()
        assert "Ebook" not in page.content()


def test_axe_finds_nothing(scene: Scene, browser: Browser) -> None:
    def visit(page: Page) -> list[str]:
        scene.prove(page)
        found = []
        for path in (LIBRARY, scene.asset, scene.file, scene.refused, DONE):
            page.goto(path)
            found += violations(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("button", name="I'm done").click()
        page.get_by_role("heading", name="You are done").wait_for()
        return found + violations(page)

    check_each(browser, scene.site, visit)
