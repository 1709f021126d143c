"""Make and read the tokens that players without cookies send in place of a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from cf_protected.distributions import distributions
from cf_protected.models import AssetFile
from cf_protected.person import Person, User
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.terms import make_request, viewer_network
from cf_protected.viewer import Viewer, plain_address

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
    beyond the grant or the account's password.

    Raises ``DownloadRefused``, also before the asset's release.
    """
    request = make_request(asker, viewer=viewer, ahead=False, now=now)
    approval = Approver(request, files=[file]).approve(file)
    expires_at = token_expiry(approval, request.now)
    token = make_playlist_token(request.person, file, expires_at=expires_at, viewer=viewer)
    return PlaylistToken(token, expires_at)


def token_expiry(approval: Approval, now: datetime) -> datetime:
    """Return when a token expires: as a signature made now would, or earlier with the grant."""
    expires_at = now + approval.terms.lifetime
    return min(expires_at, approval.terms.ends_at or expires_at)


def make_playlist_token(
    asker: Person | User,
    file: AssetFile,
    *,
    expires_at: datetime,
    viewer: Viewer | None = None,
) -> str:
    """Return a token for ``file`` until ``expires_at``, without asking the authoriser.

    It opens nothing by itself: the authoriser is asked about its person at each use. If the
    asset is bound to addresses, the token works only in the network of ``viewer``. Otherwise a
    phone may hand it to a television.

    Raises ``ValueError`` if the asset is bound and the viewer's address is unknown.
    """
    person = Person.of(asker)
    content = {
        "user": str(person.account_id) if person.is_known else "",
        "auth": next(_fingerprints(person.account), ""),
        "file": str(file.uuid),
        "net": _network(file, viewer or Viewer()) if file.asset.bind_to_ip else "",
        "exp": expires_at.timestamp(),
    }
    return signing.dumps(content, salt=_SALT, compress=True)


def read_playlist_token(
    token: str,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
) -> Person | None:
    """Return the token's person; ``None`` unless it is genuine, current and made for ``file``.

    Return ``None`` where the person's sessions have also ended: for an inactive account, and
    after a change of its password. Return ``None`` for a ``viewer`` outside the network that
    the token is bound to.
    """
    now = now or timezone.now()
    try:
        content = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    if content["file"] != str(file.uuid) or content["exp"] <= now.timestamp():
        return None
    if file.asset.bind_to_ip and not _is_inside(content["net"], viewer or Viewer()):
        return None
    return _person(content) if content["user"] else Person()


def _person(content: dict[str, str]) -> Person | None:
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    user = users.filter(pk=content["user"]).first()
    if user is None or not user.is_active:
        return None
    known = any(constant_time_compare(content["auth"], one) for one in _fingerprints(user))
    return Person.of(user) if known or not content["auth"] else None


def _fingerprints(account: Any) -> Iterator[str]:
    """Yield what stands for the account's password, as in its sessions: the newest first.

    Source: https://docs.djangoproject.com/en/stable/topics/auth/default/#session-invalidation-on-password-change
    """
    if not hasattr(account, "get_session_auth_hash"):
        return  # a user model of its own kind
    hashes = account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()
    for session_hash in hashes:
        yield sha256(session_hash.encode()).hexdigest()[:32]


def _network(file: AssetFile, viewer: Viewer) -> str:
    network = viewer_network(viewer, distributions[file.asset.distribution].settings)
    if network is None:
        raise ValueError(
            f"The asset {file.asset.slug!r} is bound to addresses: pass the request's viewer."
        )
    return str(network)


def _is_inside(network: str, viewer: Viewer) -> bool:
    """Return whether the viewer is in ``network``: "" in a token older than the binding."""
    address = plain_address(viewer.ip_address)
    return bool(network) and address is not None and address in ip_network(network)
