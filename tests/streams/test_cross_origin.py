"""Single-page apps of other origins, over real HTTP: sign in, get a playlist, and play it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from corsheaders.signals import check_request_enabled
from django.core.files.storage import Storage
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.models import AssetFile, Download
from cf_protected.oidc.models import Identity
from tests.accounts.models import User
from tests.conftest import Configure
from tests.cors import APP, Blocked, Page, apply_recipe, run_receiver
from tests.oidc.conftest import configure_issuer, configure_issuers, issuer, no_proxy
from tests.oidc.issuer import Issuer
from tests.streams.conftest import RENDITIONS, uris

__all__ = ["configure_issuer", "configure_issuers", "issuer", "no_proxy"]

PLAYER = "https://player.example"
CSRF_TOKEN = "a" * 32

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app(settings: Settings) -> Iterator[str]:
    """The app's URL. A server of its own: it reads ``MIDDLEWARE`` when it starts."""
    apply_recipe(settings)
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def edge(storage: Storage, configure: Configure) -> Iterator[None]:
    """An edge that lets both origins read, as a response headers policy does."""

    def verifier() -> CloudFrontVerifier:
        key = distributions["default"].key_source.get_signing_key()
        return CloudFrontVerifier({key.key_pair_id: key.public_key})

    with running(Edge(storage=storage, verifier=verifier, cors_origins=(APP, PLAYER))) as server:
        configure({"SCHEME": "http", "DOMAIN": f"127.0.0.1:{server.port}"})
        yield


@pytest.fixture
def bearer(user: User, issuer: Issuer, configure_issuer: Configure) -> dict[str, str]:
    """The header of an app whose user signed in at the issuer."""
    configure_issuer()
    Identity.objects.create(user=user, issuer=issuer.url, subject="ada")
    return {"Authorization": f"Bearer {issuer.token()}"}


@pytest.fixture
def session(user: User) -> dict[str, str]:
    """The cookies of a browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    return {"sessionid": client.cookies["sessionid"].value, "csrftoken": CSRF_TOKEN}


def playlist_url(page: Page, app: str, stream: AssetFile, **options: object) -> str:
    address = f"{app}/api/files/{stream.uuid}/playlist-url/"
    response = page.fetch(address, method="POST", **options)  # type: ignore[arg-type]
    assert response.status == 201
    url: str = json.loads(response.text)["playlistUrl"]
    return url


def play(page: Page, app: str, url: str) -> list[str]:
    """What a player does: the playlist, those in it, and each one's files. Returns the bytes."""
    master = page.fetch(url).text
    played = []
    for inner in uris(master)[: len(RENDITIONS)]:
        media = page.fetch(f"{app}{inner}" if inner.startswith("/") else inner).text
        played += [page.fetch(uri).text for uri in uris(media)]
    return played


@pytest.mark.usefixtures("edge", "grant")
def test_an_app_with_a_bearer_token_plays(
    app: str, bearer: dict[str, str], stream: AssetFile
) -> None:
    page = Page(APP)

    url = playlist_url(page, app, stream, headers=bearer)

    assert "bytes of 720p/segment-1.m4s" in play(page, app, url)
    assert page.preflights == 1
    assert Download.objects.issued().count() == 1


@pytest.mark.usefixtures("edge", "grant")
def test_an_app_with_a_session_plays(app: str, session: dict[str, str], stream: AssetFile) -> None:
    page = Page(APP, session)
    headers = {"X-CSRFToken": CSRF_TOKEN}

    url = playlist_url(page, app, stream, headers=headers, credentials=True)

    assert "bytes of audio/init.mp4" in play(page, app, url)
    assert page.preflights == 1


@pytest.mark.usefixtures("edge", "grant")
def test_a_page_of_a_foreign_origin_is_refused(
    app: str, bearer: dict[str, str], session: dict[str, str], stream: AssetFile
) -> None:
    url = playlist_url(Page(APP), app, stream, headers=bearer)
    foreign = Page("https://evil.example", session)

    with pytest.raises(Blocked):
        playlist_url(foreign, app, stream, headers=bearer)
    with pytest.raises(Blocked):
        foreign.fetch(f"{app}/api/assets/", credentials=True)
    with pytest.raises(Blocked):
        foreign.fetch(url)


@pytest.mark.usefixtures("edge", "grant")
def test_with_the_receiver_a_player_on_another_site_plays(
    app: str, bearer: dict[str, str], session: dict[str, str], stream: AssetFile
) -> None:
    url = playlist_url(Page(APP), app, stream, headers=bearer)
    player = Page(PLAYER, session)
    receiver = run_receiver()

    try:
        assert "bytes of 360p/segment 2.m4s" in play(player, app, url)
        with pytest.raises(Blocked):
            player.fetch(url.partition("?")[0], credentials=True)
        with pytest.raises(Blocked):
            player.fetch(f"{app}/api/assets/", credentials=True)
    finally:
        check_request_enabled.disconnect(receiver)
