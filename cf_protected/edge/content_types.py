"""Guess content types alike on every machine."""

from __future__ import annotations

import mimetypes
from posixpath import splitext
from typing import Final

_UNKNOWN: Final = "application/octet-stream"

# What players need. The system's table may lack them, or have others: Debian's has Qt's
# translations for ".ts". Sources: RFC 8216, ISO/IEC 23009-1, RFC 8081 and IANA's registry.
_STREAMS: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".vtt": "text/vtt",
    ".webm": "video/webm",
}


def guess_content_type(name: str) -> str:
    """Return the content type of an object called ``name``.

    A compressed file is sent as it is, so its type is that of any bytes. Other names are
    guessed as django-storages does at upload.
    """
    known = _STREAMS.get(splitext(name)[1].lower())
    if known is not None:
        return known
    content_type, encoding = mimetypes.guess_type(name)
    return content_type if content_type and not encoding else _UNKNOWN
