"""The same clicks in a real browser, with screenshots to look at in ``tests/artifacts``."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.example_project.browsing import (
    PHONE,
    NewPage,
    buy,
    download,
    sign_in,
    size_of,
    take_screenshot,
)
from tests.example_project.demo import READER, STAFF, Demo

pytestmark = pytest.mark.browser

WORKBOOK = "workbooks/Übungsheft – Größe & Maß.pdf"  # noqa: RUF001 - a real name


def test_the_reader_downloads_a_book(page: Page, demo: Demo) -> None:
    sign_in(page, *READER)
    saved = download(page, "Reading the Tide (PDF)")
    assert saved.suggested_filename == "reading-the-tide.pdf"
    assert size_of(saved) == demo.files()["books/reading-the-tide.pdf"].size


def test_a_visitor_buys_and_downloads(page: Page, demo: Demo) -> None:
    take_screenshot(page, "catalogue")
    page.get_by_role("link", name="Nine Waves").click()
    take_screenshot(page, "product")
    buy(page, "Größe & Maß", "Harbour at Night", "Nine Waves")
    take_screenshot(page, "order")
    page.get_by_role("navigation").get_by_role("link", name="My downloads").click()
    take_screenshot(page, "library")
    saved = download(page, "Übungsheft (PDF)")
    assert saved.suggested_filename == Path(WORKBOOK).name
    assert size_of(saved) == demo.files()[WORKBOOK].size
    saved = download(page, "Harbour at Night (WAV)")
    assert size_of(saved) == demo.files()["sounds/harbour-at-night.wav"].size


def test_a_buyer_looks_at_a_print(page: Page) -> None:
    buy(page, "Nine Waves")
    page.goto("/products/nine-waves/")
    page.get_by_role("link", name="Look at it").click()
    picture = page.get_by_role("img", name="A sunset in nine colours")
    expect(picture).to_have_js_property("naturalWidth", 1800)
    take_screenshot(page, "picture")


def test_who_did_not_buy_is_told_so(page: Page) -> None:
    sign_in(page, *READER)
    page.goto("/downloads/assets/tides-in-python/")
    expect(page.get_by_role("heading", name="Tides in Python")).to_be_visible()
    expect(page.get_by_text("Did you buy it with another account?")).to_be_visible()
    take_screenshot(page, "refused")


def test_staff_see_grants_and_assets(page: Page) -> None:
    sign_in(page, *STAFF)
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Grants", exact=True).first.click()
    expect(page.get_by_role("cell", name="Reading the Tide").first).to_be_visible()
    take_screenshot(page, "admin-grants")
    page.get_by_role("link", name="Assets", exact=True).first.click()
    page.get_by_role("rowheader").get_by_role("link", name="Reading the Tide").click()
    expect(page.get_by_label("Title")).to_have_value("Reading the Tide")
    take_screenshot(page, "admin-asset")


def test_the_shop_works_without_javascript(new_page: NewPage, demo: Demo) -> None:
    page = new_page(java_script_enabled=False)
    buy(page, "Tides in Python")
    page.get_by_role("main").get_by_role("link", name="My downloads").click()
    saved = download(page, "Tides in Python (zip)")
    assert saved.suggested_filename == "tides-in-python.zip"
    assert size_of(saved) == demo.files()["source/tides-in-python.zip"].size


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/products/groesse-und-mass/",
        "/products/field-notes/",
        "/downloads/",
        "/basket/",
    ],
)
def test_pages_fit_a_phone_and_the_night(new_page: NewPage, path: str) -> None:
    page = new_page(viewport=PHONE, color_scheme="dark")
    sign_in(page, *READER)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    take_screenshot(page, f"phone-{path.strip('/').replace('/', '-') or 'catalogue'}")


def test_the_keyboard_finds_the_content_first(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
