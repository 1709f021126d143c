"""Make and read the tokens that players without cookies send in place of a session."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.utils import timezone

from cf_protected.access import Decision
from cf_protected.distributions import distributions
from cf_protected.models import AssetFile
from cf_protected.person import Person, User
from cf_protected.services.approval import Approver
from cf_protected.services.terms import grant_end, lifetime, make_request
from cf_protected.viewer import Viewer

_SALT: Final = "cf_protected.playlist"


class PlaylistToken(NamedTuple):
    """A token that opens a folder's playlist until ``expires_at``."""

    token: str
    expires_at: datetime


def issue_playlist_token(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
) -> PlaylistToken:
    """Return a token for ``file`` to a person who may open its playlist now.

    Nothing is counted or logged: the token isn't a signature, and each of its uses is
    authorised, counted and logged. It lives as long as a signature for ``file``, but not
    beyond the grant.

    Raises ``DownloadRefused``, also before the asset's release.
    """
    request = make_request(asker, viewer=viewer, ahead=False, now=now)
    approval = Approver(request, assets=[file.asset]).approve(file)
    expires_at = token_expiry(approval.decision, file, request.now)
    token = make_playlist_token(request.person, file, expires_at=expires_at)
    return PlaylistToken(token, expires_at)


def token_expiry(decision: Decision, file: AssetFile, now: datetime) -> datetime:
    """Return when a token expires: as a signature made now would, or earlier with the grant."""
    expires_at = now + lifetime(file, distributions[file.asset.distribution].settings)
    return min(expires_at, grant_end(decision) or expires_at)


def make_playlist_token(asker: Person | User, file: AssetFile, *, expires_at: datetime) -> str:
    """Return a token for ``file`` until ``expires_at``, without asking the authoriser.

    It opens nothing by itself: the authoriser is asked about its person at each use.
    """
    person = Person.of(asker)
    content = {
        "user": str(person.account_id) if person.is_known else "",
        "file": str(file.uuid),
        "exp": expires_at.timestamp(),
    }
    return signing.dumps(content, salt=_SALT, compress=True)


def read_playlist_token(
    token: str, file: AssetFile, *, now: datetime | None = None
) -> Person | None:
    """Return the token's person; ``None`` unless it is genuine, current and made for ``file``.

    Return ``None`` for an inactive account too: its sessions have also ended.
    """
    now = now or timezone.now()
    try:
        content = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    if content["file"] != str(file.uuid) or content["exp"] <= now.timestamp():
        return None
    if not content["user"]:
        return Person()
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    user = users.filter(pk=content["user"]).first()
    return Person.of(user) if user is not None and user.is_active else None
