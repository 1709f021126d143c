"""Issue signed cookies: for a folder, for single files, for several assets at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cf_protected.access import DownloadRefused
from cf_protected.exceptions import InvalidURL, SigningError
from cf_protected.models import AssetFile, Download
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.cookie_files import refuse_assets
from cf_protected.services.cookie_scopes import (
    MAX_SETS,
    CookieScope,
    check_number,
    check_paths,
    check_size,
    opened_by,
    scope_of,
)
from cf_protected.services.downloads import Issued, approve_all, count, sign_or_refuse
from cf_protected.services.refusals import log_refusal
from cf_protected.services.signing import SignedCookies, sign_cookies
from cf_protected.services.terms import DownloadRequest, make_request
from cf_protected.viewer import Viewer


@dataclass(frozen=True)
class CookieSet:
    """The cookies, name to value, that open everything below ``scope.path``.

    They open it from ``starts_at`` on, or at once. From ``renew_at`` on, less than half of
    their lifetime is left. ``folder`` and ``bind_to_ip`` are what the request asked for.
    """

    scope: CookieScope
    cookies: Mapping[str, str]
    starts_at: datetime | None
    expires_at: datetime
    renew_at: datetime
    file: AssetFile
    folder: str = ""
    bind_to_ip: bool | None = None


@dataclass(frozen=True)
class IssuedCookies:
    """Signed cookies that were handed out.

    ``superseded`` are the scopes inside those of ``sets``. Their cookies would be sent too,
    under the same names, so they must be removed.
    """

    sets: tuple[CookieSet, ...]
    superseded: tuple[CookieScope, ...]
    downloads: tuple[Download, ...]

    @property
    def expires_at(self) -> datetime:
        """When the first of the sets expires."""
        return min(one.expires_at for one in self.sets)


def issue_cookies(
    asker: Person | User,
    files: Iterable[AssetFile],
    *,
    folder: str = "",
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    date_greater_than: datetime | None = None,
    ahead: bool = True,
    confirmed: bool = True,
    cookie_bytes: int = 0,
    now: datetime | None = None,
) -> IssuedCookies:
    """Sign cookies for ``files``, all or none, and count and log them as ``issue_url`` does.

    ``folder`` narrows the cookies to a folder inside the one folder that is asked for, such
    as ``"part-2/"``. ``cookie_bytes`` is the size of the browser's other cookies. The rest is
    as in ``issue_url``.

    Raises ``CookiesTooLarge`` for more cookies than CloudFront or a browser accepts;
    ``InvalidURL`` for a ``folder`` without a slash at its end or with dot segments;
    ``SigningError`` without files, for a ``folder`` unless ``files`` is one folder, and for
    sets that would hide each other; and what ``issue_url`` raises. In each case nothing is
    counted.
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
    return issue_for(request, files, folder=folder, cookie_bytes=cookie_bytes)


def issue_for(
    request: DownloadRequest,
    files: Iterable[AssetFile],
    *,
    folder: str = "",
    cookie_bytes: int = 0,
) -> IssuedCookies:
    """Do what ``issue_cookies`` does, for a request that was made. Raises what that raises."""
    files = list(dict.fromkeys(files))
    if not files:
        raise SigningError("There are no files to issue cookies for.")
    if len(files) > MAX_SETS:
        # Approving thousands of files would only lead to the same error.
        refuse_assets(request, [file.asset for file in files])
        check_number({file: scope_of(file) for file in files})
    return _issue(approve_all(request, files), folder, cookie_bytes)


def renew_cookies(
    asker: Person | User,
    file: AssetFile,
    *,
    folder: str = "",
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    cookie_bytes: int = 0,
    now: datetime | None = None,
) -> IssuedCookies | None:
    """Issue the cookies of ``file`` again, unasked, if the authoriser still allows it.

    Return ``None`` where downloads are counted, so that none is used up unasked. Raises what
    ``issue_cookies`` raises.
    """
    request = make_request(asker, viewer=viewer, bind_to_ip=bind_to_ip, now=now)
    try:
        approval = Approver(request, files=[file]).approve(file)
    except DownloadRefused as refusal:
        if refusal.decision.reason == Reason.LIMIT_REACHED and refusal.decision.is_counted:
            return None
        log_refusal(request, file.asset, file, refusal.decision)
        raise
    return None if approval.is_counted else _issue([approval], folder, cookie_bytes)


def _issue(approvals: list[Approval], folder: str, cookie_bytes: int) -> IssuedCookies:
    """Sign, count and log. An error names a file only after it was approved."""
    files = [approval.file for approval in approvals]
    _check_folder(files, folder)
    scopes = {file: scope_of(file, folder) for file in files}
    outer_of = opened_by(scopes)
    check_number(scopes)
    check_paths([scopes[file] for file in {*outer_of.values()}])
    signed: dict[AssetFile, SignedCookies] = {}
    for approval in approvals:
        if outer_of[approval.file] == approval.file:
            signed[approval.file] = sign_or_refuse(approval, partial(sign_cookies, folder=folder))
            check_size(signed[approval.file].cookies, cookie_bytes)
    issued = count(Issued(one, signed[outer_of[one.file]]) for one in approvals)
    return IssuedCookies(
        sets=tuple(
            _set(one, scopes[one.file], signed[one.file], folder)
            for one in approvals
            if one.file in signed
        ),
        superseded=tuple(scopes[file] for file in scopes if file not in signed),
        downloads=tuple(one.download for one in issued if one.download is not None),
    )


def _check_folder(files: list[AssetFile], folder: str) -> None:
    if folder and (len(files) > 1 or not files[0].is_prefix):
        raise SigningError("Only one folder can be narrowed to a folder inside it.")
    if folder.startswith("/") or "//" in folder:
        raise InvalidURL(f"The folder {folder!r} has an empty segment.")


def _set(approval: Approval, scope: CookieScope, signed: SignedCookies, folder: str) -> CookieSet:
    request, starts_at = approval.request, approval.terms.starts_at
    begins = starts_at or request.now
    return CookieSet(
        scope,
        signed.cookies,
        starts_at=starts_at,
        expires_at=signed.expires_at,
        renew_at=begins + (signed.expires_at - begins) / 2,
        file=approval.file,
        folder=folder,
        bind_to_ip=request.bind_to_ip,
    )
