"""Compressed playlists as S3 has them, over real HTTP."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from cf_protected.hls.playlist import MAX_CHARACTERS
from cf_protected.models import AssetFile, Grant
from tests.streams.conftest import FOLDER, MEDIA, uris
from tests.streams.test_playlist_view import body, url_of

# django-storages doesn't close the file that it decompresses.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CREDENTIALS = {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}
COMPRESSED = gzip.compress(MEDIA.encode())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Settings, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The bucket "films" as the distribution's origin; its storage decompresses, or doesn't."""
    options = {
        "bucket_name": "films",
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "access_key": CREDENTIALS["aws_access_key_id"],
        "secret_key": CREDENTIALS["aws_secret_access_key"],
        "gzip": request.param,
    }
    protected = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"protected": protected}
    s3 = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **CREDENTIALS)
    yield s3.create_bucket(Bucket="films")
    s3.meta.client.close()


@pytest.mark.parametrize("bucket", [True, False], indirect=True)
@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_compressed_object_is_a_playlist(
    bucket: Any, buyer: Client, grant: Grant, stream: AssetFile, encoding: str
) -> None:
    bucket.put_object(Key=f"{FOLDER}index.m3u8", Body=COMPRESSED, ContentEncoding=encoding)

    response = buyer.get(url_of(stream, "index.m3u8"))

    assert len(uris(body(response))) == 4
    assert "Content-Encoding" not in response


@pytest.mark.parametrize("bucket", [True, False], indirect=True)
@pytest.mark.parametrize(
    "data",
    [COMPRESSED[:40], COMPRESSED[:20] + b"x" * 99],
    ids=["truncated", "damaged"],
)
def test_a_damaged_object_is_a_404(
    bucket: Any, buyer: Client, grant: Grant, stream: AssetFile, data: bytes
) -> None:
    bucket.put_object(Key=f"{FOLDER}index.m3u8", Body=data, ContentEncoding="gzip")

    assert buyer.get(url_of(stream, "index.m3u8")).status_code == 404


class Film(ContentFile):
    """A file that must not be read."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("It was read.")


class FilmStorage(InMemoryStorage):
    """A storage of one large file."""

    def _open(self, name: str, mode: str = "rb") -> Film:
        return Film(b"x" * (MAX_CHARACTERS + 1))


def test_a_large_object_is_not_fetched(
    settings: Settings, buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    """A bucket's storage copies all of an object to the server before the first byte is read."""
    protected = {"BACKEND": f"{__name__}.FilmStorage"}
    settings.STORAGES = settings.STORAGES | {"protected": protected}

    assert buyer.get(url_of(stream, "film.mp4")).status_code == 404
