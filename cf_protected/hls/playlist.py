"""Rewrite the URIs of an HLS playlist and leave the rest of it unchanged.

Sources: RFC 8216, https://www.rfc-editor.org/rfc/rfc8216, and its second edition,
https://datatracker.ietf.org/doc/html/draft-pantos-hls-rfc8216bis
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cf_protected.cloudfront.url import MAX_URL_BYTES
from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls.uri import BaseURL

ToURL = Callable[[str], str | None]

# A day of one-second segments has 86,400 URIs, which is within both limits.
MAX_CHARACTERS: Final = 4 * 1024 * 1024
MAX_URIS: Final = 100_000

_MEDIA: Final = (
    ("#EXT-X-CONTENT-STEERING", "SERVER-URI"),
    ("#EXT-X-DATERANGE", "X-ASSET-LIST"),
    ("#EXT-X-KEY", "URI"),
    ("#EXT-X-MAP", "URI"),
    ("#EXT-X-PART", "URI"),
    ("#EXT-X-PRELOAD-HINT", "URI"),
    ("#EXT-X-SESSION-DATA", "URI"),
    ("#EXT-X-SESSION-KEY", "URI"),
)
_PLAYLISTS: Final = (
    ("#EXT-X-DATERANGE", "X-ASSET-URI"),
    ("#EXT-X-I-FRAME-STREAM-INF", "URI"),
    ("#EXT-X-MEDIA", "URI"),
    ("#EXT-X-RENDITION-REPORT", "URI"),
)
_TAGS_WITH_URIS: Final = {tag for tag, _ in (*_MEDIA, *_PLAYLISTS)}

# RFC 8216, section 4.2: a quoted string can't contain a quote. A name must follow a comma,
# so the expression never examines a run of characters twice.
_QUOTED_ATTRIBUTE = re.compile(r'((?:^|,)[ \t]*+([^=",\s]++)=)"([^"]*+)"')
_VARIABLE = re.compile(r"\{\$([A-Za-z0-9_\-]++)\}")


def rewrite(playlist: str, *, base_url: str, media: ToURL, playlist_url: ToURL) -> str:
    """Return ``playlist`` with other URIs. No other character changes.

    ``base_url`` is the playlist's own URL, against which relative URIs are resolved. Each
    URI's absolute, percent-encoded URL is passed to one of the two functions. The function
    returns the URL to write, or None to leave the URI unchanged:

    - ``playlist_url`` if the URI names another playlist: the line after EXT-X-STREAM-INF,
      the URI of EXT-X-MEDIA, EXT-X-I-FRAME-STREAM-INF and EXT-X-RENDITION-REPORT, and the
      X-ASSET-URI of EXT-X-DATERANGE;
    - ``media`` for all others: segments, parts, keys, EXT-X-MAP, EXT-X-PRELOAD-HINT,
      EXT-X-SESSION-DATA, EXT-X-CONTENT-STEERING and X-ASSET-LIST. The last three name JSON
      documents; URIs inside those aren't changed.

    Only tags decide which function is called, never the extension. Neither is called for a
    URI that might not be an http or https URL (see ``BaseURL.resolve``), so
    ``javascript:``, ``data:`` and ``skd:`` are left unchanged. Variables of EXT-X-DEFINE are
    replaced if this playlist has their NAME and VALUE; a URI with another variable is left
    unchanged. So is the X-URI of a preload date range: it may name either kind, and players
    work without it.

    Raises ``InvalidPlaylist`` if the text isn't a playlist, or exceeds ``MAX_CHARACTERS`` or
    ``MAX_URIS``. Raises ``InvalidURL`` for a bad ``base_url``.
    """
    base = BaseURL(base_url)
    _check(playlist)
    rewriter = _Rewriter(base, media, playlist_url)
    return "\n".join(map(rewriter.line, playlist.split("\n")))


def _check(playlist: str) -> None:
    if len(playlist) > MAX_CHARACTERS:
        raise InvalidPlaylist(
            f"The playlist has {len(playlist):,} characters; the maximum is {MAX_CHARACTERS:,}."
        )
    if playlist.startswith("\ufeff"):
        # "Clients SHOULD fail to parse Playlists that contain a BOM": section 4.1.
        raise InvalidPlaylist("The playlist starts with a byte order mark; save it without one.")
    if not re.match(r"#EXTM3U(?![\w\-])", playlist):
        raise InvalidPlaylist("The text isn't an HLS playlist: it doesn't start with #EXTM3U.")


class _Rewriter:
    """The state of rewriting one playlist: what its tags say about the lines that follow."""

    def __init__(self, base: BaseURL, media: ToURL, playlist_url: ToURL) -> None:
        self._base = base
        self._media = media
        self._playlist_url = playlist_url
        self._for_attribute = dict.fromkeys(_MEDIA, media) | dict.fromkeys(_PLAYLISTS, playlist_url)
        self._for_next_line = media
        self._variables: dict[str, str] = {}
        self._uris = 0

    def line(self, line: str) -> str:
        text = line.removesuffix("\r")
        if text.startswith("#EXT"):
            text = self._tag(text)
        elif not text.startswith("#") and text.strip():
            to_url, self._for_next_line = self._for_next_line, self._media
            text = self._uri(text, to_url)
        return f"{text}\r" if line.endswith("\r") else text

    def _tag(self, text: str) -> str:
        tag, colon, attributes = text.partition(":")
        if tag == "#EXT-X-STREAM-INF":
            self._for_next_line = self._playlist_url
        elif tag == "#EXTINF":
            self._for_next_line = self._media
        elif tag == "#EXT-X-DEFINE":
            self._define(attributes)
        elif tag in _TAGS_WITH_URIS:
            attributes = _QUOTED_ATTRIBUTE.sub(
                lambda found: self._attribute(tag, found), attributes
            )
            return f"{tag}{colon}{attributes}"
        return text

    def _attribute(self, tag: str, found: re.Match[str]) -> str:
        to_url = self._for_attribute.get((tag, found[2]))
        return f'{found[1]}"{self._uri(found[3], to_url)}"' if to_url else found[0]

    def _define(self, attributes: str) -> None:
        defined = {found[2]: found[3] for found in _QUOTED_ATTRIBUTE.finditer(attributes)}
        if "NAME" in defined and "VALUE" in defined:
            self._variables[defined["NAME"]] = defined["VALUE"]

    def _uri(self, text: str, to_url: ToURL) -> str:
        self._uris += 1
        if self._uris > MAX_URIS:
            raise InvalidPlaylist(
                f"The playlist has more than {MAX_URIS:,} URIs, which is the maximum."
            )
        filled_in = self._fill_in(text) if "{$" in text else text
        url = None if filled_in is None else self._base.resolve(filled_in)
        written = None if url is None else to_url(url)
        return text if written is None else written

    def _fill_in(self, text: str) -> str | None:
        """Replace the variables in ``text``; return None if one is unknown or too long."""
        try:
            values = [self._variables[name] for name in _VARIABLE.findall(text)]
        except KeyError:
            return None
        if sum(map(len, values)) > MAX_URL_BYTES:
            return None
        return _VARIABLE.sub(lambda found: self._variables[found[1]], text)
