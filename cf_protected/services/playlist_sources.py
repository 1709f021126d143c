"""Read the playlists of a folder from its storage, and rewrite them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Final
from urllib.parse import quote, unquote

from cf_protected import hls
from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.cloudfront.url import append_query
from cf_protected.distributions import MISSING_ERRORS, distributions
from cf_protected.exceptions import InvalidPlaylist, InvalidURL
from cf_protected.hls.playlist import MAX_CHARACTERS
from cf_protected.models import AssetFile

#: Makes the link to a playlist, given its path in the folder and when the link may expire.
Link = Callable[[str, datetime], str]

# A parameter of links to playlists that may import variables: where the multivariant playlist
# that defines them lies in the folder.
_MULTIVARIANT: Final = "multivariant="


class PlaylistSource:
    """One playlist of a folder in the storage.

    ``query`` is what ``rewritten`` appended to the link that led here.

    Raises ``InvalidURL`` for a path that could lead out of the folder: a storage may resolve
    dot segments, and take a backslash for a slash.
    """

    def __init__(self, file: AssetFile, path: str, query: str = "") -> None:
        _check(path)
        self._file = file
        self._distribution = distributions[file.asset.distribution]
        self._folder = hls.Folder(self._distribution.url(file.key))
        self._name = file.key + path
        own, self._multivariant = _split(query)
        self._url = f"{self._distribution.url(self._name)}{'?' if own else ''}{own}"

    def rewritten(self, query: str, expires_at: datetime, link: Link) -> str:
        """Return the playlist with ``query`` on its URIs, and links to other playlists."""
        text = self._read()
        multivariant = self._multivariant_of(text)

        def link_inside(url: str) -> str | None:
            spelled = self._folder.spell(url)
            if spelled is None:
                return None
            path, _, own = spelled.removeprefix(self._folder.url).partition("?")
            try:
                name = unquote(path, errors="strict")
                _check(name)
                return _with_query(link(name, expires_at), own, multivariant)
            except (InvalidURL, UnicodeDecodeError):
                return None

        return hls.rewrite(
            text,
            base_url=self._url,
            media=hls.signed_under(self._folder.url, query),
            playlist_url=link_inside,
            imports=self._import,
        )

    def _multivariant_of(self, text: str) -> str:
        """Return the parameter for links in ``text``; empty if there is nothing to import."""
        if self._multivariant:
            return self._multivariant
        if "#EXT-X-STREAM-INF" in text and "#EXT-X-DEFINE" in text:
            return quote(self._url.removeprefix(self._folder.url), safe="/")
        return ""

    def _import(self, name: str) -> str | None:
        return self._importable.get(name)

    @cached_property
    def _importable(self) -> dict[str, str]:
        """The variables of the multivariant playlist, by default the folder's entry."""
        reference = unquote(self._multivariant) or quote(self._file.entry)
        path, _, query = reference.partition("?")
        try:
            source = PlaylistSource(self._file, unquote(path), query)
            return hls.variables_of(source._read(), base_url=source._url)
        except (InvalidPlaylist, InvalidURL, *MISSING_ERRORS):
            return {}

    def _read(self) -> str:
        with self._distribution.storage.open(self._name) as file:
            # A bucket's storage would fetch all of the object before it reads the first byte.
            if getattr(file, "size", 0) > MAX_CHARACTERS:
                raise InvalidPlaylist(f"The playlist has more than {MAX_CHARACTERS:,} bytes.")
            return hls.read_text(file)


def _check(path: str) -> None:
    """Raise ``InvalidURL`` unless an object that every storage reads can have ``path``."""
    if "\\" in path:
        raise InvalidURL(f"The path {path!r} has a backslash.")
    quote_object_key(path)


def _split(query: str) -> tuple[str, str]:
    """Return the query of the playlist's own URL, and the multivariant playlist after it."""
    parameters = query.split("&")
    for parameter in parameters:
        if parameter.startswith(_MULTIVARIANT):
            parameters.remove(parameter)
            return "&".join(parameters), parameter.removeprefix(_MULTIVARIANT)
    return query, ""


def _with_query(link: str, own: str, multivariant: str) -> str:
    for query in (own, multivariant and f"{_MULTIVARIANT}{multivariant}"):
        if query:
            link = append_query(link, query)
    return link
