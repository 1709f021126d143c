"""For staff: the objects at the origin."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.accounts.models import User
from tests.admin.test_asset_s3 import address, bucket, nowhere, use_s3
from tests.api.client import call, reason
from tests.doubles import DownStorage

__all__ = ["address", "bucket", "nowhere"]

NAMES = ["a.txt", "a/1.ts", "a/10.ts", "a/2.ts", "a/b/c.txt", "a0.txt", "b c.txt", "größe.pdf"]
OBJECTS = "distributions/default/objects/"


@pytest.fixture
def staff(client: Client, user: User) -> Client:
    """A browser of a member of staff who may see files."""
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_assetfile"))
    client.force_login(user)
    return client


@pytest.fixture(params=["memory", "folder", "s3"])
def storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Storage:
    """A storage of each kind, with ``NAMES`` in it."""
    settings.STORAGES = dict(settings.STORAGES)
    if request.param == "s3":
        request.getfixturevalue("bucket")
    if request.param == "folder":
        options = {"location": str(tmp_path)}
        backend = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": options,
        }
        settings.STORAGES = settings.STORAGES | {"protected": backend}
    for name in NAMES:
        storages["protected"].save(name, ContentFile(name.encode()))
    return storages["protected"]


def listed(staff: Client, **query: object) -> Any:
    response = call(staff, "GET", f"{OBJECTS}?{urlencode(query)}")
    assert response.status_code == 200
    return response.json()


def keys(page: Any) -> list[str]:
    return [one["key"] for one in page["objects"]]


def test_all_objects_in_the_order_of_their_keys(staff: Client, storage: Storage) -> None:
    page = listed(staff)

    assert keys(page) == NAMES
    assert page["nextContinuationToken"] is None


def test_what_is_known_of_an_object(staff: Client, storage: Storage) -> None:
    (_, *_, last) = listed(staff)["objects"]

    assert last["size"] == len("größe.pdf".encode())
    age = timezone.now() - datetime.fromisoformat(last["lastModified"])
    assert timedelta(minutes=-1) < age < timedelta(hours=1)


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_pages(staff: Client, storage: Storage, size: int) -> None:
    page = listed(staff, pageSize=size)
    seen = keys(page)
    while page["nextContinuationToken"]:
        assert len(page["objects"]) == size
        page = listed(staff, pageSize=size, continuationToken=page["nextContinuationToken"])
        seen += keys(page)

    assert seen == NAMES


@pytest.mark.parametrize(
    "prefix", ["a", "a/", "a/1", "a/b/", "a.", "b ", "grö", "none", "/", "..", "../", "*", "a//"]
)
def test_prefixes(staff: Client, storage: Storage, prefix: str) -> None:
    assert keys(listed(staff, prefix=prefix)) == [one for one in NAMES if one.startswith(prefix)]


def test_pages_of_a_prefix(staff: Client, storage: Storage) -> None:
    first = listed(staff, prefix="a/", pageSize=3)
    second = listed(
        staff, prefix="a/", pageSize=3, continuationToken=first["nextContinuationToken"]
    )

    assert keys(first) + keys(second) == [name for name in NAMES if name.startswith("a/")]
    assert second["nextContinuationToken"] is None


@pytest.mark.parametrize("storage", ["folder"], indirect=True)
def test_a_name_that_is_not_utf_8(staff: Client, storage: Storage, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/0\xff")).write_bytes(b"0")

    first = listed(staff, pageSize=1)
    second = listed(staff, pageSize=1, continuationToken=first["nextContinuationToken"])

    assert keys(first) + keys(second) == ["0\udcff", "a.txt"]


@pytest.mark.parametrize("token", ["x", "*", "a b", "ü", "/w==", "////"])
@pytest.mark.parametrize("storage", ["memory", "folder"], indirect=True)
def test_a_token_of_another_listing(staff: Client, storage: Storage, token: str) -> None:
    response = call(staff, "GET", f"{OBJECTS}?{urlencode({'continuationToken': token})}")

    assert (response.status_code, reason(response)) == (400, "invalid_request")


class S3WithWrongToken(BaseHTTPRequestHandler):
    """Answers as S3 does, which the emulators don't."""

    def do_GET(self) -> None:
        body = (
            b"<Error><Code>InvalidArgument</Code><Message>The continuation token provided is "
            b"incorrect</Message><ArgumentName>continuation-token</ArgumentName></Error>"
        )
        self.send_response(400)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def wrong_token() -> Iterator[str]:
    """The URL of an S3 that knows no token."""
    with HTTPServer(("127.0.0.1", 0), S3WithWrongToken) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_token_of_another_listing_in_s3(
    staff: Client, wrong_token: str, settings: Settings
) -> None:
    use_s3(settings, wrong_token)

    response = call(staff, "GET", f"{OBJECTS}?continuationToken=x")

    assert (response.status_code, reason(response)) == (400, "invalid_request")


def test_s3_tells_the_etag_and_the_class(staff: Client, bucket: Any) -> None:
    bucket.put_object(Key="media/a.txt", Body=b"a", StorageClass="GLACIER")
    bucket.put_object(Key="other/b.txt", Body=b"b")

    (only,) = listed(staff)["objects"]

    assert (only["key"], only["storageClass"]) == ("a.txt", "GLACIER")
    assert only["eTag"] == '"0cc175b9c0f1b6a831c399e269772661"'


def test_others_can_not_tell_them(staff: Client, settings: Settings) -> None:
    settings.STORAGES = dict(settings.STORAGES)
    storages["protected"].save("a.txt", ContentFile(b"a"))

    (only,) = listed(staff)["objects"]

    assert (only["eTag"], only["storageClass"]) == (None, None)


def test_s3_with_a_bucket_that_is_not_there(
    staff: Client, address: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    use_s3(settings, address, "no-such-bucket")

    response = call(staff, "GET", OBJECTS)

    assert (response.status_code, reason(response)) == (502, "origin_failed")
    assert "NoSuchBucket" in caplog.text


def test_s3_that_is_down(staff: Client, nowhere: str, settings: Settings) -> None:
    use_s3(settings, nowhere)

    response = call(staff, "GET", OBJECTS)

    assert reason(response) == "origin_failed"
    assert response.json()["detail"] == "EndpointConnectionError"


def use(settings: Settings, storage: type[Storage]) -> None:
    backend = {"BACKEND": f"{storage.__module__}.{storage.__qualname__}"}
    settings.STORAGES = settings.STORAGES | {"protected": backend}


def test_another_storage_that_is_down(staff: Client, settings: Settings) -> None:
    use(settings, DownStorage)

    assert reason(call(staff, "GET", OBJECTS)) == "origin_failed"


def test_a_storage_that_can_not_list(staff: Client, settings: Settings) -> None:
    use(settings, Storage)

    response = call(staff, "GET", OBJECTS)

    assert (response.status_code, reason(response)) == (501, "not_listable")


@pytest.mark.parametrize("alias", ["none", "Default", "%00", "%F0%9F%8C%8A"])
def test_a_distribution_that_is_not_there(staff: Client, alias: str) -> None:
    response = call(staff, "GET", f"distributions/{alias}/objects/")

    assert (response.status_code, reason(response)) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["pageSize=0", "pageSize=1001", "prefix=%00", "prefix=" + "a" * 1025]
)
def test_a_wrong_query(staff: Client, query: str) -> None:
    assert reason(call(staff, "GET", f"{OBJECTS}?{query}")) == "invalid_request"


def test_nobody(client: Client, db: None) -> None:
    response = call(client, "GET", OBJECTS)

    assert (response.status_code, reason(response)) == (401, "anonymous")


@pytest.mark.parametrize("alias", ["default", "none"])
def test_buyers(buyer: Client, alias: str) -> None:
    response = call(buyer, "GET", f"distributions/{alias}/objects/")

    assert (response.status_code, reason(response)) == (403, "permission_denied")


def test_staff_without_the_permission(staff: Client, user: User) -> None:
    user.user_permissions.clear()

    assert reason(call(staff, "GET", OBJECTS)) == "permission_denied"


def test_the_permission_without_being_staff(staff: Client, user: User) -> None:
    User.objects.update(is_staff=False)

    assert reason(call(staff, "GET", OBJECTS)) == "permission_denied"
