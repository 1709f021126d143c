"""Where a distribution's objects lie: in its storage, and in the URLs of its domain."""

from __future__ import annotations

import os
import re
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from django.core.files.storage import FileSystemStorage, Storage, storages

from cf_protected.cloudfront.url import object_url
from cf_protected.conf import DistributionSettings
from cf_protected.exceptions import InvalidURL
from cf_protected.responses import content_disposition

# S3's own endpoints lead to the same bucket, in whatever form they are given.
_AWS_ENDPOINT: Final = re.compile(r"\.amazonaws\.com(\.cn)?$")


class Keyspace(NamedTuple):
    """What an object's full name is unique in: a bucket, a disk, or the URLs of a domain."""

    kind: str
    name: str


def storage_of(settings: DistributionSettings) -> Storage:
    """Return the storage with the origin's objects."""
    return storages[settings.storage]


def is_s3(storage: Storage) -> bool:
    """Return whether this is django-storages' S3, or a subclass.

    Recognised by its attributes: importing it would import boto3 in every project.
    """
    return hasattr(storage, "bucket_name") and hasattr(storage, "connection")


def location_of(storage: Storage) -> str:
    """Return the bucket's folder that the storage keeps its objects in, such as ``media/``.

    It is empty for a storage that uses the whole bucket or has none.
    """
    location = str(getattr(storage, "location", "")) if hasattr(storage, "bucket_name") else ""
    return f"{location.strip('/')}/" if location.strip("/") else ""


def path_prefix_of(settings: DistributionSettings) -> str:
    """Return what precedes a storage's object name in the URL's path."""
    if settings.path_prefix is not None:
        return settings.path_prefix
    return location_of(storage_of(settings))


def url_of(settings: DistributionSettings, name: str, *, download_name: str = "") -> str:
    """Return the unsigned URL of the storage's object ``name``, as ``Distribution.url`` does.

    Raises ``InvalidURL`` for names that no URL can carry.
    """
    query = {}
    disposition = settings.content_disposition
    if download_name and disposition:
        query["response-content-disposition"] = _disposition(disposition, download_name)
    path = path_prefix_of(settings) + name
    return object_url(settings.domain, path, query=query, scheme=settings.scheme)


def keyspaces_of(settings: DistributionSettings) -> dict[Keyspace, str]:
    """Return each keyspace of the distribution's objects, with what precedes their names there.

    Two distributions that share one may share objects: they have the same bucket, or the same
    domain in front of two buckets.
    """
    path_prefix = path_prefix_of(settings)
    keyspaces = {Keyspace("domain", settings.domain.lower()): path_prefix}
    if settings.id:
        keyspaces[Keyspace("distribution", settings.id)] = path_prefix
    keyspace, location = _stored_in(settings)
    keyspaces[keyspace] = location
    return keyspaces


def _disposition(disposition: Literal["attachment", "inline"], name: str) -> str:
    try:
        return content_disposition(disposition, name)
    except UnicodeEncodeError as error:
        raise InvalidURL(f"The name {name!r} can't be written as UTF-8.") from error


def _stored_in(settings: DistributionSettings) -> tuple[Keyspace, str]:
    storage: Any = storage_of(settings)
    if hasattr(storage, "bucket_name"):
        return Keyspace("bucket", f"{_endpoint(storage)}/{storage.bucket_name}"), location_of(
            storage
        )
    if isinstance(storage, FileSystemStorage):
        folder = os.path.realpath(storage.location).replace(os.sep, "/")
        return Keyspace("disk", ""), f"{folder.rstrip('/')}/"
    return Keyspace("storage", settings.storage), ""


def _endpoint(storage: Any) -> str:
    """Return the host of an S3 that isn't AWS's own; an empty string for AWS."""
    host = urlsplit(getattr(storage, "endpoint_url", None) or "").netloc.lower()
    return "" if _AWS_ENDPOINT.search(host) else host
