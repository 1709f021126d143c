"""Make and read the tokens that players without cookies send in place of a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_network
from typing import Any, Final, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import router
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from cf_protected.distributions import distributions
from cf_protected.models import AssetFile, Mailbox
from cf_protected.person import Guest, Person, User
from cf_protected.services.approval import Approval
from cf_protected.services.terms import viewer_network
from cf_protected.viewer import Viewer, plain_address

_SALT: Final = "cf_protected.playlist"


class PlaylistToken(NamedTuple):
    """A token that opens a folder's playlist until ``expires_at``."""

    token: str
    expires_at: datetime


def token_expiry(approval: Approval, now: datetime) -> datetime:
    """Return when a token expires: as a signature made now would, or with the grant or the proof.

    A guest's proof may end before either.
    """
    guest = approval.request.person.guest
    ends = [approval.terms.ends_at, None if guest is None else guest.until]
    return min([now + approval.terms.lifetime, *(end for end in ends if end is not None)])


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
    phone may hand it to a television. A guest's ends with their proof and with their mailbox's
    generation, and never opens another purchase.

    Raises ``ValueError`` if the asset is bound and the viewer's address is unknown.
    """
    person = Person.of(asker)
    if person.guest is not None and person.guest.until is not None:
        expires_at = min(expires_at, person.guest.until)
    content = {
        **_named(person),
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

    Return ``None`` where the person's sessions have also ended: for an inactive account, after
    a change of its password, and after a guest's mailbox got another generation. Return ``None``
    for a ``viewer`` outside the network that the token is bound to.
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
    if "mailbox" in content:
        return _guest(content)
    return _account(content) if content["user"] else Person()


def _named(person: Person) -> dict[str, Any]:
    """Return what names the person in a token. A guest's address isn't in it."""
    guest = person.guest
    if guest is None:
        named = "" if person.account_id is None else str(person.account_id)
        return {"user": named, "auth": next(_fingerprints(person.account), "")}
    return {
        "mailbox": guest.mailbox_id,
        "generation": _generation(guest),
        "purchase": guest.purchase_id,
        "proof": guest.proof,
    }


def _generation(guest: Guest) -> int | None:
    if guest.generation is not None:
        return guest.generation
    return _mailboxes(pk=guest.mailbox_id).values_list("generation", flat=True).first()


def _mailboxes(**known: Any) -> QuerySet[Mailbox]:
    # A replica may not know of a higher generation yet.
    return Mailbox.objects.using(router.db_for_write(Mailbox)).filter(**known)


def _guest(content: dict[str, Any]) -> Person | None:
    mailbox = _mailboxes(pk=content["mailbox"], generation=content["generation"])
    email = mailbox.values_list("email", flat=True).first()
    if not email:
        return None
    return Person(
        guest=Guest(
            email,
            content["mailbox"],
            content["purchase"],
            content["proof"],
            content["generation"],
            datetime.fromtimestamp(content["exp"], UTC),
        )
    )


def _account(content: dict[str, Any]) -> Person | None:
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
