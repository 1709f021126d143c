"""Read the bytes of a playlist as text."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from typing import Final, Protocol

from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls.playlist import MAX_CHARACTERS

_GZIP: Final = b"\x1f\x8b"


class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes: ...


def read_text(file: Readable) -> str:
    """Return the text of a playlist's ``file``, which may be compressed by gzip.

    S3 and CloudFront send an object as it is stored, and players decompress it if its
    ``Content-Encoding`` is ``gzip``. Neither the file nor what it contains is read further than
    ``MAX_CHARACTERS`` bytes.

    Raises ``InvalidPlaylist`` if either is larger, or isn't UTF-8 text or sound gzip data.
    """
    try:
        data = _read(file)
        if data.startswith(_GZIP):
            with gzip.GzipFile(fileobj=BytesIO(data)) as decompressed:
                data = _read(decompressed)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidPlaylist("The playlist's gzip data is damaged.") from error
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidPlaylist(
            "The playlist isn't UTF-8 text. If it is compressed, use gzip."
        ) from error


def _read(file: Readable) -> bytes:
    data = file.read(MAX_CHARACTERS + 1)
    if len(data) > MAX_CHARACTERS:
        raise InvalidPlaylist(f"The playlist has more than {MAX_CHARACTERS:,} bytes.")
    return data
