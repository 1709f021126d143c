"""What a person does with the shop in a real browser."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Download, Page, expect

from tests.example_project.demo import ROOT

ARTIFACTS = ROOT / "tests" / "artifacts"
PHONE = {"width": 390, "height": 844}

_numbers = itertools.count(1)

NewPage = Callable[..., Page]


def sign_in(page: Page, name: str, password: str) -> None:
    """Sign in, and wait for the library."""
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My downloads")).to_be_visible()


def make_account(page: Page) -> None:
    """Fill in the form of somebody new."""
    name = f"clicker-{next(_numbers)}"
    page.get_by_label("Username").fill(name)
    page.get_by_label("E-mail address").fill(f"{name}@example.com")
    page.get_by_label("Password:").fill("four plovers")
    page.get_by_label("Password confirmation:").fill("four plovers")
    page.get_by_role("button", name="Make account").click()


def buy(page: Page, *titles: str) -> None:
    """From the catalogue to the thanks, making an account on the way."""
    for title in titles:
        page.goto("/")
        page.get_by_role("link", name=title).click()
        page.get_by_role("button", name="Put into basket").click()
    page.get_by_role("link", name="make an account").click()
    make_account(page)
    page.get_by_role("button", name="Pretend to pay").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def download(page: Page, name: str) -> Download:
    with page.expect_download() as event:
        page.get_by_role("link", name=name).click()
    return event.value


def size_of(saved: Download) -> int:
    return Path(saved.path()).stat().st_size


def take_screenshot(page: Page, name: str) -> None:
    """Keep the page, to be looked at in ``tests/artifacts``."""
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)
