"""A guest whose link opens one purchase reaches no other one of the same mailbox."""

from __future__ import annotations

import pytest
from django.template import RequestContext, Template
from django.test import Client, RequestFactory

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox
from tests.api.client import call
from tests.conftest import prove


@pytest.fixture
def film(db: None) -> Asset:
    return Asset.objects.create(title="Film", slug="film", state=Asset.State.PUBLISHED)


@pytest.fixture
def folder(film: Asset) -> AssetFile:
    kind = AssetFile.Kind.PREFIX
    return AssetFile.objects.create(asset=film, key="film/", kind=kind, entry="index.m3u8")


@pytest.fixture
def trailer(film: Asset) -> AssetFile:
    return AssetFile.objects.create(asset=film, key="trailer.mp4")


@pytest.fixture
def narrowed(client: Client, mailbox: Mailbox, waiting: Grant, film: Asset) -> Client:
    services.grant(film, email=mailbox.email, source="shop", reference="line-2")
    prove(client, mailbox, purchase=waiting.purchase)
    return client


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "path",
    [
        "assets/film/",
        "assets/{film.uuid}/",
        "assets/film/cookies/",
        "files/{trailer.uuid}/",
        "streams/{folder.uuid}/",
        "playlists/{folder.uuid}/",
        "playlists/{folder.uuid}/index.m3u8",
        "cookies/",
    ],
)
def test_by_no_page(
    narrowed: Client, folder: AssetFile, trailer: AssetFile, path: str, method: str
) -> None:
    path = path.format(film=folder.asset, folder=folder, trailer=trailer)
    answer = getattr(narrowed, method)(f"/downloads/{path}", {"asset": "film"})

    assert answer.status_code in {403, 405}
    assert not any(name.startswith("CloudFront") for name in answer.cookies)
    assert not Download.objects.issued().exists()


@pytest.mark.parametrize(
    "address",
    [
        "GET assets/film/",
        "GET assets/film/files/",
        "POST files/{trailer.uuid}/signed-url/",
        "POST files/{folder.uuid}/playlist-url/",
        "POST cookies/",
    ],
)
def test_by_no_address_of_the_api(
    narrowed: Client, folder: AssetFile, trailer: AssetFile, address: str
) -> None:
    method, path = address.format(folder=folder, trailer=trailer).split()
    data = {"assets": ["film"]} if path == "cookies/" else None

    assert call(narrowed, method, path, data).status_code == 403
    assert not Download.objects.issued().exists()


def test_by_no_template_tag(
    narrowed: Client, folder: AssetFile, trailer: AssetFile, rf: RequestFactory
) -> None:
    page = narrowed.get("/downloads/")
    assert "Film" not in page.content.decode()
    tags = "{% load cf_protected %}{% signed_url trailer as url %}{% playlist_url folder as m3u8 %}"
    context = RequestContext(page.wsgi_request, {"trailer": trailer, "folder": folder})

    assert Template(tags + "{{ url }}{{ m3u8 }}").render(context) == ""
