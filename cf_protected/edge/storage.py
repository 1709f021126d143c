"""Objects in a storage with Django's API, which is asked for by duck typing."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote_to_bytes

from cf_protected.edge.errors import NO_ORIGIN, EdgeError

Errors = tuple[type[Exception], ...]


class StoredFile(Protocol):
    """What an open file of the storage has to do."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> object: ...

    def close(self) -> None: ...


class Storage(Protocol):
    """The part of ``django.core.files.storage.Storage`` that the edge needs.

    ``FileNotFoundError`` of ``size`` or ``open`` means that there is no such object.
    """

    def open(self, name: str, /) -> StoredFile: ...

    def size(self, name: str, /) -> int: ...

    def get_modified_time(self, name: str, /) -> datetime: ...


class OriginError(EdgeError):
    """The storage failed, which is more than that an object is missing."""

    @classmethod
    def of(cls, error: Exception) -> OriginError:
        timed_out = isinstance(error, TimeoutError)
        return cls(
            HTTPStatus.GATEWAY_TIMEOUT if timed_out else HTTPStatus.BAD_GATEWAY,
            NO_ORIGIN,
            f"the storage failed: {type(error).__name__}: {error}",
        )


@dataclass(frozen=True)
class StoredObject:
    """An object of the storage, opened, with what S3 tells about it."""

    name: str
    size: int
    modified: datetime
    file: StoredFile

    @property
    def etag(self) -> str:
        """In the form of S3's, yet made without reading the file: it may be large."""
        state = f"{self.name}\0{self.size}\0{self.modified.timestamp()}"
        return f'"{hashlib.md5(state.encode(), usedforsecurity=False).hexdigest()}"'

    @property
    def last_modified(self) -> str:
        return formatdate(self.modified.timestamp(), usegmt=True)

    @property
    def content_type(self) -> str:
        """Guessed as django-storages does at upload; a compressed file is sent as it is."""
        content_type, encoding = mimetypes.guess_type(self.name)
        return content_type if content_type and not encoding else "application/octet-stream"


class ObjectRange:
    """A response body: ``part`` of an open file, read while it is sent."""

    def __init__(self, file: StoredFile, part: range, errors: Errors) -> None:
        self._file = file
        self._part = part
        self._position = -1
        self._errors = errors

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``. Raises ``OriginError``."""
        try:
            return self._read(size)
        except self._errors as error:
            raise OriginError.of(error) from error

    def _read(self, size: int) -> bytes:
        if self._position < 0:
            self._position = self._part.start
            self._file.seek(self._position)
        chunk = self._file.read(min(size, self._part.stop - self._position))
        self._position += len(chunk)
        if not chunk and self._position < self._part.stop:
            raise EOFError("the file became shorter while it was sent")
        return chunk

    def close(self) -> None:
        self._file.close()


def find_object(storage: Storage, name: str, errors: Errors) -> StoredObject | None:
    """Return the object, open, or ``None`` if there is none.

    Raises ``OriginError`` for any of ``errors``.
    """
    try:
        size, modified = storage.size(name), storage.get_modified_time(name)
        # Last, so that nothing stays open when one of the others fails.
        return StoredObject(name, size, modified, storage.open(name))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except errors as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return None
        raise OriginError.of(error) from error


def object_name(path: str, prefix: str) -> str | None:
    """Return the storage's name for a URL's raw path; ``None`` where there can't be one.

    The names of Django's storages are relative and normalised. S3 may have objects of
    other names, but a storage takes them for one it has (``a//b`` for ``a/b``) or for a
    file elsewhere, and the edge would serve what CloudFront doesn't.
    """
    # S3 reads a "+" in the path as a space: https://github.com/aws/aws-sdk-ruby/issues/654
    raw = unquote_to_bytes(path.replace("+", " ").encode("latin-1"))
    try:
        key = raw.decode("utf-8").removeprefix("/")
    except UnicodeDecodeError:
        return None
    name = key.removeprefix(prefix)
    if not key.startswith(prefix) or "\\" in name or "\0" in name:
        return None
    if any(segment in ("", ".", "..") for segment in name.split("/")):
        return None
    return name
