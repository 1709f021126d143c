"""The use cases: grant, revoke, claim, authorize, issue a URL.

The only place where models meet signers. Every signature for a person is made here, by
``Access.signed_url`` or ``issue_url``, and both ask the authoriser first.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from cf_protected import conf, signals
from cf_protected.access import Decision, DownloadRefused, User, get_authorizer
from cf_protected.distributions import SignedURL, distributions
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.querysets import DownloadQuerySet, GrantQuerySet
from cf_protected.reasons import Reason


@dataclass(frozen=True)
class Viewer:
    """Where a request comes from, for the download log."""

    ip_address: str | None = None
    user_agent: str = ""


@dataclass(frozen=True)
class IssuedURL:
    """A signed URL that was handed out.

    ``download`` is its row in the log, and ``None`` where the request repeated an
    earlier one inside ``REPEAT_WINDOW`` and so was the same download.
    """

    url: str
    expires_at: datetime
    decision: Decision
    download: Download | None


def grant(
    asset: Asset,
    user: Any = None,
    *,
    email: str = "",
    source: str = "manual",
    reference: str | None = None,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    max_downloads: int | None = None,
    granted_by: Any = None,
) -> Grant:
    """Give ``asset`` to ``user``, or to ``email`` until the buyer has an account.

    With a ``reference`` it is safe to repeat: the grant that exists is returned as it
    is, even if it was revoked since. Sends ``grant_created`` for a new one.

    Raises ``GrantConflict`` if the reference was granted to somebody else, and
    ``ValueError`` if neither or both of ``user`` and ``email`` are given.
    """
    if (user is None) == (not email):
        raise ValueError("Grant to a user or to an e-mail address, not to both or neither.")
    holder = {"user": user, "email": email.lower()}
    terms = {
        "starts_at": starts_at or timezone.now(),
        "expires_at": expires_at,
        "max_downloads": max_downloads,
        "granted_by": granted_by,
    }
    if not reference:
        made, created = Grant.objects.create(asset=asset, source=source, **holder, **terms), True
    else:
        made, created = Grant.objects.get_or_create(
            asset=asset, source=source, reference=reference, defaults=holder | terms
        )
    if not created and not _is_held_by(made, **holder):
        raise GrantConflict(
            f"{source!r} {reference!r} was already granted to somebody else (grant {made.pk}); "
            "give each order line its own reference."
        )
    if created:
        signals.grant_created.send(Grant, grant=made)
    return made


def _is_held_by(existing: Grant, *, user: Any, email: str) -> bool:
    return existing.user_id == user.pk if user is not None else existing.email == email


def revoke(
    source: str,
    reference: str,
    *,
    asset: Asset | None = None,
    reason: str = "",
    now: datetime | None = None,
) -> list[Grant]:
    """Take back what this reference granted, all of it or one ``asset`` of it.

    Safe to repeat; returns the grants that it did revoke. See ``revoke_grants``.
    """
    grants = Grant.objects.filter(source=source, reference=reference)
    if asset is not None:
        grants = grants.for_asset(asset)
    return revoke_grants(grants, reason=reason, now=now)


def revoke_grants(
    grants: GrantQuerySet, *, reason: str = "", now: datetime | None = None
) -> list[Grant]:
    """Take back those of ``grants`` that weren't revoked before, and return them.

    Nothing new is signed for them from now on. A URL that was signed already works
    until it expires. Sends ``grant_revoked`` for each.
    """
    revoked = []
    for one in grants.filter(revoked_at__isnull=True).select_related("asset", "user"):
        one.revoked_at, one.revoked_reason = now or timezone.now(), reason
        changed = Grant.objects.filter(pk=one.pk, revoked_at__isnull=True).update(
            revoked_at=one.revoked_at, revoked_reason=one.revoked_reason
        )
        if changed:
            revoked.append(one)
            signals.grant_revoked.send(Grant, grant=one)
    return revoked


def claim(user: Any, email: str) -> int:
    """Hand the grants that were made for ``email`` to ``user``; returns how many.

    Call it only once the address is known to be the user's, for example after they
    followed a confirmation link: whoever claims an address gets what was bought with it.
    """
    return Grant.objects.filter(user__isnull=True, email=email.lower()).update(user=user)


class Access:
    """What one user may download, decided from one query however many files are asked for.

    For one page or request; ``now`` replaces the clock.
    """

    def __init__(self, user: User, *, now: datetime | None = None) -> None:
        self.user = user
        self.now = now or timezone.now()
        self._authorizer = get_authorizer()
        self._grants: dict[int, list[Grant]] | None = None
        self._decisions: dict[int, Decision] = {}

    def decide(self, asset: Asset) -> Decision:
        """The authoriser's answer about ``asset``."""
        if asset.pk not in self._decisions:
            grants = self._grants_by_asset().get(asset.pk, [])
            self._decisions[asset.pk] = self._authorizer(self.user, asset, grants, self.now)
        return self._decisions[asset.pk]

    def signed_url(self, file: AssetFile) -> str | None:
        """A signed URL that isn't counted and leaves no row in the log.

        ``None`` if the user may not have the file, or only a counted number of times.
        """
        decision = self.decide(file.asset)
        if not decision.allowed or _is_limited(decision):
            return None
        return _sign(file, decision).url

    def _grants_by_asset(self) -> dict[int, list[Grant]]:
        if self._grants is None:
            self._grants = {}
            for held in Grant.objects.for_user(self.user):
                self._grants.setdefault(held.asset_id, []).append(held)
        return self._grants


def authorize(user: User, asset: Asset, *, now: datetime | None = None) -> Decision:
    """Ask the authoriser whether ``user`` may have ``asset``, without any effect."""
    now = now or timezone.now()
    grants = Grant.objects.for_user(user).for_asset(asset)
    return get_authorizer()(user, asset, grants, now)


def authorize_download(user: User, file: AssetFile, *, now: datetime | None = None) -> Decision:
    """``authorize`` for one file: the grant's last download may still be repeated."""
    now = now or timezone.now()
    decision = authorize(user, file.asset, now=now)
    if decision.reason == Reason.LIMIT_REACHED and _repeats(user, file, now).exists():
        return replace(decision, allowed=True)
    return decision


def issue_url(
    user: User, file: AssetFile, *, viewer: Viewer | None = None, now: datetime | None = None
) -> IssuedURL:
    """Sign a URL for ``file``, count it on the grant, and write it into the log.

    The same person's next request for the same file inside ``REPEAT_WINDOW`` is the same
    download: it is signed again, and neither counted nor logged.

    Raises ``DownloadRefused``, after the refusal was logged; ``KeySourceError``,
    ``UnusableKey`` and ``SigningError`` if no signature can be made, and then nothing is
    counted. Sends ``download_issued`` or ``download_refused``.
    """
    now, viewer = now or timezone.now(), viewer or Viewer()
    decision = authorize_download(user, file, now=now)
    if decision.allowed:
        issued = _take(user, file, decision, viewer, now)
        if issued is not None:
            return issued
        decision = _lost(decision, now)
    refusal = _logged(user, file, decision, viewer, now, outcome=Download.Outcome.REFUSED)
    signals.download_refused.send(Download, download=refusal)
    raise DownloadRefused(decision)


def _take(
    user: User, file: AssetFile, decision: Decision, viewer: Viewer, now: datetime
) -> IssuedURL | None:
    """Sign, count and log one download, or sign a repeat; ``None`` if none was left."""
    signed = _sign(file, decision)
    with transaction.atomic(using=router.db_for_write(Download)):
        # Counting comes first: its UPDATE locks the grant, so that what is read next is
        # what the requests before this one wrote.
        held = decision.grant
        counted = held is None or Grant.objects.filter(pk=held.pk).take_download()
        if _repeats(user, file, now).exists():
            transaction.set_rollback(True, using=router.db_for_write(Download))
            return IssuedURL(signed.url, signed.expires_at, decision, None)
        if not counted:
            return None
        download = _logged(
            user, file, decision, viewer, now, outcome=Download.Outcome.ISSUED, signed=signed
        )
    signals.download_issued.send(Download, download=download)
    return IssuedURL(signed.url, signed.expires_at, decision, download)


def _repeats(user: User, file: AssetFile, now: datetime) -> DownloadQuerySet:
    """Downloads that a request now would only repeat, read where they are written.

    Those on a grant that was revoked since aren't among them.
    """
    window = conf.current().repeat_window
    downloads = Download.objects.using(router.db_for_write(Download))
    if not window or not user.is_authenticated:
        return downloads.none()  # strangers can't be told apart
    since = now - window
    return downloads.of(user, file, since=since).filter(grant__revoked_at__isnull=True)


def _lost(decision: Decision, now: datetime) -> Decision:
    """The refusal for a grant that another request used up or revoked in the meantime."""
    grant = decision.grant
    assert grant is not None  # noqa: S101 - without a grant nothing can be lost
    grant.refresh_from_db(using=router.db_for_write(Grant))
    revoked = grant.state_at(now) is Grant.State.REVOKED
    return Decision(False, Reason.REVOKED if revoked else Reason.LIMIT_REACHED, grant)


def _is_limited(decision: Decision) -> bool:
    return decision.grant is not None and decision.grant.max_downloads is not None


def _sign(file: AssetFile, decision: Decision) -> SignedURL:
    """The one signature for a person. Raises ``DownloadRefused`` without a yes before it."""
    if not decision.allowed:
        raise DownloadRefused(decision)
    distribution = distributions[file.asset.distribution]
    return distribution.sign(distribution.url(file.key, download_name=file.file_name))


def _logged(
    user: User,
    file: AssetFile,
    decision: Decision,
    viewer: Viewer,
    now: datetime,
    *,
    outcome: Download.Outcome,
    signed: SignedURL | None = None,
) -> Download:
    return Download.objects.create(
        file=file,
        grant=decision.grant,
        user_id=user.pk,
        asset_title=file.asset.title,
        file_name=file.file_name,
        requested_at=now,
        ip_address=_ip_to_log(viewer.ip_address),
        user_agent=viewer.user_agent[:255],
        outcome=outcome,
        reason=decision.reason,
        url_expires_at=signed.expires_at if signed else None,
    )


def _ip_to_log(ip_address: str | None) -> str | None:
    """The address as ``LOG_IP_ADDRESSES`` has it: whole, without its last part, or none."""
    rule = conf.current().log_ip_addresses
    if not ip_address or rule == "drop":
        return None
    try:
        address = ipaddress.ip_address(ip_address.partition("%")[0])
    except ValueError:
        return None  # such as a socket's path: no reason to turn the buyer away
    address = getattr(address, "ipv4_mapped", None) or address
    if rule == "keep":
        return str(address)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
