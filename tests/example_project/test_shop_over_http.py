"""Every click of the shop, over real HTTP, up to the bytes."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.example_project.conftest import NewBuyer
from tests.example_project.demo import READER, Demo
from tests.example_project.visitor import Page, Visitor

BOOK = "books/reading-the-tide.pdf"
PICTURE = "prints/nine-waves.png"
SOUND = "sounds/harbour-at-night.wav"
WORKBOOK_NAME = "Übungsheft – Größe & Maß.pdf"  # noqa: RUF001 - a real name
WORKBOOK = f"workbooks/{WORKBOOK_NAME}"

FILES = {
    BOOK: ("application/pdf", b"%PDF-", "reading-the-tide.pdf"),
    PICTURE: ("image/png", b"\x89PNG\r\n\x1a\n", "nine-waves.png"),
    "source/tides-in-python.zip": ("application/zip", b"PK\x03\x04", "tides-in-python.zip"),
    WORKBOOK: ("application/pdf", b"%PDF-", WORKBOOK_NAME),
    SOUND: ("audio/x-wav", b"RIFF", "harbour-at-night.wav"),
}


@pytest.fixture(scope="module")
def collector(new_buyer: NewBuyer) -> Visitor:
    """Has bought everything."""
    visitor = new_buyer()
    thanks = visitor.buy(
        "reading-the-tide",
        "nine-waves",
        "tides-in-python",
        "groesse-und-mass",
        "harbour-at-night",
    )
    assert "Thank you" in thanks.text
    return visitor


def click(visitor: Visitor, key: str, *, method: str = "GET") -> Page:
    """The download view's answer."""
    return visitor.get(visitor.demo.files()[key].url, method=method)


def test_signs_in_and_finds_the_library(anonymous: Visitor, demo: Demo) -> None:
    library = anonymous.follow(anonymous.sign_in(*READER))
    assert library.url == f"{demo.shop}/downloads/"
    assert demo.files()[BOOK].url in library.parsed().links


def test_a_wrong_password_stays_on_the_login_page(anonymous: Visitor) -> None:
    page = anonymous.sign_in("reader", "wrong")
    assert page.status == 200
    assert "Please enter a correct username and password" in page.text


def test_a_click_is_redirected_to_a_signed_url_of_the_edge(reader: Visitor, demo: Demo) -> None:
    answer = click(reader, BOOK)
    assert answer.status == 303
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.location.startswith(f"{demo.edge}/{BOOK}?")
    assert {"Expires", "Signature", "Key-Pair-Id"} <= parse_qs(
        urlsplit(answer.location).query
    ).keys()


@pytest.mark.parametrize("key", FILES)
def test_the_bytes_arrive(collector: Visitor, demo: Demo, key: str) -> None:
    content_type, beginning, name = FILES[key]
    received = collector.follow(click(collector, key))
    assert received.status == 200
    assert received.headers["Content-Type"] == content_type
    assert received.body.startswith(beginning)
    assert received.file_name == name
    assert len(received.body) == demo.files()[key].size
    assert f"sha256:{hashlib.sha256(received.body).hexdigest()}" == demo.files()[key].checksum


def test_one_of_the_files_has_fifty_megabytes(demo: Demo) -> None:
    assert demo.files()[SOUND].size >= 50_000_000


def test_an_interrupted_download_goes_on(collector: Visitor, demo: Demo) -> None:
    size = demo.files()[SOUND].size
    signed = click(collector, SOUND).location
    rest = collector.get(signed, headers={"Range": f"bytes={size - 10}-"})
    assert rest.status == 206
    assert rest.headers["Content-Range"] == f"bytes {size - 10}-{size - 1}/{size}"
    assert len(rest.body) == 10


def test_the_edge_refuses_an_unsigned_url(anonymous: Visitor, demo: Demo) -> None:
    answer = anonymous.get(f"{demo.edge}/{BOOK}")
    assert answer.status == 403
    assert answer.headers["Content-Type"] == "text/xml"
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>'
        "Missing Key-Pair-Id query parameter or cookie value</Message></Error>"
    )


def test_a_signature_opens_no_other_file(reader: Visitor, demo: Demo) -> None:
    signed = click(reader, BOOK).location
    answer = reader.get(signed.replace(BOOK, PICTURE))
    assert answer.status == 403
    assert "<Code>AccessDenied</Code>" in answer.text


def test_who_did_not_buy_gets_a_page_that_says_so(new_buyer: NewBuyer) -> None:
    answer = click(new_buyer(), PICTURE)
    assert answer.status == 403
    assert "Location" not in answer.headers
    assert "Did you buy it with another account?" in answer.text


def test_who_is_not_signed_in_is_asked_to_and_gets_the_file(anonymous: Visitor, demo: Demo) -> None:
    url = demo.files()[BOOK].url
    login = anonymous.get(url)
    assert login.status == 302
    assert login.location == f"{demo.shop}/login/?next={url}"
    name, password = READER
    received = anonymous.follow(
        anonymous.submit(anonymous.get(login.location), username=name, password=password)
    )
    assert received.body.startswith(b"%PDF-")


def test_buying_makes_it_downloadable(new_buyer: NewBuyer) -> None:
    visitor = new_buyer()
    assert click(visitor, PICTURE).status == 403
    thanks = visitor.buy("nine-waves")
    assert "Thank you" in thanks.text
    assert visitor.follow(click(visitor, PICTURE)).status == 200


def test_the_checkout_says_that_nothing_is_paid(new_buyer: NewBuyer) -> None:
    visitor = new_buyer()
    visitor.submit(visitor.get("/products/nine-waves/"), "/basket/nine-waves/add/")
    assert "no money is moved" in visitor.get("/basket/").text


def test_a_form_without_its_token_is_refused(new_buyer: NewBuyer) -> None:
    visitor = new_buyer()
    visitor.submit(visitor.get("/products/nine-waves/"), "/basket/nine-waves/add/")
    answer = visitor.submit(visitor.get("/basket/"), csrfmiddlewaretoken="forged")
    assert answer.status == 403
    assert click(visitor, PICTURE).status == 403


def test_a_refund_takes_it_away(new_buyer: NewBuyer, staff: Visitor) -> None:
    buyer = new_buyer()
    order = re.search(r"Order (\d+) is complete", buyer.buy("nine-waves").text)
    assert order
    orders = staff.get("/admin/shop/order/")
    done = staff.follow(staff.submit(orders, action="refund", _selected_action=order[1]))
    assert "1 order was refunded." in done.text
    answer = click(buyer, PICTURE)
    assert answer.status == 403
    assert "Your access was withdrawn, for example because of a refund." in answer.text


def test_downloads_are_counted_where_they_are_limited(new_buyer: NewBuyer) -> None:
    buyer = new_buyer()
    buyer.buy("groesse-und-mass")
    assert "3 of 3 downloads left." in buyer.get("/downloads/").text
    assert click(buyer, WORKBOOK).status == 303
    assert "2 of 3 downloads left." in buyer.get("/downloads/").text


def test_a_loan_says_when_it_ends(collector: Visitor) -> None:
    assert "Yours until" in collector.get("/downloads/assets/harbour-at-night/").text


def test_head_has_the_size_that_the_edge_serves(reader: Visitor) -> None:
    answer = click(reader, BOOK, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    served = reader.get(click(reader, BOOK).location)
    assert answer.headers["Content-Length"] == served.headers["Content-Length"]


def test_head_neither_counts_nor_gives_a_limited_file_away(new_buyer: NewBuyer) -> None:
    buyer = new_buyer()
    buyer.buy("groesse-und-mass")
    answer = click(buyer, WORKBOOK, method="HEAD")
    assert answer.status == 200
    assert "Location" not in answer.headers
    assert "3 of 3 downloads left." in buyer.get("/downloads/").text


def test_a_print_is_shown_to_who_has_it(collector: Visitor, demo: Demo) -> None:
    images = collector.get("/products/nine-waves/picture/").parsed().images
    signed = next(source for source in images if source.startswith(demo.edge))
    assert collector.get(signed).headers["Content-Type"] == "image/png"


def test_a_print_is_not_shown_to_others(new_buyer: NewBuyer, demo: Demo) -> None:
    page = new_buyer().get("/products/nine-waves/picture/")
    assert page.status == 403
    assert demo.edge not in page.text


def test_the_catalogue_knows_what_the_buyer_has(anonymous: Visitor, reader: Visitor) -> None:
    assert "In your library" in reader.get("/").text
    assert "In your library" not in anonymous.get("/").text


def test_pages_load_nothing_from_elsewhere(anonymous: Visitor) -> None:
    page = anonymous.get("/")
    assert all(source.startswith("/static/") for source in page.parsed().images)
    assert "<script" not in page.text
