"""Seven buyers: the documents' webhook over HTTP, the mail as it was sent, and clicks in Chromium.

Each loses nothing: the mail comes, its link opens the file, and support sees who downloaded it.
"""

from __future__ import annotations

import hmac
import itertools
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.example_project.browsing import NewPage, take_screenshot
from tests.example_project.demo import STAFF, Demo, running_demo
from tests.webhook_shop import BOOK, WEBHOOK_SECRET

pytestmark = pytest.mark.browser

PASSWORD = "four plovers"
FILE = "Tides (PDF)"

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The shop with the webhook, and its edge."""
    var = tmp_path_factory.mktemp("webhook") / "var"
    shop = {"command": "webhook_shop", "settings": "tests.webhook_shop.settings"}
    with running_demo(var, **shop) as demo:
        yield demo
        code = demo.stop(signal.SIGTERM)
    assert code == 0, demo.output()
    assert "Traceback" not in demo.output()


@dataclass(frozen=True)
class Webhook:
    """The payment provider's side."""

    shop: str

    def pay(self, email: str, line: str) -> None:
        self.send({"type": "paid", "email": email, "lines": [line_of(line)]})

    def send(self, event: dict[str, object]) -> None:
        body = json.dumps(event).encode()
        signature = hmac.new(WEBHOOK_SECRET.encode(), body, "sha256").hexdigest()
        request = Request(f"{self.shop}/webhook/", body, {"X-Signature": signature})
        with build_opener(ProxyHandler({})).open(request, timeout=60) as response:
            assert response.status == 204


def line_of(line: str) -> dict[str, object]:
    return {"id": line, "sku": "TIDES", "quantity": 1, "refunded": 1}


@pytest.fixture
def webhook(demo: Demo) -> Webhook:
    return Webhook(demo.shop)


class Buyer:
    """A person at their browser, who reads ``inbox``."""

    def __init__(self, page: Page, new_page: NewPage, webhook: Webhook) -> None:
        self.page, self.new_page, self.webhook = page, new_page, webhook
        number = next(_numbers)
        self.name, self.line = f"ada{number}", f"li_{number}"
        self.inbox = f"{self.name}@example.com"

    def sign_up(self, name: str, address: str) -> None:
        self.page.goto("/sign-up/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("E-mail address").fill(address)
        self.page.get_by_label("Password:").fill(PASSWORD)
        self.page.get_by_label("Password confirmation:").fill(PASSWORD)
        self.page.get_by_role("button", name="Make account").click()
        expect(self.page.get_by_text(f"Welcome, {name}!")).to_be_visible()

    def confirm(self) -> None:
        self.open_mail("Confirm your e-mail address")
        self.page.get_by_role("link", name="/confirm/").click()
        self.page.get_by_role("button", name="Yes, it's mine").click()
        expect(self.page.get_by_text("your address is confirmed")).to_be_visible()

    def sign_in(self, name: str) -> None:
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()

    def pay(self, address: str) -> None:
        """Pay, and let the provider send its event twice, as providers do."""
        self.webhook.pay(address, self.line)
        self.webhook.pay(address, self.line)

    def open_mail(self, subject: str) -> Locator:
        """Open the one mail of this subject, and return its HTML, if it has one."""
        self.page.goto(f"/mailbox/?to={self.inbox}")
        self.page.get_by_role("main").get_by_role("link", name=subject).click()
        expect(self.page.get_by_role("heading", name=subject)).to_be_visible()
        return self.page.frame_locator("iframe").locator("body")

    def click_in_mail(self, subject: str, link: str) -> None:
        self.open_mail(subject).get_by_role("link", name=link).click()

    def click_receipt(self, words: str, link: str) -> None:
        mail = self.open_mail("Your download: Tides")
        expect(mail).to_contain_text("Your download is ready:")
        expect(mail).to_contain_text(words)
        mail.get_by_role("link", name=link).click()

    def open_receipt(self) -> None:
        """Click the link that needs no account, and its page's button."""
        self.click_receipt("This link opens it, without an account:", "Open my downloads")

    def add_to_account(self) -> None:
        """Open the receipt with an account signed in, and let it add the purchase."""
        self.open_receipt()
        expect(self.page.get_by_text("what this link opens isn't in that account")).to_be_visible()
        self.page.get_by_role("button", name="Add it to my account").click()
        expect(self.page.get_by_role("heading", name="Please look into")).to_be_visible()
        self.click_in_mail("Add your purchases", "Add them to my account")
        self.page.get_by_role("button", name="Add them to my account").click()
        expect(self.page.get_by_role("link", name="Tides", exact=True)).to_be_visible()

    def download(self) -> None:
        """From the library, at the edge: all bytes of the book."""
        expect(self.page.get_by_role("heading", name="My downloads")).to_be_visible()
        with self.page.expect_download() as event:
            self.page.get_by_role("link", name=FILE).click()
        assert Path(event.value.path()).read_bytes() == BOOK

    def see_nothing(self) -> None:
        """The library is empty, and says what to do."""
        self.page.goto("/downloads/")
        expect(self.page.get_by_text("There is nothing here yet.")).to_be_visible()
        for offer in ("Send it to the address that I bought with", "Add purchases to my account"):
            expect(self.page.get_by_role("link", name=offer)).to_be_visible()
        expect(self.page.get_by_role("link", name="help@plover.example")).to_be_visible()


def confirmed(buyer: Buyer) -> str:
    """Has an account whose address is confirmed: told to sign in, and there it is."""
    buyer.sign_up(buyer.name, buyer.inbox)
    buyer.confirm()
    buyer.sign_out()
    return _paid_into_account(buyer, buyer.inbox)


def _paid_into_account(buyer: Buyer, address: str) -> str:
    buyer.pay(address)
    buyer.click_receipt("It is in your account. Sign in to download it:", "Sign in")
    buyer.sign_in(buyer.name)
    buyer.download()
    return buyer.name


def unconfirmed(buyer: Buyer) -> str:
    """Has an account whose address isn't confirmed: the flow that used to lose the buyer."""
    buyer.sign_up(buyer.name, buyer.inbox)
    buyer.pay(buyer.inbox)
    buyer.see_nothing()
    buyer.open_receipt()
    take_screenshot(buyer.page, "webhook-receipt-signed-in")
    buyer.page.get_by_role("button", name="Sign out and open my downloads").click()
    expect(buyer.page.get_by_text(f"These are the downloads of {buyer.inbox}.")).to_be_visible()
    buyer.download()
    buyer.page.get_by_role("link", name="Sign in").click()
    buyer.sign_in(buyer.name)
    buyer.add_to_account()
    buyer.download()
    return buyer.name


def no_account(buyer: Buyer) -> str:
    """Has no account, and needs none."""
    buyer.pay(buyer.inbox)
    _open_as_guest(buyer)
    return buyer.inbox


def _open_as_guest(buyer: Buyer) -> None:
    buyer.open_receipt()
    buyer.page.get_by_role("button", name="Open my downloads").click()
    expect(buyer.page.get_by_text(f"These are the downloads of {buyer.inbox}.")).to_be_visible()
    buyer.download()


def account_afterwards(buyer: Buyer) -> str:
    """Makes the account afterwards, and opens the old link once more."""
    buyer.pay(buyer.inbox)
    _open_as_guest(buyer)
    buyer.page.get_by_role("button", name="I'm done").click()
    buyer.sign_up(buyer.name, buyer.inbox)
    buyer.confirm()
    expect(buyer.page.get_by_text("1 purchase was waiting for it.")).to_be_visible()
    buyer.download()
    buyer.sign_out()
    buyer.open_receipt()
    expect(buyer.page.get_by_text("the purchases are in an account by now")).to_be_visible()
    buyer.page.get_by_role("main").get_by_role("link", name="My downloads", exact=True).click()
    buyer.sign_in(buyer.name)
    buyer.download()
    return buyer.name


def two_accounts(buyer: Buyer) -> str:
    """Has two accounts with one address, both confirmed: it waits, and goes where they say."""
    second = f"{buyer.name}-work"
    for name in (buyer.name, second):
        buyer.sign_up(name, buyer.inbox)
        buyer.page.goto(f"/mailbox/?to={buyer.inbox}")
        buyer.page.get_by_role("link", name="Confirm your e-mail address").first.click()
        buyer.page.get_by_role("link", name="/confirm/").click()
        buyer.page.get_by_role("button", name="Yes, it's mine").click()
        buyer.sign_out()
    buyer.pay(buyer.inbox)
    _open_as_guest(buyer)
    buyer.page.get_by_role("link", name="Sign in").click()
    buyer.sign_in(second)
    buyer.see_nothing()
    buyer.add_to_account()
    buyer.download()
    return second


def another_spelling(buyer: Buyer) -> str:
    """Paid with capitals and a space, as phones write addresses."""
    buyer.sign_up(buyer.name, buyer.inbox)
    buyer.confirm()
    buyer.sign_out()
    return _paid_into_account(buyer, f" {buyer.name.title()}@Example.COM ")


def internationalised_domain(buyer: Buyer) -> str:
    """Paid with letters that aren't ASCII; the account has the domain's other form."""
    buyer.inbox = f"{buyer.name}@xn--mnchen-3ya.example"
    buyer.sign_up(buyer.name, buyer.inbox)
    buyer.confirm()
    buyer.sign_out()
    return _paid_into_account(buyer, f"{buyer.name}@münchen.example")


BUYERS = (
    confirmed,
    unconfirmed,
    no_account,
    account_afterwards,
    two_accounts,
    another_spelling,
    internationalised_domain,
)


@pytest.mark.parametrize("live", BUYERS, ids=lambda live: live.__name__)
def test_no_buyer_is_lost(
    live: Callable[[Buyer], str], page: Page, new_page: NewPage, webhook: Webhook
) -> None:
    buyer = Buyer(page, new_page, webhook)
    holder = live(buyer)
    desk = at_the_desk(new_page(), holder)
    take_screenshot(desk, f"webhook-desk-{live.__name__}")
    tables = desk.locator("#content").get_by_role("table")
    bought = tables.first.get_by_role("row").filter(has_text=f"acme-pay {buyer.line}")
    expect(bought).to_have_count(1)
    expect(bought).to_contain_text("Yes.")
    downloaded = tables.last.get_by_role("row").filter(has_text="tides.pdf issued")
    expect(downloaded.first).to_be_visible()


def at_the_desk(page: Page, search: str) -> Page:
    """What support sees of a person."""
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill(STAFF[0])
    page.get_by_label("Password").fill(STAFF[1])
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.goto(f"/admin/cf_protected/grant/person/?q={search}")
    return page
