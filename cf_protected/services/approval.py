"""Ask the authoriser. If it allows a download, make the ``Approval`` that signatures need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import InitVar, dataclass, replace
from typing import Any, Final

from cf_protected.access import Decision, DownloadRefused, get_authorizer
from cf_protected.conf import DistributionSettings
from cf_protected.distributions import Distribution, distributions
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.reasons import Reason
from cf_protected.services.repeats import repeated_by
from cf_protected.services.terms import (
    DownloadRequest,
    Terms,
    agree_on_terms,
    grant_end,
    starts,
)


class _Seal:
    """Marks an approval as made by this module."""


_SEAL: Final = _Seal()


@dataclass(frozen=True)
class Approval:
    """The authoriser's yes to one file for one request, on terms that can be signed.

    Every signature needs an approval, and only ``Approver`` makes approvals.
    """

    request: DownloadRequest
    file: AssetFile
    decision: Decision
    distribution: Distribution
    terms: Terms
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("Only services.approval.Approver makes approvals.")

    @property
    def is_counted(self) -> bool:
        """Whether the download counts against a limit."""
        return is_counted(self.decision)


class Approver:
    """Asks the authoriser for one request, once for each asset.

    It is asked a second time where the grant that it chose ends too soon. The person's grants
    are read in one query: those for ``assets``, or else all of them.
    """

    def __init__(
        self, request: DownloadRequest, *, assets: Collection[Asset] | None = None
    ) -> None:
        self.request = request
        self._authorizer = get_authorizer()
        self._assets = assets
        self._grants: dict[int, list[Grant]] | None = None
        self._decisions: dict[int, Decision] = {}
        self._lasting_decisions: dict[int, Decision] = {}
        self._distributions: dict[str, Distribution] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Templates keep an access on the user, and a user may be pickled. A distribution has
        # locks and a key source, and can be looked up again.
        return vars(self) | {"_distributions": {}}

    def decide(self, asset: Asset) -> Decision:
        """Return the authoriser's answer about ``asset``."""
        if asset.pk not in self._decisions:
            request, grants = self.request, self._grants_by_asset().get(asset.pk, [])
            self._decisions[asset.pk] = self._authorizer(request.person, asset, grants, request.now)
        return self._decisions[asset.pk]

    def approve(self, file: AssetFile) -> Approval:
        """Return the approval of ``file``.

        A repeat of the grant's last download is approved too, although none is left. Raises
        ``DownloadRefused``, which isn't logged here.
        """
        decision = self.decide(file.asset)
        if not decision.allowed and decision.reason != Reason.LIMIT_REACHED:
            raise DownloadRefused(decision, file.asset)
        distribution = self._distribution(file.asset.distribution)
        settings = distribution.settings
        if not decision.allowed:
            if not repeated_by(self.request, file, settings).exists():
                raise DownloadRefused(decision, file.asset)
            decision = replace(decision, allowed=True)
        decision = self._lasting(decision, file.asset, settings)
        terms = agree_on_terms(self.request, file, decision, settings)
        return Approval(self.request, file, decision, distribution, terms, _SEAL)

    def _lasting(
        self, decision: Decision, asset: Asset, settings: DistributionSettings
    ) -> Decision:
        """Return the yes for a grant that outlasts a signature, if ``decision``'s doesn't.

        Otherwise a grant that ends in a moment, or before the asset's release, would hide
        another one that lasts.
        """
        end, request = grant_end(decision), self.request
        if end is None:
            return decision
        needed = (starts(request, asset) or request.now) + settings.url_lifetime
        if end >= needed:
            return decision
        held = self._grants_by_asset().get(asset.pk, [])
        lasting = [one for one in held if one.expires_at is None or one.expires_at >= needed]
        if not lasting:
            return decision
        if asset.pk not in self._lasting_decisions:
            other = self._authorizer(request.person, asset, lasting, request.now)
            self._lasting_decisions[asset.pk] = other
        other = self._lasting_decisions[asset.pk]
        return other if other.allowed else decision

    def _distribution(self, alias: str) -> Distribution:
        if alias not in self._distributions:
            self._distributions[alias] = distributions[alias]
        return self._distributions[alias]

    def _grants_by_asset(self) -> dict[int, list[Grant]]:
        if self._grants is None:
            self._grants = {}
            held = Grant.objects.held_by(self.request.person)
            if self._assets is not None:
                held = held.filter(asset__in=self._assets)
            for grant in held:
                self._grants.setdefault(grant.asset_id, []).append(grant)
        return self._grants


def is_counted(decision: Decision) -> bool:
    """Return whether a download counts against a limit. Then it must not be signed uncounted."""
    return decision.grant is not None and decision.grant.max_downloads is not None
