"""What protects a project's own views: subclasses, the mixin, the decorator, the exception."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.conftest import Configure, Verify
from tests.own_urls import read_online


@pytest.fixture(autouse=True)
def own_urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.own_urls"


@pytest.fixture
def sku(asset: Asset) -> None:
    Asset.objects.update(sku="SKU-1")


def test_a_download_view_of_ones_own_finds_the_file(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    response = buyer.get("/first/ebook/", headers={"X-Real-IP": "198.51.100.7"})

    assert response.status_code == 303
    verify(response["Location"])


def test_it_describes_the_viewer(buyer: Client, grant: Grant, file: AssetFile) -> None:
    buyer.get("/first/ebook/", headers={"X-Real-IP": "198.51.100.7"})

    assert Download.objects.get().ip_address == "198.51.100.0"


def test_it_refuses_in_its_own_way(buyer: Client, file: AssetFile) -> None:
    response = buyer.get("/first/ebook/", headers={"X-Real-IP": "198.51.100.7"})

    assert (response.status_code, response.content) == (402, b"no: no_grant")
    assert Download.objects.refused().exists()


def test_it_finds_nothing(buyer: Client) -> None:
    assert buyer.get("/first/video/").status_code == 404


READERS = ["/read/ebook/", "/f/read/ebook/"]
BY_SKU = ["/sku/SKU-1/", "/f/sku/SKU-1/"]


@pytest.mark.parametrize(
    ("path", "content"), [(READERS[0], b"Ebook: granted"), (READERS[1], b"reading ebook")]
)
def test_who_has_the_asset_comes_in(buyer: Client, grant: Grant, path: str, content: bytes) -> None:
    response = buyer.get(path)

    assert (response.status_code, response.content) == (200, content)


def test_the_asset_may_be_found_in_another_way(buyer: Client, grant: Grant, sku: None) -> None:
    assert buyer.get("/f/sku/SKU-1/").content == b"reading SKU-1"


@pytest.mark.parametrize("path", READERS + BY_SKU)
def test_who_does_not_have_it_stays_outside(buyer: Client, sku: None, path: str) -> None:
    response = buyer.get(path)

    assert response.status_code == 403
    assert response["Cache-Control"] == "private, no-store"
    assert "Did you buy it with another account?" in response.content.decode()


def test_the_mixin_takes_another_template(buyer: Client, sku: None) -> None:
    assert buyer.get("/sku/SKU-1/").content.startswith(b"Not for you: Ebook. ")


@pytest.mark.parametrize("path", READERS)
def test_nobody_is_sent_to_the_login_page(client: Client, asset: Asset, path: str) -> None:
    response = client.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", READERS)
def test_every_method_is_protected(buyer: Client, asset: Asset, path: str) -> None:
    for method in ("get", "head", "post", "put", "delete", "options"):
        assert getattr(buyer, method)(path).status_code == 403


@pytest.mark.parametrize("path", ["/read/video/", "/f/read/video/", "/sku/SKU-2/"])
def test_an_unknown_asset_is_not_found(buyer: Client, path: str) -> None:
    response = buyer.get(path)

    assert (response.status_code, response.content) == (
        404,
        b"Not found: No Asset matches the given query.\n",
    )


@pytest.mark.parametrize("path", READERS)
def test_a_setting_makes_what_is_refused_look_like_what_is_not_there(
    buyer: Client, asset: Asset, configure: Configure, path: str
) -> None:
    configure(REFUSAL_STATUS=404)

    refused, unknown = buyer.get(path), buyer.get(path.replace("ebook", "video"))

    assert refused.status_code == unknown.status_code == 404
    assert refused.content == unknown.content
    assert refused["Cache-Control"] == unknown["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", READERS)
@pytest.mark.parametrize("clicks", [1, 2])
def test_neither_does_the_work_behind_it_show_what_is_there(
    buyer: Client, asset: Asset, configure: Configure, path: str, clicks: int
) -> None:
    configure(REFUSAL_STATUS=404)

    def work(path: str) -> list[str]:
        for _ in range(clicks):
            with CaptureQueriesContext(connection) as captured:
                buyer.get(path)
        return [query["sql"].split()[0] for query in captured]

    kinds = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    refused, unknown = work(path), work(path.replace("ebook", "video"))
    assert [one for one in refused if one in kinds].count("SELECT") == unknown.count("SELECT")


@pytest.mark.parametrize("path", READERS)
def test_then_nobody_learns_what_is_there_either(
    client: Client, asset: Asset, configure: Configure, path: str
) -> None:
    configure(REFUSAL_STATUS=404)

    refused, unknown = client.get(path), client.get(path.replace("ebook", "video"))

    assert refused.status_code == unknown.status_code == 302
    assert unknown["Location"] == refused["Location"].replace("ebook", "video")


def test_a_404_of_the_views_own_stays_as_it_is(
    buyer: Client, grant: Grant, sku: None, configure: Configure
) -> None:
    configure(REFUSAL_STATUS=404)

    assert b"There is no such page of the book." in buyer.get("/sku/SKU-1/").content


def test_the_decorated_view_keeps_its_name() -> None:
    assert (read_online.__name__, read_online.__doc__) == ("read_online", "Its docstring.")


def test_a_refusal_that_nobody_catches_is_a_403(buyer: Client, file: AssetFile) -> None:
    assert buyer.get("/careless/ebook/").status_code == 403
    assert Download.objects.refused().exists()
