"""Rewrite the URIs of an HLS playlist and leave the rest of it unchanged.

Sources: RFC 8216, https://www.rfc-editor.org/rfc/rfc8216, and its second edition,
https://datatracker.ietf.org/doc/html/draft-pantos-hls-rfc8216bis
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls import variables
from cf_protected.hls.tags import BARE, FREE_TEXT, Names, attributes_of, named_by
from cf_protected.hls.uri import IGNORED_AROUND, BaseURL
from cf_protected.hls.variables import Imports, Variables, defuse, import_nothing

ToURL = Callable[[str], str | None]

# A day of one-second segments has 86,400 URIs, which is within all limits: with a signature of
# RSA on each, such a playlist has about 60 million characters.
MAX_CHARACTERS: Final = 4 * 1024 * 1024
MAX_URIS: Final = 100_000
MAX_FILLED_IN_CHARACTERS: Final = 4 * MAX_CHARACTERS
MAX_REWRITTEN_CHARACTERS: Final = 16 * MAX_CHARACTERS

# RFC 8216, section 4.1, has no CR alone, but players take it for the end of a line.
_LINE_END = re.compile(r"(\r\n|\n|\r)")
_PLAYLIST_PATH = re.compile(r"[^?#]*\.m3u8?(?:[?#]|$)", re.IGNORECASE)


def rewrite(
    playlist: str,
    *,
    base_url: str,
    media: ToURL,
    playlist_url: ToURL,
    imports: Imports = import_nothing,
) -> str:
    """Return ``playlist`` with URIs that work from any place.

    No other character changes, but for blanks around a line's URI and before its tag.

    ``base_url`` is the playlist's own URL, against which relative URIs are resolved as
    browsers do it. Each URI's absolute, percent-encoded URL is passed to one of the two
    functions. The function returns the URL to write. If it returns None, the absolute URL is
    written as it is, so that the URI leads where it led before:

    - ``playlist_url`` if the URI names another playlist: the line after EXT-X-STREAM-INF,
      the URI of EXT-X-MEDIA, EXT-X-I-FRAME-STREAM-INF, EXT-X-IMAGE-STREAM-INF and
      EXT-X-RENDITION-REPORT, and the X-ASSET-URI of EXT-X-DATERANGE;
    - ``media`` for all others: segments, parts, keys, EXT-X-MAP, EXT-X-PRELOAD-HINT,
      EXT-X-PREFETCH, EXT-X-SESSION-DATA, EXT-X-CONTENT-STEERING and X-ASSET-LIST. The last
      three name JSON documents; URIs inside those aren't changed.

    Those tags decide which function is called, never the extension. For the URI of any other
    tag, and the X-URI of a preload date range, the extension decides.

    Neither is called for a URI with a scheme other than http and https, such as
    ``javascript:``, ``data:`` and ``skd:``, nor for a URI that no browser can read. Those are
    left unchanged.

    Variables of EXT-X-DEFINE are replaced in URIs. QUERYPARAM takes the parameter from
    ``base_url``, and no such tag is written: a player would look into the URL of the rewritten
    playlist. IMPORT takes what ``imports`` returns for the variable's name; see
    ``variables_of``. A URI with an unknown variable is left unchanged.

    Raises ``InvalidPlaylist`` if the text isn't a playlist, exceeds ``MAX_CHARACTERS`` or
    ``MAX_URIS``, or would exceed ``MAX_REWRITTEN_CHARACTERS``; and if the texts that have
    variables exceed ``MAX_FILLED_IN_CHARACTERS``, filled in and added up. Raises
    ``InvalidURL`` for a bad ``base_url``.
    """
    rewriter = _Rewriter(BaseURL(base_url), _variables(base_url, imports), media, playlist_url)
    _check(playlist)
    parts = _LINE_END.split(playlist)
    parts[::2] = map(rewriter.line, parts[::2])
    return "".join(parts)


def variables_of(playlist: str, *, base_url: str) -> dict[str, str]:
    """Return the variables that a multivariant playlist defines, which others may import.

    Raises what ``rewrite`` raises.
    """
    _check(playlist)
    defined = _variables(base_url, import_nothing)
    for line in _LINE_END.split(playlist)[::2]:
        tag, _, attributes = line.strip().partition(":")
        if tag.rstrip() == variables.TAG:
            defined.define(attributes)
    return defined.values


def _variables(base_url: str, imports: Imports) -> Variables:
    return Variables(base_url.partition("?")[2], imports, MAX_FILLED_IN_CHARACTERS)


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

    def __init__(
        self, base: BaseURL, variables: Variables, media: ToURL, playlist_url: ToURL
    ) -> None:
        self._base = base
        self._variables = variables
        self._to_url = {Names.MEDIA: media, Names.PLAYLIST: playlist_url}
        self._next_line = Names.MEDIA
        self._uris = 0
        self._characters_left = MAX_REWRITTEN_CHARACTERS - MAX_CHARACTERS

    def line(self, line: str) -> str:
        return defuse(self._line(line))

    def _line(self, line: str) -> str:
        text = line.strip(IGNORED_AROUND)
        if not text:
            return line
        if not text.lstrip().startswith("#"):
            names, self._next_line = self._next_line, Names.MEDIA
            written = self._uri(text, names)
            return line if written == text else written
        # Blanks before it go: to hls.js such a line is a URI.
        _, mark, rest = line.partition("#")
        tag = f"{mark}{rest}"
        return self._tag(tag) if tag.startswith("#EXT") else tag

    def _tag(self, text: str) -> str:
        start, colon, value = text.partition(":")
        tag = start.rstrip()
        if tag == variables.TAG:
            definition = self._variables.define(value)
            if definition is None:
                return f"# {text.removeprefix('#')}"
            return f"{start}{colon}{definition}"
        if tag == "#EXT-X-STREAM-INF":
            self._next_line = Names.PLAYLIST
        elif tag == "#EXTINF":
            self._next_line = Names.MEDIA
        return f"{start}{colon}{self._value(tag, value)}"

    def _value(self, tag: str, value: str) -> str:
        if tag in FREE_TEXT:
            return value
        if tag in BARE:
            return self._uri(value, Names.MEDIA) if value.strip(IGNORED_AROUND) else value
        written, end = "", 0
        for name, uri, place in attributes_of(value):
            names = named_by(tag, name)
            if names:
                written += f'{value[end : place.start]}"{self._uri(uri, names)}"'
                end = place.stop
        return written + value[end:]

    def _uri(self, text: str, names: Names) -> str:
        self._uris += 1
        if self._uris > MAX_URIS:
            raise InvalidPlaylist(
                f"The playlist has more than {MAX_URIS:,} URIs, which is the maximum."
            )
        written = self._written(text, names)
        self._characters_left -= len(written)
        if self._characters_left < 0:
            raise InvalidPlaylist(
                f"The rewritten playlist would have more than {MAX_REWRITTEN_CHARACTERS:,} "
                "characters, which is the maximum."
            )
        return written

    def _written(self, text: str, names: Names) -> str:
        reference = self._variables.fill_in(text)
        if reference is None:
            return text
        url = self._base.resolve(reference)
        written = None if url is None else self._to_url[_either(names, url)](url)
        if written is not None:
            return written
        moved = self._base.move(reference)
        # A player fills in the variables of an absolute URL by itself.
        return text if moved == reference else moved


def _either(names: Names, url: str) -> Names:
    """Return ``names``, or what the extension says where the tag doesn't say."""
    if names is not Names.EITHER:
        return names
    return Names.PLAYLIST if _PLAYLIST_PATH.match(url) else Names.MEDIA
