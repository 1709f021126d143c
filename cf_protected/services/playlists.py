"""Issue an HLS playlist whose URIs are signed: for players that can't send cookies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cf_protected.access import Decision
from cf_protected.models import AssetFile, Download
from cf_protected.person import Person, User
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.downloads import Issued, count, issue
from cf_protected.services.playlist_sources import Link, PlaylistSource
from cf_protected.services.playlist_tokens import (
    PlaylistToken,
    make_playlist_token,
    token_expiry,
)
from cf_protected.services.signing import sign_query
from cf_protected.services.terms import make_request
from cf_protected.viewer import Viewer


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
    query: str = "",
    link: Link,
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    ahead: bool = True,
    confirmed: bool = True,
    now: datetime | None = None,
) -> IssuedPlaylist:
    """Read the folder's playlist ``path``, by default its entry, and sign every URI in it.

    One signature opens the whole folder, and each URI inside it carries that one. URIs of
    other playlists become what ``link`` returns for their path in the folder and the moment
    until which the link should work: those are rewritten in turn when a player asks for
    them. The query of such a URI, and what its playlist needs to import variables, is appended
    to the link; pass it as ``query``. Never pass a secret in it: a playlist may send its
    parameters anywhere. URIs outside the folder lead where they led from the distribution, as
    do those that can't name a playlist.

    It is counted and logged as in ``issue_url``, so a player's later playlists are repeats.

    Raises what ``issue_url`` raises; ``ValueError`` for a file that isn't a folder;
    ``InvalidURL`` for a ``path`` that leads out of the folder or that no URL can carry;
    ``InvalidPlaylist`` for an object that isn't a playlist; and what the storage raises
    (``distributions.STORAGE_ERRORS``).
    """
    if not file.is_prefix:
        raise ValueError(f"{file.key!r} isn't a folder; see issue_url.")
    request = make_request(
        asker, viewer=viewer, bind_to_ip=bind_to_ip, ahead=ahead, confirmed=confirmed, now=now
    )
    source = PlaylistSource(file, path or file.entry, query)

    def sign(approval: Approval) -> _SignedPlaylist:
        signature, expires_at = sign_query(approval)
        return _SignedPlaylist(source.rewritten(signature, expires_at, link), expires_at)

    issued = issue(request, file, sign)
    return IssuedPlaylist(
        issued.signed.text,
        issued.signed.expires_at,
        issued.approval.decision,
        issued.download,
    )


def issue_playlist_token(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
) -> PlaylistToken:
    """Return a token for ``file`` to a person who may open its playlist now.

    Nothing is logged: the token isn't a signature, and each of its uses is authorised, counted
    and logged. It lives as long as a signature for ``file``, but not beyond the grant, the
    account's password, or a guest's proof. A guest's limited download is counted and logged
    here, since a player can't confirm it. Its requests are then repeats.

    Raises ``DownloadRefused``, also before the asset's release.
    """
    request = make_request(asker, viewer=viewer, ahead=False, now=now)
    approval = Approver(request, files=[file]).approve(file)
    expires_at = token_expiry(approval, request.now)
    token = make_playlist_token(request.person, file, expires_at=expires_at, viewer=viewer)
    issued = PlaylistToken(token, expires_at)
    if approval.needs_confirmation:
        count([Issued(approval, issued)])
    return issued


class _SignedPlaylist(NamedTuple):
    text: str
    expires_at: datetime
