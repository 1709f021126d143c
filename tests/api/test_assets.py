"""The caller's assets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.conftest import Configure
from tests.doubles import DownKeySource, DownStorage


def slugs(response: Any) -> list[str]:
    return [asset["slug"] for asset in response.json()["assets"]]


@pytest.fixture
def library(user: User) -> list[Asset]:
    """Five assets of the user's, with two files each."""
    assets = [Asset(title=f"Part {n}", slug=f"part-{n}", state="published") for n in range(5)]
    for asset in assets:
        asset.save()
        services.grant(asset, user)
        for name in "ab":
            AssetFile.objects.create(asset=asset, key=f"{asset.slug}/{name}.pdf")
    return assets


def test_an_asset_with_its_files(buyer: Client, grant: Grant, file: AssetFile) -> None:
    response = call(buyer, "GET", "assets/")

    (asset,) = response.json()["assets"]
    assert (asset["slug"], asset["title"]) == ("ebook", "Ebook")
    assert (asset["allowed"], asset["reason"]) == (True, "granted")
    assert asset["explanation"] == "You can download this."
    assert asset["files"] == [
        {
            "id": str(file.uuid),
            "kind": "object",
            "name": "Ebook.pdf",
            "fileName": "Ebook.pdf",
            "size": 15,
            "contentType": "",
            "checksum": "",
            "duration": None,
        }
    ]


def test_the_key_is_not_told(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert file.key not in call(buyer, "GET", "assets/").content.decode()


def test_a_video_has_its_length(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    AssetFile.objects.update(duration=timedelta(minutes=1, milliseconds=500))

    (video,) = call(buyer, "GET", "assets/ebook/").json()["files"]

    assert (video["kind"], video["duration"]) == ("prefix", 60.5)


def test_the_grant_tells_what_is_left(buyer: Client, limited: Grant) -> None:
    Grant.objects.update(downloads_used=1)

    grant = call(buyer, "GET", "assets/ebook/").json()["grant"]

    assert (grant["maxDownloads"], grant["downloadsLeft"], grant["expiresAt"]) == (3, 2, None)


def test_a_lost_asset_stays_in_the_list_with_the_reason(buyer: Client, grant: Grant) -> None:
    services.revoke_grants(Grant.objects.all())

    (asset,) = call(buyer, "GET", "assets/").json()["assets"]

    assert (asset["allowed"], asset["reason"]) == (False, "revoked")
    assert asset["explanation"].startswith("Your access was withdrawn")
    assert call(buyer, "GET", "assets/ebook/").json() == asset


def test_the_explanation_is_in_the_language_of_the_request(buyer: Client, grant: Grant) -> None:
    services.revoke_grants(Grant.objects.all())

    response = call(buyer, "GET", "assets/ebook/", headers={"Accept-Language": "de"})

    assert response.json()["explanation"].startswith("Der Zugang wurde")


def test_assets_of_others_are_not_listed(other: Client, grant: Grant, file: AssetFile) -> None:
    assert call(other, "GET", "assets/").json() == {"assets": [], "next": None, "previous": None}


def test_nobody_has_no_list(client: Client, db: None) -> None:
    response = call(client, "GET", "assets/")

    assert (response.status_code, reason(response)) == (401, "anonymous")
    assert response["WWW-Authenticate"] == "Bearer, Session"


def test_answers_are_kept_out_of_caches(buyer: Client, client: Client) -> None:
    assert call(buyer, "GET", "assets/")["Cache-Control"] == "private, no-store"


def test_pages(buyer: Client, library: list[Asset]) -> None:
    first = call(buyer, "GET", "assets/?pageSize=2")
    second = call(buyer, "GET", first.json()["next"].removeprefix("http://testserver/api/"))
    third = call(buyer, "GET", second.json()["next"].removeprefix("http://testserver/api/"))

    assert slugs(first) + slugs(second) + slugs(third) == [asset.slug for asset in library]
    assert first.json()["previous"] is None
    assert second.json()["previous"] == "http://testserver/api/assets/?page=1&pageSize=2"
    assert third.json()["next"] is None


def test_a_page_beyond_the_last_is_empty(buyer: Client, library: list[Asset]) -> None:
    assert slugs(call(buyer, "GET", "assets/?page=1000000&pageSize=100")) == []


@pytest.mark.parametrize(
    "query",
    [
        *("page=0", "page=-1", "page=", "page=x", "page=1.0", "page=%C2%B2", "page=1000001"),
        *("pageSize=0", "pageSize=101", "pageSize=" + "9" * 5000, "pageSize=%00"),
    ],
)
def test_what_is_no_page(buyer: Client, query: str) -> None:
    response = call(buyer, "GET", f"assets/?{query}")

    assert (response.status_code, reason(response)) == (400, "invalid_request")
    assert query.partition("=")[0] in response.json()["detail"]


def test_the_queries_do_not_grow_with_the_list(
    buyer: Client, library: list[Asset], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # The session, the user, the assets, their files, the grants.
    with django_assert_num_queries(5):
        call(buyer, "GET", "assets/?pageSize=1")
    with django_assert_num_queries(5):
        call(buyer, "GET", "assets/")


def test_an_outage_of_storage_and_key_does_not_reach_the_list(
    buyer: Client, library: list[Asset], use_key_source: Configure, settings: Any
) -> None:
    use_key_source(DownKeySource)
    backend = {"BACKEND": f"{DownStorage.__module__}.{DownStorage.__qualname__}"}
    settings.STORAGES = settings.STORAGES | {"protected": backend}

    assert len(slugs(call(buyer, "GET", "assets/"))) == 5


def test_an_asset_of_others(other: Client, grant: Grant) -> None:
    response = call(other, "GET", "assets/ebook/")

    assert (response.status_code, reason(response)) == (403, "no_grant")


def test_an_asset_for_nobody(client: Client, grant: Grant) -> None:
    assert reason(call(client, "GET", "assets/ebook/")) == "anonymous"


@pytest.mark.parametrize("slug", ["none", "%00", "%ED%A0%80", "x" * 3000, "a%2Fb", "ü"])
def test_an_asset_that_is_not_there(buyer: Client, grant: Grant, slug: str) -> None:
    response = buyer.get(f"/api/assets/{slug}/")

    assert (response.status_code, reason(response)) == (404, "not_found")


def test_an_asset_of_others_is_not_told_from_one_that_is_not_there(
    other: Client, client: Client, grant: Grant, configure: Configure
) -> None:
    configure(REFUSAL_STATUS=404)

    for asker in (other, client):
        there, nowhere = (call(asker, "GET", f"assets/{slug}/") for slug in ("ebook", "none"))
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
        assert {**there.headers} == {**nowhere.headers}


def test_an_asset_before_its_release(buyer: Client, grant: Grant) -> None:
    release = timezone.now() + timedelta(days=7)
    Asset.objects.update(available_from=release)

    asset = call(buyer, "GET", "assets/ebook/").json()

    assert asset["availableFrom"][:19] == release.isoformat()[:19]


@pytest.fixture
def pictures(asset: Asset, grant: Grant) -> list[str]:
    """The names of the asset's 120 files, in their order."""
    names = [f"{number:03}.jpg" for number in range(120)]
    AssetFile.objects.bulk_create(
        AssetFile(asset=asset, key=name, position=number) for number, name in enumerate(names)
    )
    return names


@pytest.mark.parametrize("path", ["assets/", "assets/ebook/"])
def test_an_asset_with_many_files_leads_to_the_others(
    buyer: Client, pictures: list[str], path: str
) -> None:
    content = call(buyer, "GET", path).json()
    asset = content["assets"][0] if "assets" in content else content
    names, url = [file["name"] for file in asset["files"]], asset["nextFiles"]

    assert url == "http://testserver/api/assets/ebook/files/?page=2&pageSize=50"
    while url is not None:
        page = call(buyer, "GET", url.removeprefix("http://testserver/api/")).json()
        names += [file["name"] for file in page["files"]]
        url = page["next"]
    assert names == pictures


def test_an_asset_with_fifty_files_has_no_others(buyer: Client, pictures: list[str]) -> None:
    AssetFile.objects.filter(position__gte=50).delete()

    assert call(buyer, "GET", "assets/ebook/").json()["nextFiles"] is None


def test_files_of_others_are_not_listed(other: Client, client: Client, pictures: list[str]) -> None:
    assert reason(call(other, "GET", "assets/ebook/files/")) == "no_grant"
    assert reason(call(client, "GET", "assets/ebook/files/")) == "anonymous"
    assert call(other, "GET", "assets/none/files/").status_code == 404


def test_the_queries_for_files_do_not_grow(
    buyer: Client, pictures: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, user, the asset, the grants, its files.
    with django_assert_num_queries(5):
        call(buyer, "GET", "assets/ebook/files/?pageSize=100")


def test_head_logs_no_refusal(buyer: Client, asset: Asset) -> None:
    for method, rows in [(buyer.head, 0), (buyer.get, 1)]:
        assert method("/api/assets/ebook/").status_code == 403
        assert Download.objects.refused().count() == rows
