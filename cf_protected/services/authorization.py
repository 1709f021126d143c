"""Ask the authoriser about an asset, a file or a whole page, without counting or logging."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from cf_protected.access import Decision, DownloadRefused, Holding, unreleased
from cf_protected.models import Asset, AssetFile
from cf_protected.person import Person, User
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.playlist_tokens import make_playlist_token, token_expiry
from cf_protected.services.signing import sign_url
from cf_protected.services.terms import make_request, too_early
from cf_protected.viewer import Viewer


def authorize(
    asker: Person | User, asset: Asset, *, ahead: bool = True, now: datetime | None = None
) -> Decision:
    """Return the authoriser's answer to whether ``asker`` may have ``asset``.

    Without ``ahead`` the answer before the asset's release is no.
    """
    return authorize_many(asker, [asset], ahead=ahead, now=now)[asset]


def authorize_many(
    asker: Person | User,
    assets: Collection[Asset],
    *,
    ahead: bool = True,
    now: datetime | None = None,
) -> dict[Asset, Decision]:
    """Return what ``authorize`` returns about each of ``assets``, with one query for all."""
    request = make_request(asker, ahead=ahead, now=now)
    approver = Approver(request, assets=assets)
    decisions = {asset: approver.decide(asset) for asset in assets}
    return {
        asset: unreleased(decision, asset) if too_early(request, asset, decision) else decision
        for asset, decision in decisions.items()
    }


def authorize_download(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    ahead: bool = True,
    now: datetime | None = None,
) -> Decision:
    """Return the decision that the ``issue_…`` functions would make about ``file`` now.

    A repeat of the grant's last download is allowed. Without ``ahead`` the answer before the
    asset's release is no.
    """
    request = make_request(asker, viewer=viewer, ahead=ahead, now=now)
    try:
        return Approver(request, files=[file]).approve(file).decision
    except DownloadRefused as refusal:
        return refusal.decision


class Access:
    """What one person may download, decided with one query for any number of files.

    Make one for each page or request of ``viewer``; ``now`` replaces the clock. Nothing is
    counted or logged, and nothing is handed out before an asset's release.
    """

    def __init__(
        self, asker: Person | User, *, viewer: Viewer | None = None, now: datetime | None = None
    ) -> None:
        self._approver = Approver(make_request(asker, viewer=viewer, ahead=False, now=now))

    @property
    def viewer(self) -> Viewer:
        """Where the request comes from, for signatures that are bound to an address."""
        return self._approver.request.viewer

    @viewer.setter
    def viewer(self, viewer: Viewer) -> None:
        self._approver.request = replace(self._approver.request, viewer=viewer)

    def decide(self, asset: Asset) -> Decision:
        """Return the authoriser's answer about ``asset``."""
        return self._approver.decide(asset)

    def holding(self, asset: Asset) -> Holding | None:
        """Return what the person has of ``asset`` over all of their grants, if they may have it."""
        return self._approver.holding(asset)

    def can_open(self, file: AssetFile) -> bool:
        """Return whether ``file`` can be signed without being counted."""
        return self._approval(file) is not None

    def signed_url(self, file: AssetFile) -> str | None:
        """Return a signed URL of ``file``.

        Return ``None`` for a folder, before the asset's release, if the person may not have the
        file, if their downloads of it are counted, and if the signature can't be bound to the
        viewer's address. Raises ``SigningError``, ``KeySourceError`` and ``UnusableKey``.
        """
        approval = None if file.is_prefix else self._approval(file)
        if approval is None:
            return None
        with suppress(DownloadRefused):  # the grant ended since
            return sign_url(approval).url
        return None

    def playlist_token(self, file: AssetFile) -> str | None:
        """Return a token for a folder's playlist. Each use of it is authorised and counted.

        Return ``None`` if the person may not have the folder, before the asset's release, for
        a file that isn't a folder with an entry, and if the asset is bound to addresses and
        the viewer's can't be. Also for a guest's download that would be counted: a page's links
        are opened by scanners too.
        """
        if not (file.is_prefix and file.entry and self.decide(file.asset).allowed):
            return None
        try:
            approval = self._approver.approve(file)
        except DownloadRefused:
            return None
        if approval.needs_confirmation:
            return None
        request = approval.request
        return make_playlist_token(
            request.person,
            file,
            expires_at=token_expiry(approval, request.now),
            viewer=request.viewer,
        )

    def _approval(self, file: AssetFile) -> Approval | None:
        if not self._approver.decide(file.asset).allowed:
            return None  # without looking for a download that this would repeat
        try:
            approval = self._approver.approve(file)
        except DownloadRefused:
            return None
        return None if approval.is_counted else approval
