"""Admit a person to a page of an asset, and log refusals."""

from __future__ import annotations

from datetime import datetime

from django.db import router, transaction

from cf_protected import conf, signals
from cf_protected.access import Decision
from cf_protected.download_log import log_download
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.services.authorization import authorize
from cf_protected.services.terms import DownloadRequest, make_request
from cf_protected.viewer import Viewer


def admit(
    asker: Person | User,
    asset: Asset,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
) -> Decision:
    """Return the authoriser's answer about a page of ``asset``, and log a refusal.

    Support then sees what the buyer saw. Sends ``download_refused``.
    """
    request = make_request(asker, viewer=viewer, now=now)
    decision = authorize(request.person, asset, now=request.now)
    if not decision.allowed:
        log_refusal(request, asset, None, decision)
    return decision


def admit_nowhere(asker: Person | User, *, viewer: Viewer | None = None, log: bool = True) -> None:
    """Do what ``admit`` does, for a page that doesn't exist, and leave no trace.

    Without ``log`` do what ``authorize`` does. So the time of an answer doesn't show which assets
    exist.
    """
    request = make_request(asker, viewer=viewer)
    if not request.person.is_known:
        return
    nothing, refusal = Asset(pk=-1), Decision(False, Reason.NO_GRANT)  # MariaDB refuses a 0
    list(Grant.objects.held_by(request.person).filter(asset=nothing))
    if log and not _was_logged(request, nothing, None, refusal):
        with transaction.atomic(using=_database()):
            _log(request, nothing, None, refusal)
            transaction.set_rollback(True, using=_database())


def log_refusal(
    request: DownloadRequest, asset: Asset, file: AssetFile | None, decision: Decision
) -> None:
    """Log a refusal and send its signal; ``file`` is ``None`` for a page of the asset.

    The same refusal is logged once in ``REPEAT_WINDOW``. Two kinds never are: strangers, who go
    on to the login page, and requests before a release, which will come again.
    """
    if not request.person.is_known or decision.reason == Reason.NOT_RELEASED:
        return
    if _was_logged(request, asset, file, decision):
        return
    with transaction.atomic(using=_database()):
        refusal = _log(request, asset, file, decision)
        signals.download_refused.send(Download, download=refusal)


def _was_logged(
    request: DownloadRequest, asset: Asset, file: AssetFile | None, decision: Decision
) -> bool:
    window = conf.current().repeat_window
    if not window:
        return False
    rows = Download.objects.using(_database()).refused().of(request.person)
    same = rows.filter(asset=asset.pk, file=file, reason=decision.reason[:50])
    # A row far ahead is from a clock that was wrong.
    recent = same.filter(requested_at__gt=request.now - window)
    return recent.filter(requested_at__lte=request.now + window).exists()


def _log(
    request: DownloadRequest, asset: Asset, file: AssetFile | None, decision: Decision
) -> Download:
    return log_download(
        request.person,
        asset,
        file,
        decision,
        request.viewer,
        now=request.now,
        url_expires_at=None,
    )


def _database() -> str:
    return router.db_for_write(Download)
