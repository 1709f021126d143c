from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import chromium
from tests.example_project.browsing import ARTIFACTS, NewPage
from tests.example_project.demo import READER, STAFF, Demo, running_demo
from tests.example_project.visitor import Visitor
from tests.waiting import PATIENCE


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, with its shop and its edge, for all tests of this process."""
    with running_demo(tmp_path_factory.mktemp("demo") / "var") as demo:
        yield demo
        code = demo.stop(signal.SIGTERM)
    assert code == 0, demo.output()
    assert "Traceback" not in demo.output()


@pytest.fixture
def anonymous(demo: Demo) -> Visitor:
    return Visitor(demo)


@pytest.fixture
def reader(demo: Demo) -> Visitor:
    """The demo's buyer, who has "Reading the Tide"."""
    visitor = Visitor(demo)
    visitor.sign_in(*READER)
    return visitor


@pytest.fixture
def staff(demo: Demo) -> Visitor:
    visitor = Visitor(demo)
    visitor.sign_in(*STAFF)
    return visitor


NewBuyer = Callable[[], Visitor]


@pytest.fixture(scope="session")
def new_buyer(demo: Demo) -> NewBuyer:
    """Somebody who has just signed up."""
    numbers = itertools.count(1)

    def sign_up() -> Visitor:
        visitor = Visitor(demo)
        visitor.sign_up(f"buyer-{next(numbers)}")
        return visitor

    return sign_up


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    ARTIFACTS.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE * 1000)
    with chromium() as browser:
        yield browser


@pytest.fixture
def new_page(browser: Browser, demo: Demo) -> Iterator[NewPage]:
    """Opens the shop as somebody new, with the given options of the browser's context."""
    contexts = []

    def open_shop(**options: Any) -> Page:
        defaults = {"viewport": {"width": 1280, "height": 900}, "base_url": demo.shop}
        context = browser.new_context(**defaults | options)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        return page

    yield open_shop
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()
