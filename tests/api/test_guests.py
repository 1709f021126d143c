"""A guest's session is a credential too, and needs the CSRF token as an account's does."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from cf_protected import services
from cf_protected.api.authentication import CSRFFailed, authenticate
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox
from cf_protected.services.mailboxes import end_links
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.conftest import Configure, prove


@pytest.fixture
def strict(mailbox: Mailbox) -> Client:
    """A guest's browser, with Django's CSRF protection."""
    browser = Client(enforce_csrf_checks=True)
    prove(browser, mailbox)
    return browser


def token_of(browser: Client) -> dict[str, str]:
    browser.get("/downloads/done/")
    return {"X-CSRFToken": browser.cookies["csrftoken"].value}


def test_a_guest_lists_what_waits_for_the_address(
    visitor: Client, waiting: Grant, file: AssetFile
) -> None:
    other = Asset.objects.create(title="Other", slug="other", state=Asset.State.PUBLISHED)
    services.grant(other, email="other@example.com")
    (listed,) = call(visitor, "GET", "assets/").json()["assets"]

    assert (listed["slug"], listed["allowed"]) == ("ebook", True)
    assert call(visitor, "GET", "assets/ebook/files/").json()["files"][0]["id"] == str(file.uuid)
    assert call(visitor, "GET", "assets/other/").status_code == 403


def test_a_guest_of_one_purchase_lists_that_alone(
    client: Client, mailbox: Mailbox, waiting: Grant, file: AssetFile
) -> None:
    second = Asset.objects.create(title="Song", slug="song", state=Asset.State.PUBLISHED)
    other = services.grant(second, email=mailbox.email, source="shop", reference="line-2")
    prove(client, mailbox, purchase=other.purchase)

    assert [one["slug"] for one in call(client, "GET", "assets/").json()["assets"]] == ["song"]
    refused = call(client, "POST", f"files/{file.uuid}/signed-url/")
    assert (refused.status_code, reason(refused)) == (403, "no_grant")
    assert refused.json()["detail"] == "This isn't part of the purchase that your link opens."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "files/{file}/signed-url/"),
        ("POST", "files/{folder}/playlist-url/"),
        ("POST", "cookies/"),
        ("DELETE", "cookies/"),
    ],
)
def test_unsafe_requests_of_guests_need_the_token(
    strict: Client, waiting: Grant, file: AssetFile, method: str, path: str
) -> None:
    folder = AssetFile.objects.create(
        asset=file.asset, key="film/", kind=AssetFile.Kind.PREFIX, entry="index.m3u8"
    )
    path = path.format(file=file.uuid, folder=folder.uuid)
    data = {"files": [str(file.uuid)]} if (method, path) == ("POST", "cookies/") else None

    refused = call(strict, method, path, data)
    assert (refused.status_code, reason(refused)) == (403, "csrf_failed")
    assert not Download.objects.exists()

    assert call(strict, method, path, data, headers=token_of(strict)).status_code in {200, 201, 204}


def test_a_guests_url_is_counted_and_logged(
    strict: Client, waiting: Grant, file: AssetFile
) -> None:
    Grant.objects.update(max_downloads=1)
    headers = token_of(strict)
    for _ in range(2):
        signed = call(strict, "POST", f"files/{file.uuid}/signed-url/", headers=headers)
        assert signed.status_code == 201

    assert Grant.objects.get().downloads_used == 1
    assert Download.objects.get().email == "guest@example.com"


def test_a_projects_own_view_needs_it_too_and_sees_no_user(
    strict: Client, mailbox: Mailbox
) -> None:
    def request(method: str) -> HttpRequest:
        made = RequestFactory().generic(method, "/")
        made.session = strict.session

        made.user = AnonymousUser()
        return made

    assert not authenticate(request("GET")).is_authenticated
    with pytest.raises(CSRFFailed):
        authenticate(request("POST"))


def test_an_ended_proof_is_no_credential(
    client: Client, mailbox: Mailbox, waiting: Grant, file: AssetFile
) -> None:
    prove(client, mailbox, now=timezone.now() - timedelta(hours=12))
    assert call(client, "GET", "assets/").status_code == 401

    prove(client, mailbox)
    assert call(client, "GET", "assets/").status_code == 200
    end_links(mailbox.email)
    assert call(client, "GET", "assets/").status_code == 401
    assert call(client, "POST", f"files/{file.uuid}/signed-url/").status_code == 401


def test_a_guest_is_not_staff(visitor: Client) -> None:
    assert call(visitor, "GET", "distributions/default/objects/").status_code == 401


def test_other_credentials_come_first(
    visitor: Client, waiting: Grant, user: User, configure: Configure
) -> None:
    configure(
        AUTHENTICATORS=[
            "tests.api.authenticators.MailHeader",
            "cf_protected.api.authentication.SessionAuthenticator",
        ]
    )
    listed = call(visitor, "GET", "assets/", headers={"X-Mail": user.email})

    assert listed.json()["assets"] == []


def test_without_the_sessions_authenticator_there_are_no_guests(
    visitor: Client, waiting: Grant, configure: Configure
) -> None:
    configure(AUTHENTICATORS=["tests.api.authenticators.MailHeader"])

    assert call(visitor, "GET", "assets/").status_code == 401


def test_404_for_guests_tells_nothing(visitor: Client, asset: Asset, configure: Configure) -> None:
    configure(REFUSAL_STATUS=404)
    existing, missing = (call(visitor, "GET", f"assets/{slug}/") for slug in ("ebook", "none"))

    assert existing.status_code == missing.status_code == 404
    assert existing.json() == missing.json()


def test_a_players_url_of_a_limited_stream_is_counted_when_it_is_made(
    visitor: Client, client: Client, waiting: Grant, stream_of: AssetFile
) -> None:
    Grant.objects.update(max_downloads=1)
    made = call(visitor, "POST", f"files/{stream_of.uuid}/playlist-url/")
    assert Grant.objects.get().downloads_used == 1

    url = urlsplit(made.json()["playlistUrl"])
    player = Client().get(f"{url.path}?{url.query}")
    assert player.status_code == 200
    assert Grant.objects.get().downloads_used == 1


@pytest.fixture
def stream_of(asset: Asset) -> AssetFile:
    """A folder with a playlist in the storage."""

    storage = distributions["default"].storage
    if not storage.exists("gfilm/index.m3u8"):
        storage.save("gfilm/index.m3u8", ContentFile(b"#EXTM3U\n#EXTINF:4,\n1.ts\n"))
    return AssetFile.objects.create(
        asset=asset, key="gfilm/", kind=AssetFile.Kind.PREFIX, entry="index.m3u8"
    )
