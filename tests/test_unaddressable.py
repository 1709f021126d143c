"""Files that no URL leads to, such as a careless import leaves: never an error 500."""

from __future__ import annotations

import pytest
from django.template import RequestContext, Template
from django.test import Client, RequestFactory

from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.pages import text

# The first two have no URL, and the others' are too long when they are signed.
KEYS = ["books/../ebook.pdf", "line\nbreak.pdf", "日" * 800, "ü" * 512]
FOLDERS = [("stream/../", "master.m3u8"), ("日" * 1000 + "/", "master.m3u8")]


@pytest.fixture(params=KEYS, ids=["dots", "line", "long", "longer"])
def stray(request: pytest.FixtureRequest, asset: Asset, grant: Grant) -> AssetFile:
    return AssetFile.objects.create(asset=asset, key=request.param)


@pytest.fixture(params=FOLDERS, ids=["dots", "long"])
def stray_folder(request: pytest.FixtureRequest, asset: Asset, grant: Grant) -> AssetFile:
    key, entry = request.param
    return AssetFile.objects.create(asset=asset, kind="prefix", key=key, entry=entry)


def test_a_download_is_not_found(
    buyer: Client, stray: AssetFile, caplog: pytest.LogCaptureFixture
) -> None:
    response = buyer.get(stray.get_absolute_url())

    assert response.status_code == 404
    assert "has no URL" in caplog.text
    assert not Download.objects.exists()
    assert buyer.head(stray.get_absolute_url()).status_code < 500
    assert (
        buyer.get(stray.get_absolute_url(), headers={"Sec-Fetch-Dest": "image"}).status_code == 404
    )


def test_the_api_has_no_url(buyer: Client, stray: AssetFile) -> None:
    response = call(buyer, "POST", f"files/{stray.uuid}/signed-url/")

    assert (response.status_code, reason(response)) == (409, "url_impossible")
    assert stray.key not in response.content.decode()
    assert not Download.objects.exists()


def test_a_tag_falls_back_to_the_download_view(user: User, stray: AssetFile) -> None:
    request = RequestFactory().get("/")
    request.user = user
    template = Template("{% load cf_protected %}{% signed_url file %}")

    page = template.render(RequestContext(request, {"file": stray}))

    assert page == stray.get_absolute_url()


def test_the_pages_show_it(buyer: Client, stray: AssetFile, stray_folder: AssetFile) -> None:
    for path in ("/downloads/", stray.asset.get_absolute_url()):
        page = text(buyer.get(path))
        assert stray.get_absolute_url() in page
        assert stray_folder.get_absolute_url() in page


def test_a_stream_is_refused(buyer: Client, stray_folder: AssetFile) -> None:
    assert buyer.get(stray_folder.get_absolute_url()).status_code in {400, 404}
    assert buyer.head(stray_folder.get_absolute_url()).status_code < 500
    assert not Download.objects.exists()


def test_a_playlist_is_not_found(buyer: Client, stray_folder: AssetFile) -> None:
    path = f"/downloads/playlists/{stray_folder.uuid}/"

    assert buyer.get(path).status_code == 404
    assert buyer.head(path).status_code < 500
    answer = call(buyer, "POST", f"files/{stray_folder.uuid}/playlist-url/")
    assert buyer.get(answer.json()["playlistUrl"]).status_code == 404


def test_cookies_are_refused(buyer: Client, stray_folder: AssetFile) -> None:
    answers = [
        buyer.post("/downloads/cookies/", {"asset": "ebook"}),
        buyer.post("/downloads/assets/ebook/cookies/"),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    answer = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})
    assert answer.status_code == 409
    assert not Download.objects.exists()


def test_cookies_can_be_removed(buyer: Client, stray_folder: AssetFile) -> None:
    assert buyer.delete("/downloads/cookies/?asset=ebook").status_code == 204
    assert buyer.post("/downloads/cookies/remove/", {"asset": "ebook"}).status_code == 204
    assert call(buyer, "DELETE", "cookies/?asset=ebook").status_code == 204


def test_a_folder_whose_entry_has_no_url_is_opened(
    buyer: Client, asset: Asset, grant: Grant
) -> None:
    AssetFile.objects.create(asset=asset, kind="prefix", key="stream/", entry="../x.m3u8")

    answer = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    (file,) = answer.json()["files"]
    assert file["url"] == "https://downloads.example.com/stream/"
