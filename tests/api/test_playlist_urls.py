"""The URL of a playlist, for players that can't send cookies."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.api.client import call, reason


def path(file: AssetFile) -> str:
    return f"files/{file.uuid}/playlist-url/"


def test_a_url_that_opens_the_playlist_without_a_session(
    buyer: Client, grant: Grant, folder: AssetFile
) -> None:
    response = call(buyer, "POST", path(folder))

    assert response.status_code == 201
    url = response.json()["playlistUrl"]
    playlist = Client().get(url.removeprefix("http://testserver"))
    assert playlist.status_code == 200
    assert b"https://downloads.example.com/streams/tide/1.ts?" in playlist.content


def test_the_answer_says_when_the_url_ends(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    AssetFile.objects.update(duration=timedelta(hours=2))

    expires_at = call(buyer, "POST", path(folder)).json()["expiresAt"]

    left = datetime.fromisoformat(expires_at) - timezone.now()
    assert timedelta(hours=2) < left < timedelta(hours=3)


def test_it_is_counted_when_the_playlist_is_fetched(
    buyer: Client, limited: Grant, folder: AssetFile
) -> None:
    url = call(buyer, "POST", path(folder)).json()["playlistUrl"]
    assert not Download.objects.exists()

    Client().get(url.removeprefix("http://testserver"))

    limited.refresh_from_db()
    assert (limited.downloads_used, Download.objects.issued().count()) == (1, 1)


def test_a_revoked_grant_ends_it(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    url = call(buyer, "POST", path(folder)).json()["playlistUrl"]
    services.revoke_grants(Grant.objects.all())

    assert Client().get(url.removeprefix("http://testserver")).status_code == 403


def test_others(other: Client, grant: Grant, folder: AssetFile) -> None:
    response = call(other, "POST", path(folder))

    assert (response.status_code, reason(response)) == (403, "no_grant")


def test_nobody(client: Client, folder: AssetFile) -> None:
    assert reason(call(client, "POST", path(folder))) == "anonymous"


def test_before_the_release(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(hours=1))

    assert reason(call(buyer, "POST", path(folder))) == "not_released"


def test_a_file_has_none(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert reason(call(buyer, "POST", path(file))) == "not_found"


def test_a_folder_without_an_entry_has_none(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    AssetFile.objects.update(entry="")

    assert reason(call(buyer, "POST", path(folder))) == "not_found"


@pytest.mark.parametrize("content", [{"bindToIp": True}, [], "x", 1])
def test_a_body_has_no_members(
    buyer: Client, grant: Grant, folder: AssetFile, content: object
) -> None:
    assert reason(call(buyer, "POST", path(folder), content)) == "invalid_request"
