"""With ``REFUSAL_STATUS`` 404, what is refused and what isn't there cost the same queries."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cf_protected.models import Asset, AssetFile
from tests.conftest import Configure

NOWHERE = UUID(int=0)
FILE = UUID(int=1)
FOLDER = UUID(int=2)

PATHS = [
    ("/downloads/assets/secret/", "/downloads/assets/nothing/"),
    (f"/downloads/assets/{FILE}/", f"/downloads/assets/{NOWHERE}/"),
    (f"/downloads/files/{FILE}/", f"/downloads/files/{NOWHERE}/"),
    (f"/downloads/streams/{FOLDER}/", f"/downloads/streams/{NOWHERE}/"),
    (f"/downloads/playlists/{FOLDER}/", f"/downloads/playlists/{NOWHERE}/"),
    ("/api/assets/secret/", "/api/assets/nothing/"),
    ("/api/assets/secret/files/", "/api/assets/nothing/files/"),
]
HEADERS = [{}, {"Sec-Purpose": "prefetch"}, {"Sec-Fetch-Dest": "image"}]


@pytest.fixture(params=["draft", "published"])
def secret(request: pytest.FixtureRequest, db: None, configure: Configure) -> Asset:
    configure(REFUSAL_STATUS=404)
    asset = Asset.objects.create(title="Secret", slug="secret", uuid=FILE, state=request.param)
    AssetFile.objects.create(asset=asset, key="secret.pdf", uuid=FILE)
    AssetFile.objects.create(asset=asset, key="secret/", kind="prefix", entry="a.m3u8", uuid=FOLDER)
    return asset


def reads(client: Client, method: str, path: str, headers: dict[str, str]) -> int:
    """How many queries a request reads with; what it writes is undone for what isn't there."""
    with CaptureQueriesContext(connection) as queries:
        getattr(client, method)(path, headers=headers)
    return sum(query["sql"].startswith("SELECT") for query in queries)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize(("refused", "unknown"), PATHS)
def test_for_an_account(
    buyer: Client, method: str, refused: str, unknown: str, headers: dict[str, str]
) -> None:
    there = reads(buyer, method, refused, headers)
    assert there == reads(buyer, method, unknown, headers)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(("refused", "unknown"), PATHS)
def test_for_a_stranger(client: Client, method: str, refused: str, unknown: str) -> None:
    assert reads(client, method, refused, {}) == reads(client, method, unknown, {})
