"""No path in a playlist's URL leads out of its folder, whatever the storage makes of names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.storage import Storage, storages
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from cf_protected.models import AssetFile, Download, Grant
from tests.streams.conftest import FOLDER, NEIGHBOUR, put

ACCESS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
PLAYLISTS = ("master.m3u8", "360p/index.m3u8")


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """S3 over real HTTP, with the bucket "streams"."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **ACCESS)
    client.create_bucket(Bucket="streams")
    client.close()
    yield endpoint
    server.stop()


@pytest.fixture(params=["filesystem", "s3"])
def storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Storage:
    """One that resolves dot segments, or that takes backslashes for slashes too."""
    backend: dict[str, Any] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    if request.param == "s3":
        options = {
            "bucket_name": "streams",
            "endpoint_url": request.getfixturevalue("s3_endpoint"),
            "access_key": "testing",
            "secret_key": "testing",
            "region_name": "us-east-1",
        }
        backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"protected": backend}
    for folder in (FOLDER, NEIGHBOUR):
        for path in PLAYLISTS:
            put(storages["protected"], f"{folder}{path}", f"#EXTM3U\n#in {folder}\n")
    return storages["protected"]


def get(buyer: Client, stream: AssetFile, path: str) -> Any:
    return buyer.get(f"/downloads/playlists/{stream.uuid}/{path}")


@pytest.mark.parametrize("path", PLAYLISTS)
def test_what_is_there_is_found(buyer: Client, grant: Grant, stream: AssetFile, path: str) -> None:
    assert f"#in {FOLDER}\n" in get(buyer, stream, path).content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "../course-10/master.m3u8",
        "360p/../../course-10/master.m3u8",
        "%2e%2e/course-10/master.m3u8",
        "..%2Fcourse-10%2Fmaster.m3u8",
        "..%5Ccourse-10%5Cmaster.m3u8",
        "360p%5C..%5C..%5Ccourse-10/master.m3u8",
        "./master.m3u8",
        "360p/%2e%2e/master.m3u8",
        "%00master.m3u8",
        "master.m3u8%0A",
        "%FF",
        "/films/course-10/master.m3u8",
        "/etc/passwd",
        "https://evil.example/x.m3u8",
        "nothing.m3u8",
        "360p",
        "360p/",
        "master.m3u8/x.m3u8",
    ],
)
def test_what_is_not_in_the_folder_is_not_found(
    buyer: Client, grant: Grant, stream: AssetFile, path: str
) -> None:
    assert get(buyer, stream, path).status_code == 404
    assert not Download.objects.exists()
