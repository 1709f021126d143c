"""The film, the gallery and the JSON API over real HTTP, up to the bytes."""

from __future__ import annotations

import json
from urllib.parse import urljoin

import pytest

from tests.example_project.conftest import NewBuyer
from tests.example_project.demo import Demo
from tests.example_project.visitor import Page, Visitor

FILM = "/watch/field-notes/"
GALLERY = "/gallery/tideline/"


def video(visitor: Visitor, url: str = FILM) -> dict[str, str]:
    """The attributes of the page's player."""
    (attributes,) = visitor.get(url).parsed().videos
    return attributes


def uris_in(playlist: Page) -> list[str]:
    lines = playlist.text.splitlines()
    return [urljoin(playlist.url, line) for line in lines if line and not line.startswith("#")]


def pictures(visitor: Visitor) -> list[str]:
    """The small and the large pictures of the gallery's page."""
    page, edge = visitor.get(GALLERY).parsed(), visitor.demo.edge
    return [url for url in [*page.images, *page.links] if url.startswith(edge)]


def cookie_paths(page: Page) -> dict[str, str]:
    """The paths of the signed cookies that the page sets to something."""
    cookies = [cookie.split("; ") for cookie in page.headers.get_all("Set-Cookie", [])]
    return {
        cookie[0].partition("=")[0]: next(part for part in cookie if part.startswith("Path="))
        for cookie in cookies
        if cookie[0].startswith("CloudFront-") and "Max-Age=0" not in cookie
    }


def test_the_film_comes_by_cookies(reader: Visitor, demo: Demo) -> None:
    answer = reader.get(video(reader)["src"])
    assert answer.location == f"{demo.edge}/videos/field-notes/master.m3u8"
    assert set(cookie_paths(answer).values()) == {"Path=/videos/field-notes/"}
    for playlist in uris_in(reader.follow(answer)):
        segment = reader.get(uris_in(reader.get(playlist))[0])
        assert segment.status == 200
        assert b"moof" in segment.body


def test_the_film_comes_by_its_rewritten_playlist(
    reader: Visitor, anonymous: Visitor, demo: Demo
) -> None:
    attributes = video(reader, f"{FILM}?player=playlist")
    assert "crossorigin" in attributes
    for playlist in uris_in(anonymous.get(attributes["src"])):
        segment = uris_in(anonymous.get(playlist))[0]
        assert segment.startswith(f"{demo.edge}/videos/field-notes/")
        assert b"moof" in anonymous.get(segment).body


def test_the_player_that_sends_cookies_asks_for_no_cors(reader: Visitor) -> None:
    assert "crossorigin" not in video(reader)


def test_one_signature_opens_every_picture(reader: Visitor) -> None:
    page = reader.get(GALLERY)
    assert set(cookie_paths(page).values()) == {"Path=/galleries/tideline/"}
    assert "Signature=" not in page.text
    urls = pictures(reader)
    assert len(urls) == 48
    assert {reader.get(url).status for url in urls} == {200}


def test_pictures_are_described(reader: Visitor) -> None:
    assert 'alt="Tracks, noon"' in reader.get(GALLERY).text


def test_the_gallerys_cookies_do_not_open_the_film(reader: Visitor, demo: Demo) -> None:
    reader.get(GALLERY)
    assert reader.get(f"{demo.edge}/videos/field-notes/master.m3u8").status == 403


@pytest.mark.parametrize("page", [FILM, GALLERY])
def test_who_did_not_buy_gets_a_page_that_says_so(new_buyer: NewBuyer, page: str) -> None:
    answer = new_buyer().get(page)
    assert answer.status == 403
    assert "Did you buy it with another account?" in answer.text
    assert cookie_paths(answer) == {}


def test_the_same_urls_open_nothing_for_others(reader: Visitor, anonymous: Visitor) -> None:
    urls = [*pictures(reader), reader.get(video(reader)["src"]).location]
    assert {anonymous.get(url).status for url in urls} == {403}


@pytest.mark.parametrize("page", [FILM, GALLERY, "/links/"])
def test_who_is_not_signed_in_is_asked_to(anonymous: Visitor, page: str) -> None:
    assert anonymous.get(page).location == f"{anonymous.demo.shop}/login/?next={page}"


@pytest.mark.parametrize("page", ["/watch/tideline/", "/gallery/field-notes/", "/watch/nothing/"])
def test_what_is_no_film_or_gallery_is_not_found(reader: Visitor, page: str) -> None:
    assert reader.get(page).status == 404


def test_buying_opens_the_film(new_buyer: NewBuyer) -> None:
    buyer = new_buyer()
    buyer.buy("field-notes")
    assert FILM in buyer.get("/downloads/").parsed().links
    assert buyer.follow(buyer.get(video(buyer)["src"])).text.startswith("#EXTM3U")


def test_signing_out_takes_the_cookies_away(reader: Visitor) -> None:
    picture, film = pictures(reader)[0], reader.get(video(reader)["src"]).location
    assert [reader.get(url).status for url in (picture, film)] == [200, 200]
    reader.submit(reader.get("/"), "/logout/")
    assert [reader.get(url).status for url in (picture, film)] == [403, 403]


def test_the_api_lists_what_the_reader_has(reader: Visitor) -> None:
    assets = json.loads(reader.get("/api/assets/").body)["assets"]
    assert [asset["slug"] for asset in assets] == ["field-notes", "reading-the-tide", "tideline"]


def test_the_page_of_links_loads_only_the_shops_script(reader: Visitor) -> None:
    page = reader.get("/links/")
    assert page.text.count("<script") == 1
    assert '<script type="module" src="/static/shop/links.js">' in page.text
    assert reader.get("/static/shop/links.js").status == 200
