"""Open objects in a storage that has Django's API."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote_to_bytes

from cf_protected.edge.content_types import guess_content_type
from cf_protected.edge.errors import EdgeError
from cf_protected.edge.messages import Body

Errors = tuple[type[Exception], ...]


class StoredFile(Body, Protocol):
    """An open file of the storage."""

    def seek(self, offset: int, /) -> object: ...


class Storage(Protocol):
    """The part of ``django.core.files.storage.Storage`` that the edge needs.

    ``size`` and ``open`` raise ``FileNotFoundError`` if there is no such object.
    """

    def open(self, name: str, /) -> StoredFile: ...

    def size(self, name: str, /) -> int: ...

    def get_modified_time(self, name: str, /) -> datetime: ...

    def path(self, name: str, /) -> str:
        """Return the path in the file system; raise ``NotImplementedError`` elsewhere."""


@dataclass(frozen=True)
class OpenObject:
    """An open object of the storage, with the properties that S3 puts in headers."""

    name: str
    size: int
    modified: datetime
    file: StoredFile

    @property
    def etag(self) -> str:
        """An ETag of S3's form, without reading the file, since it may be large."""
        state = f"{self.name}\0{self.size}\0{self.modified.timestamp()}"
        return f'"{hashlib.md5(state.encode(), usedforsecurity=False).hexdigest()}"'

    @property
    def last_modified(self) -> str:
        """The time of the last change as an HTTP date."""
        return formatdate(self.modified.timestamp(), usegmt=True)

    @property
    def content_type(self) -> str:
        """The content type that its name suggests."""
        return guess_content_type(self.name)


class ObjectRange:
    """A response body: ``part`` of an open file, which is read while it is sent.

    ``errors`` are what the file raises when the storage fails.
    """

    def __init__(self, file: StoredFile, part: range, errors: Errors) -> None:
        self._file = file
        self._part = part
        self._position = -1
        self._errors = errors

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``. Raises ``EdgeError``."""
        try:
            return self._read(size)
        except self._errors as error:
            raise EdgeError.of_origin(error) from error

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


def leads_out(storage: Storage, name: str) -> bool:
    """Return whether symbolic links lead from ``name`` out of the storage's folder."""
    try:
        root, path = storage.path(""), storage.path(name)
    except NotImplementedError:  # it isn't in the file system
        return False
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def open_object(storage: Storage, name: str, errors: Errors) -> OpenObject | None:
    """Open the object called ``name``; return None if there is none.

    Raises ``EdgeError`` if the storage raises any of ``errors``.
    """
    try:
        size, modified = storage.size(name), storage.get_modified_time(name)
        # The file is opened last, so it can't stay open when another call fails.
        return OpenObject(name, size, modified, storage.open(name))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except errors as error:
        if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            return None
        raise EdgeError.of_origin(error) from error


def object_name(path: str, prefix: str) -> str | None:
    """Return the storage's name for a URL's raw path; None if it can't have one.

    The names of Django's storages are relative and normalised. S3 may have objects with
    other names, but a storage would open a different object for them (``a/b`` for ``a//b``)
    or a file outside. The edge would then serve what CloudFront doesn't.
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
