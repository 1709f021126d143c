"""What the admin asks a storage: is there this object, how large is it, take this one."""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.translation import gettext as _

from cf_protected.distributions import STORAGE_ERRORS

logger = logging.getLogger("cf_protected")


@dataclass(frozen=True)
class ObjectFacts:
    """What a storage knows of an object. ``size`` is in bytes, and ``None`` for a folder."""

    size: int | None
    content_type: str


def describe(storage: Storage, key: str) -> ObjectFacts:
    """Ask ``storage`` for the object's facts. Raises ``ValidationError`` for staff to read."""
    _check_normalised(key)
    with _explained(key, _("The storage has no object of this key.")), storage.open(key) as opened:
        # django-storages' S3 file carries the object, which knows its own type.
        stated = getattr(getattr(opened, "obj", None), "content_type", "")
        return ObjectFacts(opened.size, stated or _guess(key))


def describe_folder(storage: Storage, key: str, entry: str) -> ObjectFacts:
    """Ask ``storage`` what the folder opens with, or at least whether anything is in it.

    Raises ``ValidationError`` for staff to read.
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
    """Turn what a storage raises into what staff read."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise ValidationError(missing) from error
    except STORAGE_ERRORS as error:
        logger.error("The storage can't tell about %r: %s", key, error)
        raise ValidationError(
            _("The storage can't be asked at the moment (%(error)s).")
            % {"error": type(error).__name__}
        ) from error


def store(storage: Storage, name: str, content: File[bytes]) -> tuple[str, str]:
    """Save an upload; return the key it got and its checksum.

    Raises ``ValidationError`` for staff to read.
    """
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    try:
        return storage.save(name, content), f"sha256:{digest.hexdigest()}"
    except STORAGE_ERRORS as error:
        logger.error("The storage didn't take %r: %s", name, error)
        raise ValidationError(
            _("The storage didn't take the file (%(error)s).") % {"error": type(error).__name__}
        ) from error


def discard(storage: Storage, key: str) -> None:
    """Delete an upload that nothing will refer to; if that fails, it stays, and is logged."""
    try:
        storage.delete(key)
    except STORAGE_ERRORS as error:
        logger.warning("The upload %r is of no use and can't be deleted: %s", key, error)


def _check_normalised(key: str) -> None:
    """Refuse the keys that a storage takes for another object than CloudFront does."""
    if key.startswith("/") or "\\" in key or posixpath.normpath(key) != key:
        raise ValidationError(
            _("Give the key without a slash at its start, double slashes or backslashes.")
        )


def _guess(key: str) -> str:
    content_type, encoding = mimetypes.guess_type(key)
    return content_type if content_type and not encoding else "application/octet-stream"
