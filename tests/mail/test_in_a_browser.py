"""The pages in Chromium, without JavaScript; axe-core finds nothing on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from cf_protected import services
from cf_protected.background import background
from cf_protected.models import Asset, Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from cf_protected.services.mailboxes import mailbox_of
from cf_protected.services.networks import MAX_REQUESTS
from tests.accounts.models import User
from tests.chromium import chromium
from tests.mail.conftest import ADDRESS, html_of, link_in, sell, the_mail
from tests.npm import npm_script
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_SIZES = [(390, 844), (1200, 900)]
_AXE = "axe-core/axe.min.js"
WORK = "ada.work@example.com"


class Pages:
    """The pages' addresses, made before the browser: its event loop forbids queries."""

    def __init__(self, user: User, asset: Asset) -> None:
        other = Asset.objects.create(title="Audiobook", slug="audio", state="published")
        purchase = sell(asset, "li_1", WORK)
        box, past = mailbox_of(WORK), timezone.now() - timedelta(weeks=9)
        link, receipt = "/downloads/links", LinkKind.RECEIPT
        self.mailbox = f"{link}/mailbox/{make_token(LinkKind.MAILBOX, box)}/"
        self.confirm = f"/downloads/claim/{make_token(LinkKind.CLAIM, box, user=user)}/"
        self.expired = f"{link}/receipt/{make_token(receipt, box, purchase=purchase, now=past)}/"
        self.ended = f"{link}/mailbox/nonsense/"
        self.claim_ended = "/downloads/claim/nonsense/"
        self.refused = other.get_absolute_url()


@pytest.fixture
def pages(user: User, asset: Asset) -> Pages:
    return Pages(user, asset)


def sign_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button").click()


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page."""
    page.add_script_tag(path=str(npm_script(_AXE)))
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    return [f"{page.url}: {one['id']}: {one['help']}" for one in found["violations"]]


def check_each(browser: Browser, url: str, visit: Callable[[Page], list[str]]) -> None:
    for width, height in _SIZES:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=url,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
            )
            assert visit(context.new_page()) == []
            context.close()


def test_axe_finds_nothing_on_the_pages_of_visitors(pages: Pages, live_server: Any) -> None:
    def visit(page: Page) -> list[str]:
        found = []
        paths = [pages.mailbox, pages.expired, pages.ended, "/downloads/send/sent/"]
        for path in paths:
            page.goto(path)
            found += violations(page)
        page.goto("/downloads/send/")
        found += violations(page)
        page.get_by_label("Your e-mail address").fill("ada@home")
        page.get_by_role("button", name="Send the link").click()
        page.get_by_text("This isn't an e-mail address.").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return found + violations(page)

    with chromium() as browser:
        check_each(browser, live_server.url, visit)


def test_axe_finds_nothing_on_the_pages_of_accounts(pages: Pages, live_server: Any) -> None:
    def visit(page: Page) -> list[str]:
        sign_in(page)
        found = []
        paths = ["/downloads/claim/", pages.confirm, pages.claim_ended, pages.mailbox]
        for path in (*paths, pages.refused, "/downloads/"):
            page.goto(path)
            found += violations(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return found

    with chromium() as browser:
        check_each(browser, live_server.url, visit)


def test_axe_finds_nothing_on_the_page_of_too_many_requests(
    db: None, client: Client, live_server: Any
) -> None:
    def visit(page: Page) -> list[str]:
        page.goto("/downloads/send/")
        page.get_by_label("Your e-mail address").fill("eve@example.com")
        page.get_by_role("button").click()
        page.get_by_text("Please try again in 10 minutes.").wait_for()
        return violations(page)

    for _ in range(MAX_REQUESTS):
        client.post("/downloads/send/", {"email": "eve@example.com"}, REMOTE_ADDR="127.0.0.1")
    with chromium() as browser:
        check_each(browser, live_server.url, visit)
    background.wait()


def test_axe_finds_nothing_in_the_mails(user: User, pages: Pages, asset: Asset) -> None:
    purchase = Purchase.objects.get()
    services.send_receipt(purchase)
    services.send_receipt(purchase, gift=True)
    services.send_downloads(WORK)
    Mailbox.objects.update(latest_mails=[])
    services.send_claim_link(user, WORK)
    token = link_in(mail.outbox[-1]).strip("/").split("/")[-1]
    link = read_token(LinkKind.CLAIM, token)
    assert link is not None
    services.claim_by_link(user, link)
    sold = sell(asset, "li_2")
    services.transfer(sold.grants.all(), user, reason="The address was mistyped.")
    mails = [html_of(one) for one in mail.outbox]
    assert len(mails) == 6

    def visit(page: Page) -> list[str]:
        found = []
        for html in mails:
            page.set_content(html)
            found += violations(page)
        return found

    with chromium() as browser:
        check_each(browser, "http://shop.example", visit)


def test_from_the_mail_to_the_library_without_javascript(
    pages: Pages, live_server: Any, asset: Asset
) -> None:
    sell(asset, "li_2")
    with chromium() as browser:
        context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
        page = context.new_page()
        page.goto("/downloads/send/")
        page.get_by_label("Your e-mail address").fill(ADDRESS)
        page.get_by_role("button", name="Send the link").click()
        page.get_by_role("heading", name="Please look into your mailbox").wait_for()
        wait_until(lambda: mail.outbox)
        page.goto(link_in(the_mail()))
        with page.expect_response(lambda one: one.request.method == "POST") as posted:
            page.get_by_role("button", name="Open my downloads").click()
        assert posted.value.status == 303
        assert posted.value.headers["location"] == "/downloads/"
        page.get_by_role("heading", name="My downloads").wait_for()
        page.get_by_role("link", name="Ebook").first.wait_for()
        assert page.url == f"{live_server.url}/downloads/"


def test_another_sites_page_can_neither_frame_nor_post_a_link(
    pages: Pages, live_server: Any
) -> None:
    elsewhere = live_server.url.replace("localhost", "127.0.0.1")
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{elsewhere}/login/")
        path = f"{live_server.url}{pages.mailbox}"
        page.set_content(f'<iframe src="{path}"></iframe><form method="post" action="{path}">')
        page.wait_for_load_state()
        framed = page.frames[1]
        assert framed.get_by_role("button").count() == 0
        with page.expect_response(lambda one: one.request.method == "POST") as posted:
            page.evaluate("document.forms[0].submit()")
        assert posted.value.status == 403
