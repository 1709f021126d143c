"""Buyers with and without accounts, over real HTTP: every mail is read in the demo's mailbox."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.example_project.demo import STAFF, Demo
from tests.example_project.visitor import PASSWORD, Page, Visitor

PICTURE = "prints/nine-waves.png"
SLUG = "nine-waves"

_numbers = itertools.count(1)


@pytest.fixture
def address() -> str:
    """Of a person whom the shop doesn't know yet."""
    return f"ada-{next(_numbers)}@example.com"


def name_of(address: str) -> str:
    return address.partition("@")[0]


def picture(visitor: Visitor) -> Page:
    return visitor.follow(visitor.get(visitor.demo.files()[PICTURE].url))


def has_picture(visitor: Visitor) -> bool:
    return picture(visitor).body.startswith(b"\x89PNG")


def open_receipt(visitor: Visitor, address: str) -> Page:
    """Click the link of the latest mail, and its page's button."""
    return visitor.follow(visitor.submit(visitor.click_in_mail(address, "/links/receipt/")))


def confirm(visitor: Visitor, address: str) -> Page:
    """Click the link that confirms the address, and its page's button."""
    return visitor.follow(visitor.submit(visitor.click_in_mail(address, "/confirm/")))


def sign_up(visitor: Visitor, address: str) -> Page:
    return visitor.follow(visitor.sign_up(name_of(address), address))


def test_a_buyer_without_an_account_opens_the_receipt_and_downloads(
    anonymous: Visitor, address: str
) -> None:
    thanks = anonymous.buy(SLUG, email=address)
    assert f"<strong>{address}</strong>" in thanks.text
    assert not has_picture(anonymous)
    library = open_receipt(anonymous, address)
    assert "Nine Waves" in library.text
    assert has_picture(anonymous)


def test_the_receipt_opens_it_in_another_browser_as_well(demo: Demo, address: str) -> None:
    Visitor(demo).buy(SLUG, email=address)
    other = Visitor(demo)
    open_receipt(other, address)
    assert has_picture(other)


def test_opening_the_link_without_its_button_proves_nothing(demo: Demo, address: str) -> None:
    Visitor(demo).buy(SLUG, email=address)
    scanner = Visitor(demo)
    assert scanner.click_in_mail(address, "/links/receipt/").status == 200
    assert not has_picture(scanner)


def test_an_account_made_afterwards_finds_the_purchase_once_it_is_confirmed(
    demo: Demo, address: str
) -> None:
    Visitor(demo).buy(SLUG, email=address)
    buyer = Visitor(demo)
    sign_up(buyer, address)
    assert not has_picture(buyer)
    assert "Send the link again" in buyer.get("/downloads/").text
    library = confirm(buyer, address)
    assert "1 purchase was waiting for it." in library.text
    assert has_picture(buyer)


def test_a_purchase_for_a_confirmed_address_is_the_accounts_at_once(
    demo: Demo, address: str
) -> None:
    buyer = Visitor(demo)
    sign_up(buyer, address)
    confirm(buyer, address)
    Visitor(demo).buy(SLUG, email=address.upper())
    assert has_picture(buyer)


def test_a_strangers_account_cannot_use_the_link(demo: Demo, address: str) -> None:
    buyer, stranger = Visitor(demo), Visitor(demo)
    sign_up(buyer, address)
    Visitor(demo).buy(SLUG, email=address)
    sign_up(stranger, f"eve-{address}")
    link = next(link for link in anonymous_links(stranger, address) if "/confirm/" in link)
    assert stranger.get(link).status == 404
    assert not has_picture(stranger)


def anonymous_links(visitor: Visitor, address: str) -> list[str]:
    return [link for mail in visitor.mails(address) for link in mail.parsed().links]


def test_a_gift_is_mailed_to_its_recipient_who_downloads_it(
    anonymous: Visitor, demo: Demo, address: str
) -> None:
    form = anonymous.get(f"/products/{SLUG}/gift/")
    giver = f"giver-of-{address}"
    thanks = anonymous.follow(anonymous.submit(form, recipient=address, email=giver))
    assert f"We have mailed your gift to <strong>{address}</strong>" in thanks.text
    recipient = Visitor(demo)
    open_receipt(recipient, address)
    assert has_picture(recipient)
    assert not has_picture(anonymous)


def test_a_refund_ends_what_a_guest_may_download(
    anonymous: Visitor, staff: Visitor, address: str
) -> None:
    number = order_number(anonymous.buy(SLUG, email=address))
    open_receipt(anonymous, address)
    change(staff, number, "refund")
    assert not has_picture(anonymous)


def test_a_dispute_takes_it_away_until_it_is_won(
    anonymous: Visitor, staff: Visitor, address: str
) -> None:
    number = order_number(anonymous.buy(SLUG, email=address))
    open_receipt(anonymous, address)
    change(staff, number, "open_dispute")
    assert not has_picture(anonymous)
    change(staff, number, "win_dispute")
    assert has_picture(anonymous)


def order_number(thanks: Page) -> str:
    found = re.search(r"Order (\d+) is complete", thanks.text)
    assert found, thanks.text
    return found[1]


def change(staff: Visitor, number: str, button: str) -> None:
    """Click a button on the order's page in the admin."""
    page = staff.get(f"/admin/shop/order/{number}/change/")
    done = staff.follow(staff.submit(page, "/admin/shop/order/", action=button))
    assert "1 order" in done.text or "1 dispute" in done.text


def test_a_forgotten_password_is_replaced_by_mail(demo: Demo, address: str) -> None:
    sign_up(Visitor(demo), address)
    buyer = Visitor(demo)
    sent = buyer.follow(buyer.submit(buyer.get("/reset/"), email=address))
    assert "Look into your mailbox" in sent.text
    form = buyer.follow(buyer.click_in_mail(address, "/reset/"))
    new = PASSWORD[::-1]
    buyer.submit(form, new_password1=new, new_password2=new)
    assert buyer.sign_in(name_of(address), PASSWORD).status == 200
    assert buyer.sign_in(name_of(address), new).status == 302


def test_what_is_no_address_buys_nothing(anonymous: Visitor) -> None:
    page = anonymous.buy(SLUG, email="ada at example.com")
    assert "Enter a valid e-mail address." in page.text


def test_the_mailbox_has_beas_receipt_at_the_mistyped_address(anonymous: Visitor) -> None:
    assert "Nine Waves" in anonymous.mails("bea@exmaple.com")[0].text


def test_the_tour_names_what_it_needs(anonymous: Visitor) -> None:
    tour = anonymous.get("/tour/")
    for text in ("bea@exmaple.com", "bea@example.com", *STAFF):
        assert text in tour.text
    for link in tour.parsed().links:
        assert anonymous.follow(anonymous.get(link)).status == 200, link


def test_mails_lead_to_the_shop_itself(anonymous: Visitor, demo: Demo, address: str) -> None:
    sign_up(anonymous, address)
    anonymous.buy(SLUG, email=address)
    links = [link for link in anonymous_links(anonymous, address) if link.startswith("http")]
    assert links
    assert all(link.startswith(f"{demo.shop}/") for link in links)
