"""What the admin asks a storage: is there this object, how large is it, take this one."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.translation import gettext as _

from cf_protected.distributions import STORAGE_ERRORS


@dataclass(frozen=True)
class ObjectFacts:
    """What a storage knows of an object. ``size`` is in bytes."""

    size: int
    content_type: str


def describe(storage: Storage, key: str) -> ObjectFacts:
    """Ask ``storage`` for the object's facts. Raises ``ValidationError`` for staff to read."""
    try:
        with storage.open(key) as opened:
            # django-storages' S3 file carries the object, which knows its own type.
            stated = getattr(getattr(opened, "obj", None), "content_type", "")
            return ObjectFacts(opened.size, stated or _guess(key))
    except FileNotFoundError as error:
        raise ValidationError(_("The storage has no object of this key.")) from error
    except STORAGE_ERRORS as error:
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
        raise ValidationError(
            _("The storage didn't take the file (%(error)s).") % {"error": type(error).__name__}
        ) from error


def _guess(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"
