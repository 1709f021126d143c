"""The pages as a guest sees them, on a computer that others use too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.test import Client
from django.urls import path
from django.utils import timezone
from pytest_django import Settings

from cf_protected import guests, services
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox, Use
from cf_protected.services.mailboxes import end_links
from cf_protected.views import asset_required
from tests.accounts.models import User
from tests.conftest import Configure, Verify, prove
from tests.urls import urlpatterns as pages

LIBRARY = "/downloads/"
DONE = "/downloads/done/"


@asset_required()
def read_online(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse("the whole book")


@asset_required()
def shared(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse("the whole book", headers={"Cache-Control": "max-age=60"})


urlpatterns = [*pages, path("read/<slug:slug>/", read_online), path("shared/<slug:slug>/", shared)]


@pytest.fixture
def limited(waiting: Grant) -> Grant:
    Grant.objects.update(max_downloads=3)
    return waiting


@pytest.fixture
def film(asset: Asset) -> AssetFile:
    """A folder with a playlist in the storage."""
    storage = distributions["default"].storage
    if not storage.exists("guests-film/index.m3u8"):
        storage.save("guests-film/index.m3u8", ContentFile(b"#EXTM3U\n#EXTINF:4,\n1.ts\n"))
    return AssetFile.objects.create(
        asset=asset,
        key="guests-film/",
        kind=AssetFile.Kind.PREFIX,
        entry="index.m3u8",
        position=2,
    )


def used() -> tuple[int, int, int]:
    return Grant.objects.get().downloads_used, Download.objects.count(), Use.objects.count()


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# What a guest sees


def test_the_library_shows_what_waits_and_whose_it_is(
    visitor: Client, waiting: Grant, file: AssetFile
) -> None:
    hidden = Asset.objects.create(title="Secret", slug="secret", state=Asset.State.PUBLISHED)
    services.grant(hidden, email="other@example.com")
    page = text_of(visitor.get(LIBRARY))

    assert "These are the downloads of guest@example.com." in page
    assert f'action="{DONE}"' in page
    assert "Ebook.pdf" in page
    assert "Secret" not in page


def test_the_library_of_one_purchase(client: Client, mailbox: Mailbox, waiting: Grant) -> None:
    second = Asset.objects.create(title="Song", slug="song", state=Asset.State.PUBLISHED)
    other = services.grant(second, email=mailbox.email, source="shop", reference="line-2")
    prove(client, mailbox, purchase=other.purchase)

    page = text_of(client.get(LIBRARY))
    assert "Song" in page
    assert "Ebook" not in page
    refused = client.get("/downloads/assets/ebook/")
    assert refused.status_code == 403
    assert "part of the purchase that your link opens" in text_of(refused)
    assert client.get("/downloads/assets/song/").status_code == 200


def test_strangers_go_to_the_login(client: Client) -> None:
    assert client.get(LIBRARY)["Location"] == "/login/?next=/downloads/"


@pytest.mark.usefixtures("login_everywhere")
def test_guests_see_the_pages_where_views_want_a_login(
    visitor: Client, waiting: Grant, file: AssetFile, film: AssetFile
) -> None:
    for url in (LIBRARY, "/downloads/assets/ebook/", DONE):
        assert visitor.get(url).status_code == 200
    for one in (file, film):
        assert visitor.get(one.get_absolute_url()).status_code == 303
    assert visitor.post("/downloads/cookies/").status_code == 204


@pytest.mark.usefixtures("login_everywhere")
def test_strangers_go_to_the_login_there_too(client: Client, asset: Asset, film: AssetFile) -> None:
    for url in (LIBRARY, "/downloads/assets/ebook/", film.get_absolute_url()):
        assert client.get(url)["Location"].startswith("/login/")


@pytest.mark.parametrize("end", ["expired", "ended"])
def test_an_ended_proof_opens_nothing(
    client: Client, mailbox: Mailbox, waiting: Grant, file: AssetFile, end: str
) -> None:
    hours = 12 if end == "expired" else 0
    prove(client, mailbox, now=timezone.now() - timedelta(hours=hours))
    if end == "ended":
        end_links(mailbox.email)

    for url in (LIBRARY, "/downloads/assets/ebook/", file.get_absolute_url()):
        assert client.get(url)["Location"].startswith("/login/")
    assert used() == (0, 0, 0)


def test_a_guest_downloads(
    visitor: Client, waiting: Grant, file: AssetFile, verify: Verify
) -> None:
    response = visitor.get(file.get_absolute_url())

    assert response.status_code == 303
    verify(response["Location"])
    assert Download.objects.get().email == "guest@example.com"


def test_a_refusal_is_in_the_guests_words_and_logged_once(
    visitor: Client, asset: Asset, file: AssetFile
) -> None:
    for url in (file.get_absolute_url(), "/downloads/assets/ebook/"):
        for _ in range(2):
            response = visitor.get(url)
            assert response.status_code == 403
            assert "This doesn't belong to guest@example.com" in text_of(response).replace(
                "&#x27;", "'"
            )
            assert DONE in text_of(response)

    rows = Download.objects.values_list("email", "reason", "file_name")
    assert {*rows} == {
        ("guest@example.com", "no_grant", "Ebook.pdf"),
        ("guest@example.com", "no_grant", ""),
    }
    assert len(rows) == 2


def test_404_tells_a_guest_nothing(visitor: Client, asset: Asset, configure: Configure) -> None:
    configure(REFUSAL_STATUS=404)
    existing, missing = (visitor.get(f"/downloads/assets/{slug}/") for slug in ("ebook", "none"))

    assert existing.status_code == missing.status_code == 404
    assert existing.content == missing.content


# Limited downloads are buttons


def test_scanners_that_open_every_link_change_no_count(
    visitor: Client, limited: Grant, file: AssetFile, film: AssetFile
) -> None:
    urls = {
        LIBRARY,
        DONE,
        "/downloads/assets/ebook/",
        file.get_absolute_url(),
        film.get_absolute_url(),
        f"/downloads/playlists/{film.uuid}/",
        f"/downloads/playlists/{film.uuid}/index.m3u8",
    }
    for _ in range(2):
        for url in [*urls]:
            for method in ("get", "head", "options"):
                response = getattr(visitor, method)(url)
                urls |= (
                    {*re.findall(r'(?:href|src|action)="(/[^"]*)"', response.content.decode())}
                    if not response.streaming
                    else set()
                )

    assert used() == (0, 0, 0)


def test_a_limited_download_is_a_button(
    visitor: Client, limited: Grant, file: AssetFile, film: AssetFile
) -> None:
    for url in (LIBRARY, "/downloads/assets/ebook/"):
        page = text_of(visitor.get(url))
        for one in (file, film):
            assert f'<form method="post" action="{one.get_absolute_url()}"' in page
            assert f'href="{one.get_absolute_url()}"' not in page


def test_an_account_has_links(buyer: Client, user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, max_downloads=3)
    page = text_of(buyer.get(LIBRARY))

    assert f'href="{file.get_absolute_url()}"' in page
    assert "<form" not in page
    assert buyer.get(file.get_absolute_url()).status_code == 303


def test_its_link_leads_to_the_button(visitor: Client, limited: Grant, file: AssetFile) -> None:
    response = visitor.get(file.get_absolute_url())

    page = text_of(response)
    assert response.status_code == 200
    assert f'<form method="post" action="{file.get_absolute_url()}"' in page
    assert "3 of 3 downloads left" in page
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert used() == (0, 0, 0)


@pytest.fixture
def strict(mailbox: Mailbox) -> Client:
    """A guest's browser, with Django's CSRF protection."""
    browser = Client(enforce_csrf_checks=True)
    prove(browser, mailbox)
    return browser


@pytest.mark.parametrize("page", ["library", "asset", "link"])
def test_the_button_downloads_and_is_counted(
    strict: Client, limited: Grant, file: AssetFile, verify: Verify, page: str
) -> None:
    url = file.get_absolute_url()
    pages = {"library": LIBRARY, "asset": "/downloads/assets/ebook/", "link": url}
    form = text_of(strict.get(pages[page])).partition(f'action="{url}"')[2]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token is not None

    assert strict.post(url).status_code == 403
    assert used() == (0, 0, 0)
    response = strict.post(url, {"csrfmiddlewaretoken": token[1]})
    assert response.status_code == 303
    verify(response["Location"])
    assert used() == (1, 1, 1)


def test_a_repeat_needs_no_button(visitor: Client, limited: Grant, file: AssetFile) -> None:
    """A browser that resumes the download sends GET."""
    visitor.post(file.get_absolute_url())

    assert visitor.get(file.get_absolute_url()).status_code == 303
    assert visitor.post(file.get_absolute_url()).status_code == 303
    assert used() == (1, 1, 1)


def test_another_browsers_download_is_another(
    visitor: Client, limited: Grant, mailbox: Mailbox, file: AssetFile
) -> None:
    visitor.post(file.get_absolute_url())
    other = Client()
    prove(other, mailbox)

    assert other.get(file.get_absolute_url()).status_code == 200
    assert other.post(file.get_absolute_url()).status_code == 303
    assert used()[0] == 2


def test_a_button_whose_proof_ended_leads_to_the_login(client: Client, file: AssetFile) -> None:
    assert client.post(file.get_absolute_url())["Location"].startswith("/login/")


def test_a_limited_stream(visitor: Client, limited: Grant, film: AssetFile) -> None:
    asked = visitor.get(film.get_absolute_url())
    assert asked.status_code == 200
    assert not [name for name in asked.cookies if "CloudFront" in name]
    assert visitor.get(f"/downloads/playlists/{film.uuid}/").status_code == 403

    opened = visitor.post(film.get_absolute_url())
    assert opened.status_code == 303
    assert [name for name in opened.cookies if "CloudFront" in name]
    assert visitor.get(f"/downloads/playlists/{film.uuid}/").status_code == 200
    assert used() == (1, 1, 1)


def test_a_page_elsewhere_uses_nothing_up(visitor: Client, limited: Grant, file: AssetFile) -> None:
    response = visitor.get(file.get_absolute_url(), headers={"Sec-Fetch-Dest": "image"})

    assert response.status_code == 403
    assert used() == (0, 0, 0)


# "I'm done"


def test_done_leaves_nothing(strict: Client, waiting: Grant, file: AssetFile) -> None:
    page = text_of(strict.get(LIBRARY))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    key = strict.session.session_key

    assert strict.post(DONE).status_code == 403
    response = strict.post(DONE, {"csrfmiddlewaretoken": token[1]})

    assert (response.status_code, response["Location"]) == (303, DONE)
    assert response["Clear-Site-Data"] == '"cache"'
    assert "guest@example.com" not in text_of(strict.get(DONE))
    assert strict.get(LIBRARY)["Location"].startswith("/login/")
    strict.cookies["sessionid"] = str(key)  # the old one, from a copy
    assert strict.get(LIBRARY)["Location"].startswith("/login/")


def test_done_changes_nothing_with_get(visitor: Client, waiting: Grant) -> None:
    page = text_of(visitor.get(DONE))

    assert "guest@example.com" in page
    assert visitor.get(LIBRARY).status_code == 200


def test_done_signs_no_account_out(buyer: Client) -> None:
    assert buyer.get(DONE)["Location"] == LIBRARY
    assert buyer.post(DONE).status_code == 303
    assert buyer.get(LIBRARY).status_code == 200


@pytest.mark.parametrize(
    "url", [LIBRARY, "/downloads/assets/ebook/", "/read/ebook/", "/shared/ebook/", DONE]
)
def test_no_cache_keeps_a_guests_page(
    visitor: Client, waiting: Grant, settings: Settings, url: str
) -> None:
    settings.ROOT_URLCONF = __name__
    response = visitor.get(url)

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_a_projects_page_for_an_account_is_the_projects(
    buyer: Client, grant: Grant, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__

    assert buyer.get("/shared/ebook/")["Cache-Control"] == "max-age=60"
    assert "no-store" not in buyer.get(LIBRARY)["Cache-Control"]


# Signing in


def test_signing_in_ends_the_visit(visitor: Client, waiting: Grant, user: User) -> None:
    visitor.post("/login/", {"username": user.email, "password": "secret"})

    page = text_of(visitor.get(LIBRARY))
    assert "guest@example.com" not in page
    assert "Ebook" not in page
    visitor.logout()
    assert visitor.get(LIBRARY)["Location"].startswith("/login/")


# Templates


def render(source: str, request: HttpRequest | None, **context: Any) -> str:
    made = Context(context) if request is None else RequestContext(request, context)
    return Template("{% load cf_protected %}" + source).render(made)


@pytest.fixture
def request_of(visitor: Client) -> Callable[[], HttpRequest]:
    def make() -> HttpRequest:
        request: HttpRequest = visitor.get(DONE).wsgi_request
        return request

    return make


def test_tags_for_a_guest(
    request_of: Callable[[], HttpRequest],
    waiting: Grant,
    file: AssetFile,
    film: AssetFile,
    verify: Verify,
) -> None:
    request = request_of()

    verify(
        render("{% autoescape off %}{% signed_url file %}{% endautoescape %}", request, file=file)
    )
    assert "token=" in render("{% playlist_url film %}", request, film=film)
    assert render("{% guest as one %}{{ one.email }}", request) == "guest@example.com"
    mine = "{% person as me %}{% if me|can_download:asset %}yes{% endif %}"
    assert render(mine, request, asset=file.asset) == "yes"
    assert render("{% if user|can_download:asset %}yes{% endif %}", request, asset=file.asset) == ""
    assert not request.user.is_authenticated


def test_tags_for_others(rf: Any, user: User) -> None:
    assert render("{% guest as one %}[{{ one.email }}]", None) == "[]"
    request = rf.get("/")
    request.user = user
    assert render("{% guest as one %}[{{ one.email }}]", request) == "[]"


def test_tags_hand_out_nothing_that_is_counted(
    request_of: Callable[[], HttpRequest], limited: Grant, file: AssetFile, film: AssetFile
) -> None:
    request = request_of()

    assert render("{% signed_url file %}", request, file=file) == file.get_absolute_url()
    assert render("{% playlist_url film %}", request, film=film) == ""


def test_a_guests_token_plays(
    request_of: Callable[[], HttpRequest], waiting: Grant, film: AssetFile, mailbox: Mailbox
) -> None:
    url = render("{% playlist_url film %}", request_of(), film=film)
    television = Client()

    assert television.get(url).status_code == 200
    assert Download.objects.get().email == "guest@example.com"
    end_links(mailbox.email)
    ended = television.get(url)
    assert (ended.status_code, ended["Content-Type"]) == (403, "text/plain; charset=utf-8")


def test_a_limited_guests_token_counts_nothing(
    visitor: Client, waiting: Grant, film: AssetFile, request_of: Callable[[], HttpRequest]
) -> None:
    url = render("{% playlist_url film %}", request_of(), film=film)
    Grant.objects.update(max_downloads=1)
    television = Client()

    assert television.get(url).status_code == 403
    assert used() == (0, 0, 0)
    visitor.post(film.get_absolute_url())
    assert television.get(url).status_code == 200
    assert used() == (1, 1, 1)


def test_the_account_hides_the_guest_in_templates(
    visitor: Client, mailbox: Mailbox, waiting: Grant, user: User, file: AssetFile
) -> None:
    request = visitor.get(DONE).wsgi_request
    request.user = user

    assert guests.person_of(request).account == user
    assert render("{% signed_url file %}", request, file=file) == ""
