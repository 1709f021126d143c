"""Issue a signed URL, and count and log what was issued or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from django.db import router, transaction
from django.utils import timezone

from cf_protected import signals
from cf_protected.access import Decision, DownloadRefused, User
from cf_protected.download_log import log_download
from cf_protected.models import AssetFile, Download, Grant
from cf_protected.reasons import Reason
from cf_protected.services.authorization import authorize, decide_download, repeats
from cf_protected.services.signing import Terms, sign_url
from cf_protected.viewer import Viewer


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


def issue_url(
    user: User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    date_greater_than: datetime | None = None,
    now: datetime | None = None,
) -> IssuedURL:
    """Sign a URL for ``file``, count it on the grant, and write it into the log.

    The same person's next request for the same file inside ``REPEAT_WINDOW`` is the same
    download: it is signed again, and neither counted nor logged.

    ``bind_to_ip`` binds the URL to the viewer's IPv4 address, by default if the asset says
    so; the URL opens nothing before ``date_greater_than`` and the asset's ``available_from``.

    Raises ``DownloadRefused``, after the refusal was logged; ``KeySourceError``,
    ``UnusableKey`` and ``SigningError`` if no signature can be made, and then nothing is
    counted; and ``ValueError`` for a folder. Sends ``download_issued`` or
    ``download_refused``.
    """
    if file.is_prefix:
        raise ValueError(f"{file.key!r} is a folder; see issue_cookies and issue_playlist.")
    now = now or timezone.now()
    terms = Terms(viewer or Viewer(), bind_to_ip, date_greater_than)
    (issued,) = issue(user, [file], terms, now, sign_url)
    return IssuedURL(issued.signed.url, issued.signed.expires_at, issued.decision, issued.download)


class Signed(Protocol):
    """What a signing function returns."""

    @property
    def expires_at(self) -> datetime: ...


SignedType = TypeVar("SignedType", bound=Signed)
Sign = Callable[[AssetFile, Decision, Terms, datetime], SignedType]


@dataclass(frozen=True)
class Issued(Generic[SignedType]):
    """One file's signature; without a row in the log if it repeats an earlier one."""

    file: AssetFile
    signed: SignedType
    decision: Decision
    download: Download | None = None


def issue(
    user: User,
    files: Iterable[AssetFile],
    terms: Terms,
    now: datetime,
    sign: Sign[SignedType],
) -> list[Issued[SignedType]]:
    """Authorise, sign, count and log ``files``, all or none, whatever form a signature has.

    ``sign`` is one of ``services.signing``. Raises as ``issue_url`` does.
    """
    approved = approve(user, files, terms, now)
    signed = [
        Issued(file, sign(file, decision, terms, now), decision) for file, decision in approved
    ]
    return count(user, signed, terms, now)


def approve(
    user: User, files: Iterable[AssetFile], terms: Terms, now: datetime
) -> list[tuple[AssetFile, Decision]]:
    """The authoriser's yes to each of ``files``, before anything is signed.

    Raises ``DownloadRefused`` for the first no, after it was logged.
    """
    approved = []
    for file in files:
        decision = decide_download(user, file, terms, now)
        if not decision.allowed:
            raise refused(user, file, decision, terms, now)
        approved.append((file, decision))
    return approved


def count(
    user: User, signed: list[Issued[SignedType]], terms: Terms, now: datetime
) -> list[Issued[SignedType]]:
    """Count and log what was ``signed``, all or none.

    Raises ``DownloadRefused`` if a grant has no download left, after that was logged.
    """
    # Grants are locked in one order, so that two requests never wait for each other.
    signed = sorted(signed, key=lambda one: one.file.asset_id)
    try:
        # One file has no need of a second transaction around its own.
        with transaction.atomic(using=_database()) if len(signed) > 1 else nullcontext():
            return [_take(user, one, terms, now) for one in signed]
    except _NoneLeft as lost:
        # Another request changed the grant in between, so the answer is another one too.
        decision = authorize(user, lost.file.asset, now=now)
        if decision.allowed:
            decision = replace(lost.decision, allowed=False, reason=Reason.LIMIT_REACHED)
        raise refused(user, lost.file, decision, terms, now) from lost


class _NoneLeft(Exception):
    """The grant's last download went to another request after the authoriser's yes."""

    def __init__(self, file: AssetFile, decision: Decision) -> None:
        super().__init__()
        self.file, self.decision = file, decision


def _take(
    user: User, issued: Issued[SignedType], terms: Terms, now: datetime
) -> Issued[SignedType]:
    """Count and log one download, or find that it is a repeat. Raises ``_NoneLeft``."""
    file, decision = issued.file, issued.decision
    with transaction.atomic(using=_database()):
        # Counting comes first: its UPDATE locks the grant, so that what is read next is
        # what the requests before this one wrote.
        held = decision.grant
        counted = held is None or Grant.objects.filter(pk=held.pk).take_download()
        if repeats(user, file, now).exists():
            transaction.set_rollback(True, using=_database())
            return issued
        if not counted:
            raise _NoneLeft(file, decision)
        expires_at = issued.signed.expires_at
        download = log_download(
            user, file, decision, terms.viewer, now=now, url_expires_at=expires_at
        )
        signals.download_issued.send(Download, download=download)
    return replace(issued, download=download)


def refused(
    user: User, file: AssetFile, decision: Decision, terms: Terms, now: datetime
) -> DownloadRefused:
    """Log a refusal, and return the error to raise."""
    with transaction.atomic(using=_database()):
        refusal = log_download(user, file, decision, terms.viewer, now=now, url_expires_at=None)
        signals.download_refused.send(Download, download=refusal)
    return DownloadRefused(decision, file.asset)


def _database() -> str:
    return router.db_for_write(Download)
