"""Look up, store and delete the objects of a storage, with errors that staff can read."""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.translation import gettext as _

from cf_protected.distributions import MISSING_ERRORS, STORAGE_ERRORS
from cf_protected.edge.content_types import guess_content_type
from cf_protected.places import is_s3

logger = logging.getLogger("cf_protected")


@dataclass(frozen=True)
class ObjectFacts:
    """An object's properties. ``size`` is in bytes, and ``None`` for a folder."""

    size: int | None
    content_type: str


def describe(storage: Storage, key: str) -> ObjectFacts:
    """Return the properties of the object at ``key``. Raises ``ValidationError`` for staff."""
    _check_normalised(key)
    with (
        _explained(key, _("The storage has no object with this key.")),
        storage.open(key) as opened,
    ):
        # django-storages' S3 file has the object as ``obj``, with the type that S3 sends.
        stated = getattr(getattr(opened, "obj", None), "content_type", "")
        return ObjectFacts(opened.size, stated or guess_content_type(key))


def describe_folder(storage: Storage, key: str, entry: str) -> ObjectFacts:
    """Return the properties of the folder at ``key``, with the content type of its ``entry``.

    Without an entry, check only that the folder isn't empty. Raises ``ValidationError`` for
    staff.
    """
    _check_normalised(key.removesuffix("/"))
    if entry:
        return ObjectFacts(None, describe(storage, f"{key}{entry}").content_type)
    empty = _("The storage has nothing in this folder.")
    with _explained(key, empty), suppress(NotImplementedError):  # not every storage can list
        if not any(storage.listdir(key)):
            raise ValidationError(empty)
    return ObjectFacts(None, "")


@contextmanager
def _explained(key: str, missing: str) -> Iterator[None]:
    """Turn a storage's errors into a ``ValidationError`` for staff."""
    try:
        yield
    except MISSING_ERRORS as error:
        raise ValidationError(missing) from error
    except STORAGE_ERRORS as error:
        logger.error("The storage can't look up %r: %s", key, error)
        raise ValidationError(
            _("The storage is unavailable at the moment (%(error)s).")
            % {"error": type(error).__name__}
        ) from error


def store(storage: Storage, name: str, content: File[bytes]) -> tuple[str, str]:
    """Save an upload as it is. Return its key, which may differ from ``name``, and its checksum.

    Raises ``ValidationError`` for staff.
    """
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    try:
        return _unencoded(storage, name, content).save(
            name, content
        ), f"sha256:{digest.hexdigest()}"
    except STORAGE_ERRORS as error:
        logger.error("The storage can't save %r: %s", name, error)
        raise ValidationError(
            _("The storage didn't take the file (%(error)s).") % {"error": type(error).__name__}
        ) from error


def _unencoded(storage: Storage, name: str, content: File[bytes]) -> Storage:
    """Return a storage that saves ``content`` without an encoding that wasn't configured.

    django-storages' S3 gives software-1.0.tar.gz the ``Content-Encoding`` gzip, so browsers save
    it unpacked. It guesses that only where it isn't told the content type. What the project's
    storage configures is kept.
    """
    if not is_s3(storage) or mimetypes.guess_type(name)[1] is None:
        return storage
    s3: Any = storage
    stated = {"ContentType": getattr(content, "content_type", None) or guess_content_type(name)}
    plain = copy(s3)
    plain.get_object_parameters = lambda key: stated | s3.get_object_parameters(key)
    return cast("Storage", plain)


def discard(storage: Storage, key: str) -> None:
    """Delete an upload that nothing refers to. A failure is only logged, and the object stays."""
    try:
        storage.delete(key)
    except STORAGE_ERRORS as error:
        logger.warning("The unused upload %r can't be deleted: %s", key, error)


def _check_normalised(key: str) -> None:
    """Refuse a key that names different objects to the storage and to CloudFront."""
    if key.startswith("/") or "\\" in key or posixpath.normpath(key) != key:
        raise ValidationError(
            _("Give the key without a slash at its start, double slashes or backslashes.")
        )
