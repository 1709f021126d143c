"""The film, the gallery and the page of links in a real browser, through the edge."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.example_project.browsing import (
    PHONE,
    NewPage,
    buy,
    download,
    make_account,
    sign_in,
    size_of,
    take_screenshot,
)
from tests.example_project.demo import READER, Demo
from tests.example_project.visitor import Visitor

pytestmark = pytest.mark.browser

FILM = "/watch/field-notes/"
BY_PLAYLIST = f"{FILM}?player=playlist"
GALLERY = "/gallery/tideline/"
LINKS = "/links/"

SETTINGS: dict[str, dict[str, Any]] = {
    "": {},
    "phone-": {"viewport": PHONE, "color_scheme": "dark"},
}


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> str:
    """What screenshots' names begin with: nothing for a computer in daylight."""
    return str(request.param)


@pytest.fixture
def reader_page(new_page: NewPage, setting: str) -> Page:
    """A new browser of the demo's buyer, who has the film and the gallery."""
    page = new_page(**SETTINGS[setting])
    sign_in(page, *READER)
    return page


def play(page: Page, seconds: float) -> float:
    """Play the page's film without sound, until it is further than ``seconds``."""
    page.locator("video").evaluate("film => { film.muted = true; return film.play(); }")
    page.wait_for_function(
        "seconds => document.querySelector('video').currentTime > seconds", arg=seconds
    )
    position = page.locator("video").evaluate("film => { film.pause(); return film.currentTime; }")
    return float(position)


def answers_from(page: Page, part: str) -> list[Response]:
    """Where the answers of URLs with this part will be found from now on."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        if part in answer.url:
            answers.append(answer)

    page.on("response", keep)
    return answers


def signed_cookies(page: Page) -> list[str]:
    names = (cookie.get("name", "") for cookie in page.context.cookies())
    return [name for name in names if name.startswith("CloudFront-")]


def edge_status(page: Page, url: str) -> int:
    """What the edge says to this browser, with its cookies."""
    return int(page.context.request.get(url).status)


def thumbnails(page: Page) -> list[str]:
    sources = page.locator(".sheet img").evaluate_all("images => images.map(image => image.src)")
    return [str(source) for source in sources]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_film_plays_with_cookies(reader_page: Page, demo: Demo, setting: str) -> None:
    answers = answers_from(reader_page, demo.edge)
    reader_page.goto(FILM)
    assert play(reader_page, 2.5) > 0
    assert "CloudFront-Signature" in signed_cookies(reader_page)
    assert any(answer.url.endswith(".m4s") for answer in answers)
    assert {answer.status for answer in answers} <= {200, 206}
    assert not any("Signature=" in answer.url for answer in answers)
    assert fits(reader_page)
    take_screenshot(reader_page, f"{setting}film")


def test_the_film_plays_by_its_rewritten_playlist(
    reader_page: Page, demo: Demo, setting: str
) -> None:
    answers = answers_from(reader_page, demo.edge)
    reader_page.goto(FILM)
    reader_page.get_by_role("link", name="Play it without cookies").click()
    reader_page.wait_for_url(f"**{BY_PLAYLIST}")
    del answers[:]
    assert play(reader_page, 2.5) > 0
    assert any(".m4s?" in answer.url for answer in answers)
    assert {answer.status for answer in answers} <= {200, 206}
    take_screenshot(reader_page, f"{setting}film-playlist")


def test_the_rewritten_playlist_needs_no_cookies(page: Page) -> None:
    sign_in(page, *READER)
    page.goto(BY_PLAYLIST)
    assert play(page, 0) > 0
    assert signed_cookies(page) == []


def test_the_gallery_shows_its_pictures(reader_page: Page, demo: Demo, setting: str) -> None:
    reader_page.goto(GALLERY)
    images = reader_page.locator(".sheet img")
    expect(images).to_have_count(24)
    for image in images.all():
        expect(image).to_have_js_property("naturalWidth", 300)
    assert fits(reader_page)
    take_screenshot(reader_page, f"{setting}gallery")
    reader_page.get_by_role("link", name="Plover, evening").click()
    reader_page.wait_for_url(f"{demo.edge}/galleries/tideline/24-plover-evening.jpg")
    expect(reader_page.locator("img")).to_have_js_property("naturalWidth", 1200)


def test_the_gallery_works_without_javascript(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, *READER)
    answers = answers_from(page, "/thumbnails/")
    page.goto(GALLERY)
    assert [answer.status for answer in answers] == 24 * [200]


def test_the_edge_gives_nothing_to_who_did_not_buy(new_page: NewPage, demo: Demo) -> None:
    owner, other = new_page(), new_page()
    sign_in(owner, *READER)
    owner.goto(GALLERY)
    pictures = thumbnails(owner)
    owner.goto(FILM)
    play(owner, 0)
    urls = [*pictures, f"{demo.edge}/videos/field-notes/master.m3u8"]
    assert {edge_status(owner, url) for url in urls} == {200}

    buy(other, "Nine Waves")
    for page in (GALLERY, FILM):
        other.goto(page)
        expect(other.get_by_text("Did you buy it with another account?")).to_be_visible()
    assert {edge_status(other, url) for url in urls} == {403}
    assert signed_cookies(other) == []


def test_signing_out_closes_the_edge_again(page: Page, demo: Demo) -> None:
    sign_in(page, *READER)
    page.goto(GALLERY)
    picture = thumbnails(page)[0]
    page.goto(FILM)
    play(page, 0)
    film = f"{demo.edge}/videos/field-notes/master.m3u8"
    assert [edge_status(page, url) for url in (picture, film)] == [200, 200]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert signed_cookies(page) == []
    assert [edge_status(page, url) for url in (picture, film)] == [403, 403]


def test_a_link_is_got_by_fetch_and_downloads(reader_page: Page, demo: Demo, setting: str) -> None:
    reader_page.goto(LINKS)
    reader_page.get_by_role("button", name="Get link: Reading the Tide (PDF)").click()
    link = reader_page.get_by_role("textbox", name="Link")
    expect(link).to_be_focused()
    expect(link).to_have_value(re.compile(rf"{demo.edge}/books/reading-the-tide.pdf\?.*Signature="))
    expect(reader_page.get_by_role("timer")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    assert fits(reader_page)
    take_screenshot(reader_page, f"{setting}links")
    saved = download(reader_page, "Open")
    assert saved.suggested_filename == "reading-the-tide.pdf"
    assert size_of(saved) == demo.files()["books/reading-the-tide.pdf"].size


def test_a_link_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, *READER)
    page.goto(LINKS)
    page.get_by_role("button", name="Get link: Reading the Tide (PDF)").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The link is in your clipboard.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_role("textbox", name="Link").input_value()


def test_a_late_answer_takes_no_word_back(page: Page) -> None:
    """What is left of a grant is asked for after the link is there, and may take a while."""
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.route(re.compile(r"/api/assets/[^/]+/$"), hold)
    sign_in(page, *READER)
    page.goto(LINKS)
    page.get_by_role("button", name="Get link: Reading the Tide (PDF)").click()
    page.get_by_role("button", name="Copy").click()
    copied = page.get_by_text("The link is in your clipboard.")
    expect(copied).to_be_visible()

    with page.expect_response(re.compile(r"/api/assets/[^/]+/$")) as response:
        for route in late:
            route.continue_()
    response.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")

    expect(copied).to_be_visible()


def test_the_link_of_a_film_needs_no_session(page: Page, demo: Demo) -> None:
    sign_in(page, *READER)
    page.goto(LINKS)
    page.get_by_role("button", name=re.compile("Get link: Field Notes")).click()
    link = page.get_by_role("textbox", name="Link").input_value()
    playlist = Visitor(demo).get(link)
    assert playlist.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert playlist.text.startswith("#EXTM3U")


def test_a_link_counts_as_a_download(page: Page) -> None:
    buy(page, "Größe & Maß")
    page.goto(LINKS)
    expect(page.get_by_text("Downloads left: 3")).to_be_visible()
    page.get_by_role("button", name="Get link").click()
    expect(page.get_by_text("Downloads left: 2")).to_be_visible()


def test_a_refusal_is_told_in_words(page: Page, staff: Visitor) -> None:
    buy(page, "Nine Waves")
    page.goto(LINKS)
    button = page.get_by_role("button", name="Get link")
    expect(button).to_be_visible()
    orders = staff.get("/admin/shop/order/")
    newest = re.findall(r'name="_selected_action" value="(\d+)"', orders.text)[0]
    staff.follow(staff.submit(orders, action="refund", _selected_action=newest))
    button.click()
    refusal = page.get_by_text("Your access was withdrawn, for example because of a refund.")
    expect(refusal).to_be_visible()
    take_screenshot(page, "links-refused")


def test_a_shop_that_is_gone_is_told_in_words(page: Page) -> None:
    sign_in(page, *READER)
    page.goto(LINKS)
    button = page.get_by_role("button", name="Get link: Reading the Tide (PDF)")
    expect(button).to_be_visible()
    page.context.set_offline(True)
    button.click()
    expect(page.get_by_text("The shop didn't answer.")).to_be_visible()


def test_a_link_says_when_it_has_ended(page: Page) -> None:
    page.clock.install()
    sign_in(page, *READER)
    page.goto(LINKS)
    button = page.get_by_role("button", name="Get link: Reading the Tide (PDF)")
    button.click()
    expect(page.get_by_role("timer")).to_be_visible()
    expect(button).to_be_hidden()
    page.clock.fast_forward("30:00")
    expect(page.get_by_text("The link has ended.")).to_be_visible()
    expect(page.get_by_role("timer")).to_be_hidden()
    expect(button).to_be_visible()


def test_who_has_nothing_is_told_so(page: Page) -> None:
    page.goto("/sign-up/")
    make_account(page)
    page.get_by_role("link", name="Links").click()
    expect(page.get_by_role("status")).to_have_text("There is nothing here yet.")


def test_without_javascript_the_links_page_leads_on(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, *READER)
    page.get_by_role("navigation").get_by_role("link", name="Links").click()
    page.get_by_role("main").get_by_role("link", name="My downloads").click()
    expect(page.get_by_role("heading", name="My downloads")).to_be_visible()
