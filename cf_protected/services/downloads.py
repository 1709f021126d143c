"""Issue a signed URL, and count and log what was issued or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from django.db import router, transaction
from django.db.models import F

from cf_protected import signals
from cf_protected.access import Decision, DownloadRefused, DownloadUnconfirmed
from cf_protected.download_log import log_download
from cf_protected.models import AssetFile, Download, Grant
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.services import uses
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.authorization import authorize
from cf_protected.services.refusals import log_refusal
from cf_protected.services.signing import sign_url
from cf_protected.services.terms import DownloadRequest, make_request
from cf_protected.transactions import atomically
from cf_protected.viewer import Viewer


@dataclass(frozen=True)
class IssuedURL:
    """A signed URL that was handed out.

    It opens the file from ``starts_at`` on, or at once. ``download`` is its row in the log. It
    is ``None`` if the request repeated an earlier one inside ``REPEAT_WINDOW``: the two are one
    download.
    """

    url: str
    starts_at: datetime | None
    expires_at: datetime
    decision: Decision
    download: Download | None


def issue_url(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    date_greater_than: datetime | None = None,
    ahead: bool = True,
    confirmed: bool = True,
    now: datetime | None = None,
) -> IssuedURL:
    """Sign a URL for ``file``, count it on the grant, and write it into the log.

    The same person's next request for the same file inside ``REPEAT_WINDOW`` is the same
    download: it is signed again, and neither counted nor logged.

    ``bind_to_ip`` binds the URL to the viewer's IPv4 address, by default if the asset asks for
    that. The URL opens nothing before ``date_greater_than`` and the asset's
    ``available_from``. Without ``ahead`` it is refused before that release. Where a guest
    didn't press a button, pass ``confirmed=False``.

    Raises ``DownloadRefused``, after the refusal was logged; ``KeySourceError``,
    ``UnusableKey`` and ``SigningError`` if no signature can be made, and then nothing is
    counted; ``DownloadUnconfirmed`` if a guest's download would be counted unconfirmed; and
    ``ValueError`` for a folder. Sends ``download_issued`` or
    ``download_refused``. Strangers, and requests before a release, are refused without a
    row in the log.
    """
    request = make_request(
        asker,
        viewer=viewer,
        bind_to_ip=bind_to_ip,
        date_greater_than=date_greater_than,
        ahead=ahead,
        confirmed=confirmed,
        now=now,
    )
    return issue_url_for(request, file)


def issue_url_for(request: DownloadRequest, file: AssetFile) -> IssuedURL:
    """Do what ``issue_url`` does, for a request that was made. Raises what that raises."""
    if file.is_prefix:
        raise ValueError(f"{file.key!r} is a folder; see issue_cookies and issue_playlist.")
    issued = issue(request, file, sign_url)
    return IssuedURL(
        issued.signed.url,
        issued.approval.terms.starts_at,
        issued.signed.expires_at,
        issued.approval.decision,
        issued.download,
    )


class Signed(Protocol):
    """What a signing function returns."""

    @property
    def expires_at(self) -> datetime: ...


SignedType = TypeVar("SignedType", bound=Signed)


@dataclass(frozen=True)
class Issued(Generic[SignedType]):
    """One file's signature. ``download`` is ``None`` if it repeats an earlier one."""

    approval: Approval
    signed: SignedType
    download: Download | None = None


def issue(
    request: DownloadRequest, file: AssetFile, sign: Callable[[Approval], SignedType]
) -> Issued[SignedType]:
    """Authorise, sign, count and log ``file``, whatever form the signature has.

    ``sign`` is one of ``services.signing``. Raises what ``issue_url`` raises.
    """
    (approval,) = approve_all(request, [file])
    (issued,) = count([Issued(approval, sign_or_refuse(approval, sign))])
    return issued


def sign_or_refuse(approval: Approval, sign: Callable[[Approval], SignedType]) -> SignedType:
    """Return what ``sign`` returns.

    Raises ``DownloadRefused`` if the grant ended since the approval, after logging the refusal.
    """
    try:
        return sign(approval)
    except DownloadRefused as refusal:
        log_refusal(approval.request, approval.file.asset, approval.file, refusal.decision)
        raise


def approve_all(request: DownloadRequest, files: Iterable[AssetFile]) -> list[Approval]:
    """Return the approval of each of ``files``.

    Raises ``DownloadRefused`` for the first that is refused, after logging the refusal, and
    ``DownloadUnconfirmed``.
    """
    files = list(files)
    approver = Approver(request, files=files)
    return [_approve(approver, file) for file in files]


def _approve(approver: Approver, file: AssetFile) -> Approval:
    try:
        approval = approver.approve(file)
    except DownloadRefused as refusal:
        log_refusal(approver.request, file.asset, file, refusal.decision)
        raise
    if approval.needs_confirmation and not approver.request.confirmed:
        raise DownloadUnconfirmed(approval.decision, file.asset)
    return approval


def count(signed: Iterable[Issued[SignedType]]) -> list[Issued[SignedType]]:
    """Count and log what was ``signed``, all or none; nothing is written for repeats.

    Raises ``DownloadRefused`` if a grant has no download left, after logging the refusal.
    """
    signed = list(signed)
    # Grants are locked by primary key, here and in ``revoke_grants``, so that neither two
    # requests nor a request and a refund ever wait for each other.
    new = sorted((one for one in signed if not one.approval.is_repeat), key=_lock_order)
    if not new:
        return signed
    uses.prepare(
        one.approval.use
        for one in new
        if one.approval.use is not None
        and one.approval.use.grant_id is None
        and one.approval.last_use is None
    )
    try:
        taken = atomically(lambda: _take_all(new), using=_database())
    except _NoneLeftError as lost:
        raise _refusal_of(lost.approval) from lost
    return taken + [one for one in signed if one.approval.is_repeat]


def _lock_order(issued: Issued[SignedType]) -> tuple[int, int]:
    grant = issued.approval.decision.grant
    return 0 if grant is None else grant.pk, issued.approval.file.pk


class _NoneLeftError(Exception):
    """The grant's last download went to another request after the authoriser's yes."""

    def __init__(self, approval: Approval) -> None:
        super().__init__()
        self.approval = approval


def _take_all(new: list[Issued[SignedType]]) -> list[Issued[SignedType]]:
    # A single file needs no savepoint inside the transaction.
    return [_take(one, savepoint=len(new) > 1) for one in new]


def _take(issued: Issued[SignedType], *, savepoint: bool) -> Issued[SignedType]:
    """Count and log one download, or find that it is a repeat. Raises ``_NoneLeftError``."""
    approval = issued.approval
    with transaction.atomic(using=_database(), savepoint=savepoint):
        # The grant's UPDATE comes first: it locks the grant, and through it all of its uses.
        counted = _count_on(approval.decision.grant)
        if counted and _begins_use(approval):
            download = _log_issued(approval, issued.signed.expires_at)
            signals.download_issued.send(Download, download=download)
            return replace(issued, download=download)
        # Another request may have counted the same download a moment ago.
        is_repeat = counted or _is_used(approval)
        transaction.set_rollback(True, using=_database())
    if not is_repeat:
        raise _NoneLeftError(approval)
    return issued


def _log_issued(approval: Approval, url_expires_at: datetime) -> Download:
    return log_download(
        approval.request.person,
        approval.file.asset,
        approval.file,
        approval.decision,
        approval.request.viewer,
        now=approval.request.now,
        url_expires_at=url_expires_at,
    )


def _begins_use(approval: Approval) -> bool:
    use = approval.use
    if use is not None and use.grant_id is not None and approval.last_use is None:
        uses.prepare([use])
    return use is None or uses.begin(use, approval.request, approval.window)


def _is_used(approval: Approval) -> bool:
    return approval.use is not None and uses.is_current(approval.use, window=approval.window)


def _count_on(grant: Grant | None) -> bool:
    """Count one download on ``grant`` if it has one left. Return whether it had.

    One conditional UPDATE decides, so that two requests never share the last download.
    """
    if grant is None:
        return True
    left = Grant.objects.filter(pk=grant.pk).with_downloads_left()
    return left.update(downloads_used=F("downloads_used") + 1) == 1


def _refusal_of(approval: Approval) -> DownloadRefused:
    """Log that another request changed the grant meanwhile, and return the error to raise."""
    request, file = approval.request, approval.file
    decision = authorize(request.person, file.asset, now=request.now)
    if decision.allowed:
        decision = replace(approval.decision, allowed=False, reason=Reason.LIMIT_REACHED)
    log_refusal(request, file.asset, file, decision)
    return DownloadRefused(decision, file.asset)


def _database() -> str:
    return router.db_for_write(Download)
