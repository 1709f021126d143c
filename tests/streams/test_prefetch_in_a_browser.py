"""Turbo and htmx fetch a link under the pointer: that counts nothing, and the click works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import User
from tests.chromium import chromium
from tests.npm import npm_script
from tests.streams.conftest import CDN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TURBO = ("@hotwired/turbo/dist/turbo.es2017-umd.js",)
HTMX = ("htmx.org/dist/htmx.js", "htmx-ext-preload/preload.js")

LINKS = {
    "turbo": (TURBO, '<a href="{}">Book</a>'),
    "turbo, with our attribute": (TURBO, '<a href="{}" data-turbo="false">Book</a>'),
    "htmx": (HTMX, '<p hx-ext="preload"><a href="{}" preload="mouseover">Book</a></p>'),
    "htmx, boosted, with our attribute": (
        HTMX,
        '<p hx-ext="preload" hx-boost="true" preload="mouseover">'
        '<a href="{}" hx-boost="false">Book</a></p>',
    ),
}


@pytest.fixture
def book(user: User, file: AssetFile, cdn: CDN) -> AssetFile:
    """A book, of which the user has one download."""
    storages["protected"].save("books/book.pdf", ContentFile(b"%PDF-1.7 a book"))
    file.key = "books/book.pdf"
    file.save()
    services.grant(file.asset, user, max_downloads=1)
    return file


@pytest.fixture
def page(user: User, live_server: LiveServer) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_context(base_url=live_server.url).new_page()
        page.goto("/login/?next=/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button").click()
        page.wait_for_load_state()
        yield page


@pytest.mark.parametrize("kind", LINKS)
def test_hovering_counts_nothing_and_the_click_downloads(
    page: Page, book: AssetFile, kind: str
) -> None:
    scripts, link = LINKS[kind]
    url = book.get_absolute_url()
    for script in scripts:
        page.add_script_tag(path=npm_script(script))
    page.evaluate("html => { document.body.innerHTML = html }", link.format(url))
    if scripts == HTMX:
        page.evaluate("htmx.process(document.body)")

    if "our attribute" in kind:
        page.get_by_text("Book").hover()
        page.wait_for_timeout(500)  # longer than either waits; nothing is to come
    else:
        with page.expect_response(lambda response: url in response.url) as fetched:
            page.get_by_text("Book").hover()
        assert fetched.value.status in {200, 503}
    with page.expect_download() as download:
        page.get_by_text("Book").click()

    assert download.value.path().read_bytes() == b"%PDF-1.7 a book"


@pytest.fixture(autouse=True)
def counted(book: AssetFile) -> Iterator[None]:
    """After each test the one click is counted, and nothing else."""
    yield
    assert (Grant.objects.get().downloads_used, Download.objects.count()) == (1, 1)
