"""List the objects at a distribution's origin, a page at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.exceptions import BadRequest
from django.core.files.storage import Storage

from cf_protected.places import is_s3


@dataclass(frozen=True)
class ListedObject:
    """An object, with ``None`` for what its storage doesn't report. ``size`` is in bytes."""

    key: str
    size: int
    last_modified: datetime
    etag: str | None = None
    storage_class: str | None = None


@dataclass(frozen=True)
class ObjectPage:
    """Some objects in the order of their keys. If there are more, ``token`` leads to them."""

    objects: list[ListedObject]
    token: str | None


def list_objects(storage: Storage, *, prefix: str, size: int, token: str) -> ObjectPage:
    """Return up to ``size`` objects whose keys begin with ``prefix``, as S3 lists them.

    ``token`` is the previous page's. Raises ``BadRequest`` for a token of another listing,
    ``NotImplementedError`` for storages that can't list, and ``STORAGE_ERRORS``.
    """
    if is_s3(storage):
        return _list_bucket(storage, prefix, size, token)
    return _list_storage(storage, prefix, size, _read_token(token))


def _list_bucket(storage: Any, prefix: str, size: int, token: str) -> ObjectPage:
    """Return a page of a bucket.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    location = f"{storage.location.strip('/')}/".lstrip("/")
    client = storage.connection.meta.client
    further = {"ContinuationToken": token} if token else {}
    try:
        listed = client.list_objects_v2(
            Bucket=storage.bucket_name, Prefix=location + prefix, MaxKeys=size, **further
        )
    except client.exceptions.ClientError as error:
        if token and error.response["Error"]["Code"] == "InvalidArgument":
            raise BadRequest("continuationToken isn't one of this listing.") from error
        raise
    objects = [
        ListedObject(
            key=one["Key"].removeprefix(location),
            size=one["Size"],
            last_modified=one["LastModified"],
            etag=one.get("ETag"),
            storage_class=one.get("StorageClass"),
        )
        for one in listed.get("Contents", ())
    ]
    return ObjectPage(objects, listed.get("NextContinuationToken"))


def _list_storage(storage: Storage, prefix: str, size: int, after: str) -> ObjectPage:
    keys = (key for key in _walk(storage, prefix) if key > after and key.startswith(prefix))
    page = list(islice(keys, size + 1))
    objects = [
        ListedObject(key, storage.size(key), storage.get_modified_time(key)) for key in page[:size]
    ]
    return ObjectPage(objects, _make_token(page[size - 1]) if len(page) > size else None)


def _walk(storage: Storage, prefix: str, folder: str = "") -> Iterator[str]:
    """Yield the names in ``folder`` in order, without folders that ``prefix`` rules out.

    The prefix comes from the client: it is compared, and never given to the storage as a path.
    """
    folders, files = storage.listdir(folder)
    for name in sorted([*files, *(f"{one}/" for one in folders)]):
        path = folder + name
        if not path.endswith("/"):
            yield path
        elif path.startswith(prefix) or prefix.startswith(path):
            yield from _walk(storage, prefix, path)


def _make_token(key: str) -> str:
    # A folder may hold names that aren't UTF-8. Python reads them as lone surrogates.
    return base64.urlsafe_b64encode(key.encode("utf-8", "surrogatepass")).decode()


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode(
            "utf-8", "surrogatepass"
        )
    except (binascii.Error, ValueError) as error:
        raise BadRequest("continuationToken isn't one of this listing.") from error
