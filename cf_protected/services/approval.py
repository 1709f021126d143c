"""Ask the authoriser. If it allows a download, make the ``Approval`` that signatures need."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import InitVar, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router

from cf_protected.access import (
    Decision,
    DownloadRefused,
    Holding,
    decide_trial,
    get_authorizer,
)
from cf_protected.conf import DistributionSettings
from cf_protected.distributions import Distribution, distributions
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.moments import after
from cf_protected.reasons import Reason
from cf_protected.services.terms import (
    DownloadRequest,
    Terms,
    agree_on_terms,
    grant_end,
    starts,
)
from cf_protected.services.uses import (
    LastUse,
    RepeatWindow,
    UseKey,
    last_use,
    repeat_window,
    use_key,
)


class _Seal:
    """Marks an approval as made by this module."""


_SEAL: Final = _Seal()

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Approval:
    """The authoriser's yes to one file for one request, on terms that can be signed.

    ``use`` is what it counts on, and ``last_use`` what was counted there last. If that is in
    ``window``, it is a repeat. Every signature needs an approval, and only ``Approver`` makes
    approvals.
    """

    request: DownloadRequest
    file: AssetFile
    decision: Decision
    distribution: Distribution
    terms: Terms
    use: UseKey | None
    last_use: LastUse | None
    window: RepeatWindow | None
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("Only services.approval.Approver makes approvals.")

    @property
    def is_counted(self) -> bool:
        """Whether the download counts against a limit."""
        return self.decision.is_counted

    @property
    def is_repeat(self) -> bool:
        """Whether it only repeats a download, which was counted."""
        return self.window is not None and self.last_use in self.window

    @property
    def needs_confirmation(self) -> bool:
        """Whether it uses up a download of a guest, whose links others may open too."""
        return self.request.person.guest is not None and self.is_counted and not self.is_repeat


class Approver:
    """Asks the authoriser for one request, once for each asset. For a trial, the rule for staff.

    It is asked a second time where the grant that it chose ends too soon, and where another
    one was used for the same file a moment ago. The person's grants are read in one query:
    those for ``assets`` and for the assets of ``files``, or else all of them. Only ``files``
    can be approved as repeats.
    """

    def __init__(
        self,
        request: DownloadRequest,
        *,
        assets: Collection[Asset] | None = None,
        files: Collection[AssetFile] = (),
    ) -> None:
        self.request = request
        self._authorizer = decide_trial if request.trial else get_authorizer()
        self._assets = {file.asset for file in files} if files else assets
        self._files = files
        self._grants: dict[int, list[Grant]] | None = None
        self._last_uses: dict[UseKey, LastUse | None] = {}
        self._decisions: dict[tuple[int, tuple[int, ...]], Decision] = {}
        self._distributions: dict[str, Distribution] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Templates keep an access on the user, and a user may be pickled. A distribution has
        # locks and a key source, and can be looked up again.
        return vars(self) | {"_distributions": {}}

    def decide(self, asset: Asset) -> Decision:
        """Return the authoriser's answer about ``asset``."""
        return self._decide(asset, self._grants_by_asset().get(asset.pk, []))

    def holding(self, asset: Asset) -> Holding | None:
        """Return what all the person's grants for ``asset`` amount to; ``None`` after a no."""
        decision = self.decide(asset)
        if not decision.allowed or decision.grant is None:
            return None
        held = self._grants_by_asset().get(asset.pk, [])
        grants = held if decision.grant in held else [decision.grant]
        return Holding.of(grants, self.request.now)

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
        # Trials are counted nowhere, and each is logged.
        window = None if self.request.trial else repeat_window(self.request, file, settings)
        repeated = self._repeated(decision, file, window)
        decision = repeated or decision
        if not decision.allowed:
            raise DownloadRefused(decision, file.asset)
        decision = self._lasting(decision, file.asset, settings, is_repeat=repeated is not None)
        terms = agree_on_terms(self.request, file, decision, settings)
        trial = self.request.trial
        use = None if trial else use_key(decision.grant, self.request.person, file)
        last = self._last_use(use)
        return Approval(self.request, file, decision, distribution, terms, use, last, window, _SEAL)

    def _decide(self, asset: Asset, grants: list[Grant]) -> Decision:
        key = asset.pk, tuple(grant.pk for grant in grants)
        if key not in self._decisions:
            request = self.request
            self._decisions[key] = self._authorizer(request.person, asset, grants, request.now)
        return self._decisions[key]

    def _repeated(
        self, decision: Decision, file: AssetFile, window: RepeatWindow | None
    ) -> Decision | None:
        """Return the yes for the grant whose last download of ``file`` this repeats, if any.

        Two grants of one asset don't make two downloads of a double click.
        """
        if self._repeats(decision.grant, file, window):
            return replace(decision, allowed=True)
        for grant in self._grants_by_asset().get(file.asset_id, []):
            if grant != decision.grant and self._repeats(grant, file, window):
                other = self._decide(file.asset, [grant])
                # An authoriser may answer for another grant, and its no to that one stands.
                used_up = other.grant == grant and other.reason == Reason.LIMIT_REACHED
                if other.allowed or used_up:
                    return replace(other, allowed=True)
        return None

    def _repeats(self, grant: Grant | None, file: AssetFile, window: RepeatWindow | None) -> bool:
        if window is None:
            return False
        return self._last_use(use_key(grant, self.request.person, file)) in window

    def _lasting(
        self, decision: Decision, asset: Asset, settings: DistributionSettings, *, is_repeat: bool
    ) -> Decision:
        """Return the yes for a grant that outlasts a signature, if ``decision``'s doesn't.

        Otherwise a grant that ends in a moment, or before the asset's release, would hide
        another one that lasts. A repeat uses up no other grant's download, as long as
        something can be signed for its own.
        """
        end, start = grant_end(decision), starts(self.request, asset) or self.request.now
        for needed, counts in (
            (after(start, settings.url_lifetime), not is_repeat),
            (after(start, _SECOND), True),
        ):
            if end is None or end >= needed:
                return decision
            other = self._decide_until(needed, asset)
            if other and other.allowed and (counts or not other.is_counted):
                return other
        return decision

    def _decide_until(self, needed: datetime, asset: Asset) -> Decision | None:
        """Return the answer on those grants that last until ``needed``, if there are any."""
        held = self._grants_by_asset().get(asset.pk, [])
        lasting = [one for one in held if one.expires_at is None or one.expires_at >= needed]
        return self._decide(asset, lasting) if lasting else None

    def _last_use(self, key: UseKey | None) -> LastUse | None:
        if key is None or not self._files:
            return None
        if key not in self._last_uses:  # an authoriser's own choice of a grant, or none
            self._last_uses[key] = last_use(key)
        return self._last_uses[key]

    def _distribution(self, alias: str) -> Distribution:
        if alias not in self._distributions:
            self._distributions[alias] = distributions[alias]
        return self._distributions[alias]

    def _grants_by_asset(self) -> dict[int, list[Grant]]:
        if self._grants is None:
            self._grants = {}
            if self.request.trial:
                return self._grants
            held = Grant.objects.held_by(self.request.person).select_related("purchase")
            if self._assets is not None:
                held = held.filter(asset__in=self._assets)
            for grant in self._with_uses(held) if self._files else held:
                self._grants.setdefault(grant.asset_id, []).append(grant)
        return self._grants

    def _with_uses(self, held: GrantQuerySet) -> Iterable[Grant]:
        """Return the grants, and keep when each of the files was last used on them."""
        grants: dict[int, Grant] = {}
        row: Any  # a grant with the annotations
        # From where they are written: a replica may not know of a revocation or a use yet.
        for row in held.using(router.db_for_write(Grant)).with_uses_of(self._files):
            grants[row.pk] = row
            if row.used_file_id is not None:
                key = UseKey(row.pk, None, row.used_file_id)
                self._last_uses[key] = LastUse(row.last_used_at, row.last_proof)
        for grant in grants.values():
            for file in self._files:
                self._last_uses.setdefault(UseKey(grant.pk, None, file.pk), None)
        return grants.values()
