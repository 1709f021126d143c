"""Each storage a project may have serves as a distribution's ``STORAGE``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant
from tests.conftest import Configure, Verify
from tests.pages import text

S3 = {"region_name": "eu-central-1", "aws_access_key_id": "id", "aws_secret_access_key": "secret"}


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """S3 over real HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def s3_client(s3_endpoint: str) -> Iterator[Any]:
    """A client of that S3, in which there is the bucket "locations"."""
    client = boto3.client("s3", endpoint_url=s3_endpoint, **S3)
    # pytest-django runs the live server's tests last, so this may be made twice.
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(
            Bucket="locations", CreateBucketConfiguration={"LocationConstraint": S3["region_name"]}
        )
    yield client
    client.close()


UseStorage = Callable[..., None]


@pytest.fixture
def use_storage(settings: Settings) -> UseStorage:
    def change(backend: str, **options: Any) -> None:
        protected = {"BACKEND": backend, "OPTIONS": options}
        settings.STORAGES = settings.STORAGES | {"protected": protected}

    return change


@pytest.fixture
def use_s3(use_storage: UseStorage, s3_endpoint: str) -> UseStorage:
    def change(location: str) -> None:
        use_storage(
            "storages.backends.s3.S3Storage",
            bucket_name="locations",
            endpoint_url=s3_endpoint,
            region_name=S3["region_name"],
            access_key=S3["aws_access_key_id"],
            secret_key=S3["aws_secret_access_key"],
            location=location,
        )

    return change


@pytest.fixture(params=["filesystem", "memory", "s3", "s3 with a location"])
def storage(request: pytest.FixtureRequest, use_storage: UseStorage, tmp_path: Path) -> str:
    """Use the storage, and return what stands before an object's name in the URL."""
    if request.param == "filesystem":
        use_storage("django.core.files.storage.FileSystemStorage", location=tmp_path)
    elif request.param == "memory":
        use_storage("django.core.files.storage.InMemoryStorage", location="media")
    elif request.param == "s3":
        request.getfixturevalue("use_s3")("")
    else:
        request.getfixturevalue("use_s3")("media")
        return "media/"
    return ""


@pytest.fixture
def stored(asset: Asset, storage: str) -> AssetFile:
    """A file of the asset, with its bytes in the storage."""
    key = distributions["default"].storage.save("books/Übung 1.pdf", ContentFile(b"%PDF"))
    return AssetFile.objects.create(asset=asset, key=key)


def test_the_url_has_the_location_before_the_name(stored: AssetFile, storage: str) -> None:
    url = distributions["default"].url(stored.key)

    assert url == f"https://downloads.example.com/{storage}books/%C3%9Cbung%201.pdf"


def test_a_download_goes_there(
    buyer: Client, grant: Grant, stored: AssetFile, storage: str, verify: Verify
) -> None:
    location = buyer.get(stored.get_absolute_url())["Location"]

    assert location.startswith(f"https://downloads.example.com/{storage}books/")
    verify(location)


def test_the_library_shows_the_file(buyer: Client, grant: Grant, stored: AssetFile) -> None:
    assert "Übung 1.pdf</a>" in text(buyer.get("/downloads/"))


def test_the_settings_prefix_comes_before_the_storages(
    stored: AssetFile, configure: Configure
) -> None:
    configure({"PATH_PREFIX": "v2/"})

    assert distributions["default"].url("a.pdf") == "https://downloads.example.com/v2/a.pdf"


def test_the_path_is_the_objects_key_in_the_bucket(use_s3: UseStorage, s3_client: Any) -> None:
    use_s3("media")
    name = distributions["default"].storage.save("books/1 + 1 = 2?.pdf", ContentFile(b"%PDF"))

    path = unquote(urlsplit(distributions["default"].url(name)).path)

    assert s3_client.get_object(Bucket="locations", Key=path[1:])["Body"].read() == b"%PDF"


@pytest.mark.parametrize("location", ["media", "media/"])
def test_a_location_may_end_with_a_slash(use_s3: UseStorage, location: str) -> None:
    use_s3(location)

    assert distributions["default"].url("a.pdf") == "https://downloads.example.com/media/a.pdf"


def test_an_origin_path_adds_the_location_by_itself(
    use_s3: UseStorage, configure: Configure
) -> None:
    use_s3("media")
    configure({"PATH_PREFIX": ""})

    assert distributions["default"].url("a.pdf") == "https://downloads.example.com/a.pdf"
