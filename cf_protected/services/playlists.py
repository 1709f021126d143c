"""Issue an HLS playlist whose URIs are signed: for players that can't send cookies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

from cf_protected import hls
from cf_protected.access import Decision
from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.distributions import distributions
from cf_protected.exceptions import InvalidPlaylist, InvalidURL
from cf_protected.hls.playlist import MAX_CHARACTERS
from cf_protected.models import AssetFile, Download
from cf_protected.person import Person, User
from cf_protected.services.approval import Approval
from cf_protected.services.downloads import issue
from cf_protected.services.signing import sign_query
from cf_protected.services.terms import make_request
from cf_protected.viewer import Viewer

#: Makes the link to a playlist, given its path in the folder and when the link may expire.
Link = Callable[[str, datetime], str]


@dataclass(frozen=True)
class IssuedPlaylist:
    """A rewritten playlist; its URIs work until ``expires_at``.

    ``download`` is its row in the log, and ``None`` if it repeats an earlier one.
    """

    text: str
    expires_at: datetime
    decision: Decision
    download: Download | None


def issue_playlist(
    asker: Person | User,
    file: AssetFile,
    *,
    path: str = "",
    link: Link,
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    ahead: bool = True,
    now: datetime | None = None,
) -> IssuedPlaylist:
    """Read the folder's playlist ``path``, by default its entry, and sign every URI in it.

    One signature opens the whole folder, and each URI inside it carries that one. URIs of
    other playlists become what ``link`` returns for their path in the folder and the moment
    until which the link should work: those are rewritten in turn when a player asks for
    them. URIs outside the folder stay as they are, and so do those that can't name a playlist.

    It is counted and logged as in ``issue_url``, so a player's later playlists are repeats.

    Raises what ``issue_url`` raises; ``ValueError`` for a file that isn't a folder;
    ``InvalidURL`` for a ``path`` that leads out of the folder or that no URL can carry;
    ``InvalidPlaylist`` for an object that isn't a playlist; and what the storage raises
    (``distributions.STORAGE_ERRORS``).
    """
    if not file.is_prefix:
        raise ValueError(f"{file.key!r} isn't a folder; see issue_url.")
    request = make_request(asker, viewer=viewer, bind_to_ip=bind_to_ip, ahead=ahead, now=now)
    source = _Source(file, path or file.entry)

    def sign(approval: Approval) -> _SignedPlaylist:
        query, expires_at = sign_query(approval)
        return _SignedPlaylist(source.rewritten(query, expires_at, link), expires_at)

    issued = issue(request, file, sign)
    return IssuedPlaylist(
        issued.signed.text,
        issued.signed.expires_at,
        issued.approval.decision,
        issued.download,
    )


class _SignedPlaylist(NamedTuple):
    text: str
    expires_at: datetime


class _Source:
    """One playlist of a folder in the storage.

    Raises ``InvalidURL`` for a path that could lead out of the folder: a storage may resolve
    dot segments, and take a backslash for a slash.
    """

    def __init__(self, file: AssetFile, path: str) -> None:
        if "\\" in path:
            raise InvalidURL(f"The path {path!r} has a backslash.")
        self._distribution = distributions[file.asset.distribution]
        self._folder = self._distribution.url(file.key)
        self._name = file.key + path
        self._url = self._distribution.url(self._name)

    def rewritten(self, query: str, expires_at: datetime, link: Link) -> str:
        def link_inside(url: str) -> str | None:
            path = self._path_inside(url)
            return None if path is None else link(path, expires_at)

        return hls.rewrite(
            self._read(),
            base_url=self._url,
            media=hls.signed_under(self._folder, query),
            playlist_url=link_inside,
        )

    def _path_inside(self, url: str) -> str | None:
        """Return the path in the folder that ``url`` names; ``None`` if no object can have it."""
        if not url.startswith(self._folder) or "?" in url:
            return None
        path = unquote(url.removeprefix(self._folder))
        try:
            quote_object_key(path)
        except InvalidURL:
            return None
        return path

    def _read(self) -> str:
        with self._distribution.storage.open(self._name) as playlist:
            data = playlist.read(MAX_CHARACTERS + 1)
        if len(data) > MAX_CHARACTERS:
            raise InvalidPlaylist(f"The playlist has more than {MAX_CHARACTERS:,} bytes.")
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidPlaylist("The playlist isn't UTF-8 text.") from error
