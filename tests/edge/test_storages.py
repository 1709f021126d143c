"""The edge in front of each storage that a distribution may have."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage, storages
from moto.server import ThreadedMotoServer

from cf_protected.distributions import distributions
from cf_protected.edge.server import running
from cf_protected.management.commands.cf_edge import edge_for
from tests.edge.client import Answer, fetch
from tests.edge.conftest import Serve
from tests.signing import sign

if TYPE_CHECKING:
    from pytest_django import Settings

BUCKET = "downloads"
KEY = "testing"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Start an S3 that has the bucket, and return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
        region_name=REGION,
    )
    client.create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


def use_s3(settings: Settings, endpoint_url: str) -> Storage:
    """Make the bucket's folder ``media`` the storage of the default distribution."""
    options = {
        "bucket_name": BUCKET,
        "location": "media",
        "endpoint_url": endpoint_url,
        "access_key": KEY,
        "secret_key": KEY,
        "region_name": REGION,
        "client_config": Config(retries={"total_max_attempts": 1}),
    }
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "protected": backend}
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    default = {**default, "DOMAIN": "cdn.test", "SCHEME": "http"}
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": default}}
    return storages["protected"]


def visit(name: str, headers: dict[str, str] | None = None) -> Answer:
    distribution = distributions["default"]
    target = sign(distribution.url(name)).removeprefix("http://cdn.test")
    with running(edge_for(distribution)) as server:
        address = ("127.0.0.1", server.port)
        return fetch(address, target, headers={"Host": "cdn.test", **(headers or {})})


def test_s3(settings: Settings, moto: str) -> None:
    use_s3(settings, moto).save("Möby Dick.txt", ContentFile(b"Call me Ishmael."))
    answer = visit("Möby Dick.txt", {"Range": "bytes=8-"})
    assert (answer.status, answer.body) == (206, b"Ishmael.")
    assert answer.headers["Content-Type"] == "text/plain"


def test_s3_without_the_object(settings: Settings, moto: str) -> None:
    use_s3(settings, moto)
    answer = visit("none.txt")
    assert (answer.status, answer.headers["Server"]) == (403, "AmazonS3")


def test_s3_that_is_down(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    use_s3(settings, f"http://127.0.0.1:{port}")
    answer = visit("book.txt")
    assert (answer.status, answer.headers["Server"]) == (502, "CloudFront")


def test_s3_without_the_bucket(settings: Settings, moto: str) -> None:
    storage = use_s3(settings, moto)
    storage.bucket_name = "no-such-bucket"  # type: ignore[attr-defined]
    assert visit("book.txt").status == 403


def test_in_memory(serve: Serve) -> None:
    storage = InMemoryStorage()
    storage.save("folder/book.txt", ContentFile(b"Call me Ishmael."))
    site = serve(storage)
    for _ in range(2):
        assert site.open("/folder/book.txt").body == b"Call me Ishmael."
    assert site.open("/none").headers["Server"] == "AmazonS3"
    assert site.open("/folder").headers["Server"] == "AmazonS3"
