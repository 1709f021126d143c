"""Buyers in a real browser, mostly without JavaScript; axe-core finds nothing on their pages."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.example_project.browsing import (
    PHONE,
    NewPage,
    download,
    sign_in,
    size_of,
    take_screenshot,
)
from tests.example_project.demo import READER, STAFF, Demo
from tests.npm import npm_script

pytestmark = pytest.mark.browser

PICTURE = "prints/nine-waves.png"
MISTYPED = "bea@exmaple.com"
SETTINGS: dict[str, dict[str, Any]] = {
    "": {"viewport": {"width": 1200, "height": 900}},
    "night-": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone-": {"viewport": PHONE},
    "phone-night-": {"viewport": PHONE, "color_scheme": "dark"},
}

_numbers = itertools.count(1)


@pytest.fixture
def address() -> str:
    """Of a person whom the shop doesn't know yet."""
    return f"bo-{next(_numbers)}@example.com"


def put_into_basket(page: Page, title: str) -> None:
    page.goto("/")
    page.get_by_role("link", name=title).click()
    page.get_by_role("button", name="Put into basket").click()


def open_mail(page: Page, address: str) -> None:
    """Open the latest mail to ``address`` in the mailbox."""
    page.get_by_role("link", name="Mailbox", exact=True).click()
    page.get_by_role("listitem").filter(has_text=address).get_by_role("link").first.click()


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe-core finds on the page."""
    page.add_script_tag(path=str(npm_script("axe-core/axe.min.js")))
    found: dict[str, Any] = page.evaluate("(part) => axe.run(part)", part)
    return [f"{page.url}: {one['id']}: {one['help']}" for one in found["violations"]]


def test_a_guest_buys_downloads_signs_up_and_finds_it(
    new_page: NewPage, demo: Demo, address: str
) -> None:
    page = new_page(java_script_enabled=False)
    put_into_basket(page, "Nine Waves")
    take_screenshot(page, "guest-basket")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_role("button", name="Pretend to pay").click()
    expect(page.get_by_text(f"the link to your downloads to {address}")).to_be_visible()
    take_screenshot(page, "guest-order")

    open_mail(page, address)
    take_screenshot(page, "guest-receipt")
    page.frame_locator("iframe").get_by_role("link", name="Open my downloads").click()
    page.get_by_role("button", name="Open my downloads").click()
    expect(page.get_by_text(f"These are the downloads of {address}")).to_be_visible()
    take_screenshot(page, "guest-library")
    saved = download(page, "Nine Waves (PNG)")
    assert size_of(saved) == demo.files()[PICTURE].size

    page.get_by_role("button", name="I'm done").click()
    page.goto("/sign-up/")
    page.get_by_label("Username").fill(address.partition("@")[0])
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password:").fill("four plovers")
    page.get_by_label("Password confirmation:").fill("four plovers")
    page.get_by_role("button", name="Make account").click()
    page.get_by_role("navigation").get_by_role("link", name="My downloads").click()
    expect(page.get_by_text("There is nothing here yet.")).to_be_visible()
    take_screenshot(page, "library-unconfirmed")

    open_mail(page, address)
    page.get_by_role("link", name="/confirm/").click()
    take_screenshot(page, "confirm")
    page.get_by_role("button", name="Yes, it's mine").click()
    expect(page.get_by_text("1 purchase was waiting for it.")).to_be_visible()
    saved = download(page, "Nine Waves (PNG)")
    assert size_of(saved) == demo.files()[PICTURE].size


def test_a_guests_limited_downloads_are_buttons(page: Page, address: str) -> None:
    put_into_basket(page, "Größe & Maß")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_role("button", name="Pretend to pay").click()
    open_mail(page, address)
    page.frame_locator("iframe").get_by_role("link", name="Open my downloads").click()
    page.get_by_role("button", name="Open my downloads").click()
    expect(page.get_by_text("3 of 3 downloads left.")).to_be_visible()
    with page.expect_download():
        page.get_by_role("button", name="Übungsheft (PDF)").click()
    page.reload()
    expect(page.get_by_text("2 of 3 downloads left.")).to_be_visible()
    take_screenshot(page, "guest-limited")


@pytest.mark.parametrize("setting", SETTINGS)
def test_staff_dispute_and_refund_an_order_by_its_buttons(new_page: NewPage, setting: str) -> None:
    page, buyer = new_page(**SETTINGS[setting]), f"for-staff-{setting}@example.com"
    put_into_basket(page, "Nine Waves")
    page.get_by_label("Your e-mail address").fill(buyer)
    page.get_by_role("button", name="Pretend to pay").click()
    sign_in(page, *STAFF)
    for button, message in (
        ("Dispute opened", "1 order is disputed."),
        ("Dispute won", "1 dispute was won."),
        ("Refund", "1 order was refunded."),
    ):
        page.goto(f"/admin/shop/order/?q={buyer}")
        page.get_by_role("link", name=re.compile(r"^Order \d")).click()
        take_screenshot(page, f"{setting}admin-order")
        assert violations(page, ".object-tools") == []
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text(message)).to_be_visible()


@pytest.mark.parametrize("setting", SETTINGS)
def test_axe_finds_nothing_on_the_pages_of_visitors(new_page: NewPage, setting: str) -> None:
    page = new_page(**SETTINGS[setting])
    found = []
    put_into_basket(page, "Reading the Tide")
    for path in (
        *("/basket/", "/products/nine-waves/", "/products/nine-waves/gift/", "/tour/"),
        *("/login/", "/sign-up/", "/reset/", "/reset/sent/", "/reset/done/", "/reset/x/y/"),
        *("/mailbox/", "/downloads/send/"),
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        name = path.strip("/").replace("/", "-")
        take_screenshot(page, f"{setting}{name}")
        found += violations(page)
    open_mail(page, MISTYPED)
    take_screenshot(page, f"{setting}mail")
    assert found + violations(page) == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_axe_finds_nothing_on_the_pages_of_accounts(new_page: NewPage, setting: str) -> None:
    page = new_page(**SETTINGS[setting])
    sign_in(page, *READER)
    found = []
    for path in ("/confirm/1/old/", "/orders/00000000-0000-4000-8000-000000000001/", "/downloads/"):
        page.goto(path)
        take_screenshot(page, f"{setting}account-{path.strip('/').replace('/', '-')[:12]}")
        found += violations(page)
    assert found == []
