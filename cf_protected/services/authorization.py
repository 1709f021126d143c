"""Ask the authoriser: about one asset, or about all that a page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import router
from django.utils import timezone

from cf_protected import conf
from cf_protected.access import Decision, User, get_authorizer
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.models.querysets import DownloadQuerySet
from cf_protected.reasons import Reason
from cf_protected.services.signing import Terms, lifetime, refine, sign_url
from cf_protected.viewer import Viewer


class Access:
    """What one user may download, decided from one query however many files are asked for.

    For one page or request of ``viewer``; ``now`` replaces the clock.
    """

    def __init__(
        self, user: User, *, viewer: Viewer | None = None, now: datetime | None = None
    ) -> None:
        self.user = user
        self.viewer = viewer or Viewer()
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

        ``None`` if the user may not have the file, or only a counted number of times,
        before the asset's release, for a folder, and for a viewer whom the signature can't
        be bound to.
        """
        if file.is_prefix or not file.asset.is_released_at(self.now) or not self.can_open(file):
            return None
        return sign_url(file, self.decide(file.asset), Terms(self.viewer), self.now).url

    def can_open(self, file: AssetFile) -> bool:
        """Whether a signature for ``file`` may be had, and isn't counted."""
        decision = refine(self.decide(file.asset), file, Terms(self.viewer), self.now)
        return decision.allowed and not is_limited(decision)

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


def authorize_download(
    user: User, file: AssetFile, *, viewer: Viewer | None = None, now: datetime | None = None
) -> Decision:
    """``authorize`` for one file and for the viewer that a signature may be bound to.

    The grant's last download may still be repeated.
    """
    return decide_download(user, file, Terms(viewer or Viewer()), now or timezone.now())


def decide_download(user: User, file: AssetFile, terms: Terms, now: datetime) -> Decision:
    """``authorize_download`` on further ``terms``."""
    decision = authorize(user, file.asset, now=now)
    if decision.reason == Reason.LIMIT_REACHED and repeats(user, file, now).exists():
        decision = replace(decision, allowed=True)
    return refine(decision, file, terms, now)


def repeats(user: User, file: AssetFile, now: datetime) -> DownloadQuerySet:
    """Downloads that a request now would only repeat, read where they are written.

    Those on a grant that was revoked since aren't among them. What lives longer than
    ``URL_LIFETIME``, since it takes long to fetch or to watch, may be repeated that much
    longer: a resumed download and a player's next playlist are still the same.
    """
    window = conf.current().repeat_window
    downloads = Download.objects.using(router.db_for_write(Download))
    if not window or not user.is_authenticated:
        return downloads.none()  # strangers can't be told apart
    settings = distributions[file.asset.distribution].settings
    since = now - window - (lifetime(file, settings) - settings.url_lifetime)
    return downloads.of(user, file, since=since).filter(grant__revoked_at__isnull=True)


def is_limited(decision: Decision) -> bool:
    """Whether downloads are counted, so that a signature must not go round the count."""
    return decision.grant is not None and decision.grant.max_downloads is not None
