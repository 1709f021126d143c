"""Which tags of a playlist hold URIs, and what those name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final


class Names(Enum):
    """What a URI names."""

    MEDIA = auto()
    PLAYLIST = auto()
    #: The tag doesn't say, so that the URI's extension decides.
    EITHER = auto()


#: Tags with a URI alone in place of attributes: of low-latency streams before RFC 8216bis.
BARE: Final = {"#EXT-X-PREFETCH", "#EXT-X-TWITCH-PREFETCH"}
#: Tags whose text is free, so that nothing in it is an attribute.
FREE_TEXT: Final = {"#EXTM3U", "#EXTINF"}

_KNOWN: Final = {
    ("#EXT-X-CONTENT-STEERING", "SERVER-URI"): Names.MEDIA,
    ("#EXT-X-DATERANGE", "X-ASSET-LIST"): Names.MEDIA,
    ("#EXT-X-DATERANGE", "X-ASSET-URI"): Names.PLAYLIST,
    ("#EXT-X-I-FRAME-STREAM-INF", "URI"): Names.PLAYLIST,
    # Thumbnails, which Roku and others read: https://developer.roku.com/dev/docs/hls-and-dash
    ("#EXT-X-IMAGE-STREAM-INF", "URI"): Names.PLAYLIST,
    ("#EXT-X-KEY", "URI"): Names.MEDIA,
    ("#EXT-X-MAP", "URI"): Names.MEDIA,
    ("#EXT-X-MEDIA", "URI"): Names.PLAYLIST,
    ("#EXT-X-PART", "URI"): Names.MEDIA,
    ("#EXT-X-PRELOAD-HINT", "URI"): Names.MEDIA,
    ("#EXT-X-RENDITION-REPORT", "URI"): Names.PLAYLIST,
    ("#EXT-X-SESSION-DATA", "URI"): Names.MEDIA,
    ("#EXT-X-SESSION-KEY", "URI"): Names.MEDIA,
}
# RFC 8216, section 4.2. Players also accept blanks around a name, and values without quotes.
# A name begins where a run of characters does, so that no run is examined twice.
_ATTRIBUTE = re.compile(
    r'(?<![^=",\s])(?P<name>[^=",\s]++)[ \t]*+=[ \t]*+(?:"(?P<quoted>[^"]*+)"|(?P<plain>[^",]*+))'
    r'|"[^"]*+"'
)


def named_by(tag: str, attribute: str) -> Names | None:
    """Return what the attribute of the tag names; None if it doesn't hold a URI."""
    if attribute == "URI" or attribute.endswith("-URI"):
        return _KNOWN.get((tag, attribute), Names.EITHER)
    return _KNOWN.get((tag, attribute))


def attributes_of(text: str) -> Iterator[tuple[str, str, slice]]:
    """Yield the name and value of each attribute, and where the value stands with its quotes."""
    for found in _ATTRIBUTE.finditer(text):
        if found["name"] is None:
            continue
        if found["quoted"] is not None:
            start, end = found.span("quoted")
            yield found["name"], found["quoted"], slice(start - 1, end + 1)
        elif found["plain"]:
            yield found["name"], found["plain"], slice(*found.span("plain"))
