"""The files of an asset in S3, over real HTTP."""

from __future__ import annotations

import gzip
import hashlib
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from moto.server import ThreadedMotoServer
from pytest_django import Settings
from storages.backends.s3 import S3Storage

from cf_protected.models import Asset, AssetFile
from tests.admin.browser import Browser
from tests.admin.test_asset_files import PDF, fill, upload

BUCKET = "downloads"
ACCESS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The URL of an S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(address: str, settings: Settings) -> Any:
    """The bucket behind the distribution, which keeps its objects in the folder ``media``."""
    use_s3(settings, address)
    s3 = boto3.resource("s3", endpoint_url=address, region_name="us-east-1", **ACCESS)
    bucket = s3.create_bucket(Bucket=BUCKET)
    bucket.objects.delete()
    return bucket


def headers_of(bucket: Any, file: AssetFile) -> dict[str, Any]:
    """Return the object's headers. Its body would keep a connection until it is read."""
    client = bucket.meta.client
    headers: dict[str, Any] = client.head_object(Bucket=BUCKET, Key=f"media/{file.key}")
    return headers


def use_s3(
    settings: Settings,
    address: str,
    bucket_name: str = BUCKET,
    *,
    backend: str = "storages.backends.s3.S3Storage",
    **further: Any,
) -> Storage:
    options = {
        "bucket_name": bucket_name,
        "location": "media",
        "endpoint_url": address,
        "access_key": "testing",
        "secret_key": "testing",
        "region_name": "us-east-1",
        "client_config": Config(retries={"total_max_attempts": 1}),
        **further,
    }
    protected = {"BACKEND": backend, "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"protected": protected}
    return storages["protected"]


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_upload(admin: Browser, asset: Asset, bucket: Any) -> None:
    fill(admin, asset, files__0__upload=upload("Größe.pdf"))
    file = asset.files.get()
    (stored,) = bucket.objects.all()
    assert stored.key == f"media/{file.key}"
    assert stored.get()["Body"].read() == PDF
    assert (file.size, file.download_name) == (len(PDF), "Größe.pdf")


def test_upload_of_the_same_name_is_another_object(
    admin: Browser, asset: Asset, bucket: Any
) -> None:
    for _ in range(2):
        fill(admin, asset, files__0__upload=upload())
    assert len(list(bucket.objects.all())) == 2


def test_content_type_is_that_of_the_object(admin: Browser, asset: Asset, bucket: Any) -> None:
    bucket.put_object(Key="media/a/b.bin", Body=b"book", ContentType="application/epub+zip")
    fill(admin, asset, files__0__key="a/b.bin")
    file = asset.files.get()
    assert (file.size, file.content_type) == (4, "application/epub+zip")


def test_missing_object(admin: Browser, asset: Asset, bucket: Any) -> None:
    fill(admin, asset, files__0__key="a/none.bin")
    assert admin.file_errors == [{"key": ["The storage has no object with this key."]}]


def test_leading_slash(admin: Browser, asset: Asset, bucket: Any) -> None:
    """The storage would find it, and CloudFront wouldn't."""
    bucket.put_object(Key="media/b.pdf", Body=PDF)
    fill(admin, asset, files__0__key="/b.pdf")
    assert [list(errors) for errors in admin.file_errors] == [["key"]]


def test_folder(admin: Browser, asset: Asset, bucket: Any) -> None:
    bucket.put_object(Key="media/films/1/index.m3u8", Body=b"#EXTM3U", ContentType="audio/mpegurl")
    fields: dict[str, Any] = {"files__0__kind": "prefix", "files__0__entry": "index.m3u8"}
    fill(admin, asset, files__0__key="films/1/", **fields)
    file = asset.files.get()
    assert (file.key, file.size, file.content_type) == ("films/1/", None, "audio/mpegurl")


@pytest.mark.parametrize(
    ("key", "is_there"), [("films/", True), ("films/1/", True), ("films/2/", False)]
)
def test_folder_without_an_entry(
    admin: Browser, asset: Asset, bucket: Any, key: str, is_there: bool
) -> None:
    bucket.put_object(Key="media/films/1/index.m3u8", Body=b"#EXTM3U")
    fill(admin, asset, files__0__kind="prefix", files__0__key=key)
    assert asset.files.exists() is is_there


def test_upload_without_a_bucket(
    admin: Browser,
    asset: Asset,
    address: str,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_s3(settings, address, "no-such-bucket")
    fill(admin, asset, files__0__upload=upload())
    assert admin.file_errors == [{"upload": ["The storage didn't take the file (NoSuchBucket)."]}]
    assert "The specified bucket does not exist" in caplog.text


@pytest.mark.parametrize("field", ["upload", "key"])
def test_s3_that_is_down(
    admin: Browser, asset: Asset, nowhere: str, settings: Settings, field: str
) -> None:
    use_s3(settings, nowhere)
    value = upload() if field == "upload" else "a/b.bin"
    fill(admin, asset, title="New title", **{f"files__0__{field}": value})
    (errors,) = admin.file_errors
    assert "(EndpointConnectionError)" in errors[field][0]
    asset.refresh_from_db()
    assert (asset.title, asset.files.count()) == ("Ebook", 0)


ANY_BYTES = "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("software-1.0.tar.gz", "application/octet-stream"),
        ("software-1.0.tar.gz", "application/gzip"),
        ("software-1.0.tar.gz", ""),
        ("dump.sql.gz", ""),
        ("drawing.svgz", "image/svg+xml"),
        ("table.csv.bz2", ""),
        ("backup.tar.xz", ""),
        ("archive.tgz", ""),
        ("page.html.br", ""),
        ("old.tar.Z", ""),
    ],
)
def test_a_compressed_file_is_stored_as_it_is(
    admin: Browser, asset: Asset, bucket: Any, name: str, content_type: str
) -> None:
    content = gzip.compress(b"the bytes as sold")
    chosen = SimpleUploadedFile(name, content, content_type)
    fill(admin, asset, files__0__upload=chosen)

    file = asset.files.get()
    stored = bucket.Object(f"media/{file.key}").get()
    assert stored.get("ContentEncoding") is None
    assert stored["ContentType"] == (content_type or ANY_BYTES)
    assert stored["Body"].read() == content
    assert (file.size, file.checksum) == (
        len(content),
        f"sha256:{hashlib.sha256(content).hexdigest()}",
    )


@pytest.mark.parametrize("name", ["Book.pdf", "style.css"])
def test_other_content_types_are_those_of_the_storage(
    admin: Browser, asset: Asset, bucket: Any, name: str
) -> None:
    fill(admin, asset, files__0__upload=upload(name))

    stored = headers_of(bucket, asset.files.get())
    assert (stored.get("ContentEncoding"), stored["ContentType"]) == (None, ANY_BYTES)


class OwnParameters(S3Storage):
    """A seller's storage, which decides for each object."""

    def get_object_parameters(self, name: str) -> dict[str, str]:
        return {"Metadata": {"shop": "yes"}, "ContentEncoding": "br"}  # type: ignore[dict-item]


def test_an_encoding_that_the_seller_asks_for_is_kept(
    admin: Browser, asset: Asset, bucket: Any, address: str, settings: Settings
) -> None:
    use_s3(
        settings, address, object_parameters={"ContentEncoding": "br", "CacheControl": "no-store"}
    )
    fill(admin, asset, files__0__upload=upload("site.css.gz"))

    stored = headers_of(bucket, asset.files.get())
    assert (stored["ContentEncoding"], stored["CacheControl"]) == ("br", "no-store")


def test_a_storage_of_the_sellers_own_is_asked_for_each_object(
    admin: Browser, asset: Asset, bucket: Any, address: str, settings: Settings
) -> None:
    use_s3(settings, address, backend="tests.admin.test_asset_s3.OwnParameters")
    fill(admin, asset, files__0__upload=upload("site.css.gz"))

    stored = headers_of(bucket, asset.files.get())
    assert (stored["ContentEncoding"], stored["Metadata"]) == ("br", {"shop": "yes"})


def test_gzip_that_the_seller_asks_for_is_kept(
    admin: Browser, asset: Asset, bucket: Any, address: str, settings: Settings
) -> None:
    use_s3(settings, address, gzip=True)
    styles = SimpleUploadedFile("style.css", b"a { color: red }" * 99, "text/css")
    fill(admin, asset, files__0__upload=styles)
    packed = SimpleUploadedFile("style.css.gz", gzip.compress(b"x"), "application/gzip")
    fill(admin, asset, files__0__upload=packed)

    first, second = asset.files.order_by("pk")
    assert headers_of(bucket, first)["ContentEncoding"] == "gzip"
    assert headers_of(bucket, second).get("ContentEncoding") is None
