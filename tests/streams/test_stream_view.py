"""The stream view: cookies for a folder, and the way to what it opens with."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from cf_protected.signed_cookies.jar import NAMES
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, DownKeySource
from tests.pages import text
from tests.streams.conftest import CDN, FOLDER, put

ENTRY = "https://downloads.example.com/films/course-1/master.m3u8"


def traces() -> tuple[int, int]:
    """The downloads counted on the grant, and the rows in the log."""
    return Grant.objects.get().downloads_used, Download.objects.count()


def test_it_is_a_303_to_the_unsigned_entry(buyer: Client, grant: Grant, stream: AssetFile) -> None:
    response = buyer.get(stream.get_absolute_url())

    assert (response.status_code, response["Location"]) == (303, ENTRY)
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"


def test_it_sets_the_cookies_of_the_folder(buyer: Client, grant: Grant, stream: AssetFile) -> None:
    response = buyer.get(stream.get_absolute_url())

    signed = [morsel for morsel in response.cookies.values() if morsel.key in NAMES]
    assert {morsel.key for morsel in signed if morsel.value} == set(NAMES) - {"CloudFront-Expires"}
    assert {morsel["path"] for morsel in signed} == {"/films/course-1/"}


def test_watching_is_counted_and_logged(buyer: Client, limited: Grant, stream: AssetFile) -> None:
    buyer.get(stream.get_absolute_url(), REMOTE_ADDR="203.0.113.9")

    assert traces() == (1, 1)
    assert Download.objects.get().ip_address == "203.0.113.0"


def test_coming_back_is_the_same_download(buyer: Client, limited: Grant, stream: AssetFile) -> None:
    statuses = [buyer.get(stream.get_absolute_url()).status_code for _ in range(3)]

    assert statuses == [303] * 3
    assert traces() == (1, 1)


def test_it_takes_one_signature(
    buyer: Client, grant: Grant, stream: AssetFile, key: CountingKey
) -> None:
    for _ in range(3):
        buyer.get(stream.get_absolute_url())

    assert key.signatures == 1


def test_nobody_signs_in_and_comes_back(
    client: Client, user: User, grant: Grant, stream: AssetFile
) -> None:
    login = client.get(stream.get_absolute_url())["Location"]

    back = client.post(login, {"username": "ada@example.com", "password": "secret"})["Location"]

    assert back == stream.get_absolute_url()
    assert client.get(back)["Location"] == ENTRY


def test_nobody_leaves_no_trace(client: Client, grant: Grant, stream: AssetFile) -> None:
    response = client.get(stream.get_absolute_url())

    assert not response.cookies
    assert traces() == (0, 0)


def test_without_a_grant_a_page_says_why(buyer: Client, stream: AssetFile) -> None:
    response = buyer.get(stream.get_absolute_url())

    assert response.status_code == 403
    assert response.templates[0].name == "cf_protected/refused.html"
    assert not response.cookies
    assert Download.objects.get().reason == Reason.NO_GRANT


def test_somebody_elses_grant_is_none(
    client: Client, other_user: User, grant: Grant, stream: AssetFile
) -> None:
    client.force_login(other_user)

    assert client.get(stream.get_absolute_url()).status_code == 403


def test_before_the_release_a_page_says_when(
    buyer: Client, limited: Grant, stream: AssetFile
) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(minutes=5))

    response = buyer.get(stream.get_absolute_url())

    assert response.status_code == 403
    assert "This becomes available on " in text(response)
    assert not response.cookies
    assert traces() == (0, 0)


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"X-Purpose": "preview"}])
def test_a_prefetch_leaves_no_trace(
    buyer: Client, limited: Grant, stream: AssetFile, headers: dict[str, str]
) -> None:
    response = buyer.get(stream.get_absolute_url(), headers=headers)

    assert response.status_code == 503
    assert not response.cookies
    assert traces() == (0, 0)


def test_another_sites_frame_shows_a_folder_where_there_is_no_limit(
    buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
    response = buyer.get(stream.get_absolute_url(), headers=headers)

    assert response.status_code == 303
    assert "CloudFront-Signature" in {cookie.key for cookie in response.cookies.values()}


@pytest.mark.parametrize("destination", ["iframe", "image"])
def test_another_sites_page_uses_up_no_folder(
    buyer: Client, limited: Grant, stream: AssetFile, destination: str
) -> None:
    headers = {"Sec-Fetch-Dest": destination, "Sec-Fetch-Site": "cross-site"}
    response = buyer.get(stream.get_absolute_url(), headers=headers)

    assert (response.status_code, dict(response.cookies)) == (403, {})
    assert traces() == (0, 0)


def test_head_leaves_no_trace(buyer: Client, limited: Grant, stream: AssetFile) -> None:
    response = buyer.head(stream.get_absolute_url())

    assert response.status_code == 200
    assert "Location" not in response
    assert not response.cookies
    assert traces() == (0, 0)


def test_head_says_no_where_get_would(
    buyer: Client, client: Client, other_user: User, grant: Grant, stream: AssetFile
) -> None:
    client.force_login(other_user)

    assert client.head(stream.get_absolute_url()).status_code == 403


def test_without_a_key_a_page_says_so(
    buyer: Client, limited: Grant, stream: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    response = buyer.get(stream.get_absolute_url())

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "please try again in a minute" in response.content.decode()
    assert traces() == (0, 0)


def test_cookies_that_do_not_fit_beside_others_are_refused(
    buyer: Client, limited: Grant, stream: AssetFile
) -> None:
    buyer.cookies["basket"] = "x" * 12_000

    response = buyer.get(stream.get_absolute_url())

    assert response.status_code == 400
    assert "set fewer or smaller cookies on the shared domain" in text(response)
    assert not response.cookies
    assert traces() == (0, 0)


def test_a_gallery_of_200_pictures_takes_one_signature(
    buyer: Client, grant: Grant, stream: AssetFile, cdn: CDN, key: CountingKey
) -> None:
    storage = distributions["default"].storage
    for number in range(200):
        put(storage, f"{FOLDER}{number}.jpg", b"a picture")
    response = buyer.get(stream.get_absolute_url())
    cookies = "; ".join(
        f"{one.key}={one.value}" for one in response.cookies.values() if one.key in NAMES
    )

    pictures = [f"{cdn.origin}/{FOLDER}{number}.jpg" for number in range(200)]
    assert {cdn.status(picture, Cookie=cookies) for picture in pictures} == {200}
    assert key.signatures == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_folder_without_an_entry_has_nowhere_to_go(
    buyer: Client, limited: Grant, stream: AssetFile, method: str
) -> None:
    AssetFile.objects.update(entry="")

    response = getattr(buyer, method)(f"/downloads/streams/{stream.uuid}/")

    assert response.status_code == 404
    assert traces() == (0, 0)


def test_one_file_is_no_stream(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert buyer.get(f"/downloads/streams/{file.uuid}/").status_code == 404


def test_a_stream_is_no_download(buyer: Client, grant: Grant, stream: AssetFile) -> None:
    assert buyer.get(f"/downloads/files/{stream.uuid}/").status_code == 404


def test_an_unknown_stream_is_not_found(buyer: Client) -> None:
    assert buyer.get(f"/downloads/streams/{uuid.UUID(int=0)}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_not_allowed(
    buyer: Client, limited: Grant, stream: AssetFile, method: str
) -> None:
    assert getattr(buyer, method)(stream.get_absolute_url()).status_code == 405
    assert traces() == (0, 0)
