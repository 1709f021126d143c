"""The use cases: grant, revoke, claim, authorize, issue a URL.

The only place where models meet signers. Every signature for a person is made here, by
``Access.signed_url`` or ``issue_url``, and both ask the authoriser first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from cf_protected import conf, signals
from cf_protected.access import Decision, DownloadRefused, User, get_authorizer
from cf_protected.distributions import SignedURL, distributions
from cf_protected.download_log import Viewer, log_download
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.querysets import DownloadQuerySet, GrantQuerySet
from cf_protected.reasons import Reason

__all__ = [
    "Access",
    "IssuedURL",
    "Viewer",
    "authorize",
    "authorize_download",
    "claim",
    "grant",
    "issue_url",
    "revoke",
    "revoke_grants",
]


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
    ``ValueError`` if neither or both of ``user`` and ``email`` are given, or if the grant
    would end before it starts.
    """
    if (user is None) == (not email):
        raise ValueError("Grant to a user or to an e-mail address, not to both or neither.")
    starts_at = starts_at or timezone.now()
    if expires_at is not None and expires_at <= starts_at:
        raise ValueError(f"The grant would end ({expires_at}) before it starts ({starts_at}).")
    holder = {"user": user, "email": email.lower()}
    terms = {
        "starts_at": starts_at,
        "expires_at": expires_at,
        "max_downloads": max_downloads,
        "granted_by": granted_by,
    }
    with transaction.atomic(using=router.db_for_write(Grant)):
        made, created = _make_once(asset, source, reference, holder | terms)
        if created:
            signals.grant_created.send(Grant, grant=made)
    if not created and not _is_held_by(made, **holder):
        raise GrantConflict(
            f"{source!r} {reference!r} was already granted to somebody else (grant {made.pk}); "
            "give each order line its own reference."
        )
    return made


def _make_once(
    asset: Asset, source: str, reference: str | None, fields: dict[str, Any]
) -> tuple[Grant, bool]:
    if not reference:
        return Grant.objects.create(asset=asset, source=source, **fields), True
    return Grant.objects.get_or_create(
        asset=asset, source=source, reference=reference, defaults=fields
    )


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
    database = router.db_for_write(Grant)
    with transaction.atomic(using=database):
        # Read where they are written: a replica may not have the latest yet.
        held = grants.using(database).filter(revoked_at__isnull=True)
        for one in held.select_related("asset", "user"):
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
        # Another request changed the grant in between, so the answer is another one too.
        decision = replace(decision, allowed=False, reason=Reason.LIMIT_REACHED)
        asked_again = authorize(user, file.asset, now=now)
        decision = decision if asked_again.allowed else asked_again
    with transaction.atomic(using=router.db_for_write(Download)):
        refusal = log_download(user, file, decision, viewer, now=now, url_expires_at=None)
        signals.download_refused.send(Download, download=refusal)
    raise DownloadRefused(decision)


def _take(
    user: User, file: AssetFile, decision: Decision, viewer: Viewer, now: datetime
) -> IssuedURL | None:
    """Sign, count and log one download, or sign a repeat; ``None`` if none was left."""
    url, expires_at = _sign(file, decision)
    with transaction.atomic(using=router.db_for_write(Download)):
        # Counting comes first: its UPDATE locks the grant, so that what is read next is
        # what the requests before this one wrote.
        held = decision.grant
        counted = held is None or Grant.objects.filter(pk=held.pk).take_download()
        if _repeats(user, file, now).exists():
            transaction.set_rollback(True, using=router.db_for_write(Download))
            return IssuedURL(url, expires_at, decision, None)
        if not counted:
            return None
        download = log_download(user, file, decision, viewer, now=now, url_expires_at=expires_at)
        signals.download_issued.send(Download, download=download)
    return IssuedURL(url, expires_at, decision, download)


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


def _is_limited(decision: Decision) -> bool:
    return decision.grant is not None and decision.grant.max_downloads is not None


def _sign(file: AssetFile, decision: Decision) -> SignedURL:
    """The one signature for a person. Raises ``DownloadRefused`` without a yes before it."""
    if not decision.allowed:
        raise DownloadRefused(decision)
    distribution = distributions[file.asset.distribution]
    return distribution.sign(distribution.url(file.key, download_name=file.file_name))
