"""Issue signed cookies: for a folder, for single files, for several assets at once.

Cookies of CloudFront have fixed names and one policy each, so several folders mean several
sets of the same names, told apart by their ``Path``.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from django.utils import timezone

from cf_protected.access import Decision, User
from cf_protected.cloudfront.resource import MAX_URL_BYTES
from cf_protected.distributions import SignedCookies, distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidURL, SigningError
from cf_protected.models import AssetFile, Download
from cf_protected.reasons import Reason
from cf_protected.services.authorization import decide_download, is_limited
from cf_protected.services.downloads import Issued, approve, count, refused
from cf_protected.services.signing import Terms, sign_cookies, starts_at
from cf_protected.viewer import Viewer

# A request has at most 20,480 bytes with its headers, and as long a URL as CloudFront takes
# has to fit in beside the cookies.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_REQUEST_BYTES: Final = 20_480 - MAX_URL_BYTES

# What browsers take at least: longer paths are ignored. With such a path a cookie stays below
# the 4,096 bytes that they keep.
# https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis section 5.6 and 5.7
MAX_PATH_BYTES: Final = 1024

# Chromium keeps 180 cookies of a site and drops the oldest without a word; the app's own
# need room too, and a set has four.
MAX_SETS: Final = 40


class CookieScope(NamedTuple):
    """Where a browser sends a set of cookies: what takes it to remove exactly these."""

    domain: str | None
    path: str
    secure: bool
    samesite: str

    def covers(self, other: CookieScope) -> bool:
        """Whether these are sent wherever the other's are."""
        return _host(self) == _host(other) and _lies_in(other.path, self.path)

    def overlaps(self, other: CookieScope) -> bool:
        """Whether some request is sent both, so that one would hide the other's."""
        one, two = _host(self), _host(other)
        return (one == two or f".{one}".endswith(f".{two}") or f".{two}".endswith(f".{one}")) and (
            _lies_in(self.path, other.path) or _lies_in(other.path, self.path)
        )


def _host(scope: CookieScope) -> str:
    # Browsers ignore a leading dot: RFC 6265, section 5.2.3.
    return (scope.domain or "").lstrip(".")


def _lies_in(path: str, folder: str) -> bool:
    """Whether a cookie with the path ``folder`` is sent to ``path``: RFC 6265, section 5.1.4."""
    return path == folder or path.startswith(f"{folder.removesuffix('/')}/")


@dataclass(frozen=True)
class CookieSet:
    """The cookies, name to value, that open what lies below ``scope.path``.

    From ``renew_at`` on less than half of their lifetime is left. ``folder`` and
    ``bind_to_ip`` are what was asked for.
    """

    scope: CookieScope
    cookies: Mapping[str, str]
    expires_at: datetime
    renew_at: datetime
    file: AssetFile
    folder: str = ""
    bind_to_ip: bool | None = None


@dataclass(frozen=True)
class IssuedCookies:
    """Signed cookies that were handed out.

    ``superseded`` are the scopes inside those of ``sets``: their cookies would be sent
    along under the same names, and are to be removed.
    """

    sets: tuple[CookieSet, ...]
    superseded: tuple[CookieScope, ...]
    downloads: tuple[Download, ...]

    @property
    def expires_at(self) -> datetime:
        """When the first of them ends."""
        return min(one.expires_at for one in self.sets)


def issue_cookies(
    user: User,
    files: Iterable[AssetFile],
    *,
    folder: str = "",
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    date_greater_than: datetime | None = None,
    cookie_bytes: int = 0,
    now: datetime | None = None,
) -> IssuedCookies:
    """Sign cookies for ``files``, all or none, and count and log them as ``issue_url`` does.

    ``folder`` narrows them to what lies below it in the one folder that is asked for, such
    as ``"part-2/"``. ``cookie_bytes`` is how much the browser's other cookies take. The rest is
    as in ``issue_url``.

    Raises ``CookiesTooLarge`` for more cookies than CloudFront or a browser takes;
    ``InvalidURL`` for a ``folder`` without a slash at its end or with dot segments;
    ``SigningError`` for no files, for a ``folder`` of anything but one folder, and for sets
    that would hide each other; and what ``issue_url`` raises. Then nothing is counted.
    """
    files = list(dict.fromkeys(files))
    if not files:
        raise SigningError("There are no files to issue cookies for.")
    now = now or timezone.now()
    terms = Terms(viewer or Viewer(), bind_to_ip, date_greater_than)
    approved = approve(user, files, terms, now)
    return _Order(user, terms, now, folder, cookie_bytes).carry_out(approved)


def renew_cookies(
    user: User,
    file: AssetFile,
    *,
    folder: str = "",
    viewer: Viewer | None = None,
    bind_to_ip: bool | None = None,
    cookie_bytes: int = 0,
    now: datetime | None = None,
) -> IssuedCookies | None:
    """``issue_cookies`` again for somebody who doesn't ask, with the authoriser's yes.

    ``None`` where downloads are counted: none is taken without being asked for.
    Raises what ``issue_cookies`` does.
    """
    now = now or timezone.now()
    terms = Terms(viewer or Viewer(), bind_to_ip)
    decision = decide_download(user, file, terms, now)
    if is_limited(decision) and (decision.allowed or decision.reason == Reason.LIMIT_REACHED):
        return None
    if not decision.allowed:
        raise refused(user, file, decision, terms, now)
    return _Order(user, terms, now, folder, cookie_bytes).carry_out([(file, decision)])


@dataclass(frozen=True)
class _Order:
    """What is asked of one or more sets of cookies, beyond their files."""

    user: User
    terms: Terms
    now: datetime
    folder: str
    cookie_bytes: int

    def carry_out(self, approved: list[tuple[AssetFile, Decision]]) -> IssuedCookies:
        """Sign, count and log. Nothing is said of a file before the authoriser's yes to it."""
        scopes = self._scopes([file for file, _ in approved])
        opened_by = _opened_by(scopes)
        _check_scopes([scopes[file] for file in {*opened_by.values()}])
        signed = {
            file: self._sign(file, decision)
            for file, decision in approved
            if opened_by[file] == file
        }
        issued = count(
            self.user,
            [Issued(file, signed[opened_by[file]], decision) for file, decision in approved],
            self.terms,
            self.now,
        )
        return IssuedCookies(
            sets=tuple(self._set(file, scopes[file], signed[file]) for file in signed),
            superseded=tuple(scopes[file] for file in scopes if file not in signed),
            downloads=tuple(one.download for one in issued if one.download is not None),
        )

    def _scopes(self, files: list[AssetFile]) -> dict[AssetFile, CookieScope]:
        folder = self.folder
        if folder and (len(files) > 1 or not files[0].is_prefix):
            raise SigningError("Only one folder can be narrowed to a folder inside it.")
        if folder.startswith("/") or "//" in folder:
            raise InvalidURL(f"The folder {folder!r} has an empty segment.")
        return {file: _scope(file, folder) for file in files}

    def _sign(self, file: AssetFile, decision: Decision) -> SignedCookies:
        signed = sign_cookies(file, decision, self.terms, self.now, folder=self.folder)
        _check_size(signed.cookies, self.cookie_bytes)
        return signed

    def _set(self, file: AssetFile, scope: CookieScope, signed: SignedCookies) -> CookieSet:
        begins = starts_at(file, self.terms, self.now) or self.now
        return CookieSet(
            scope,
            signed.cookies,
            expires_at=signed.expires_at,
            renew_at=begins + (signed.expires_at - begins) / 2,
            file=file,
            folder=self.folder,
            bind_to_ip=self.terms.bind_to_ip,
        )


def opened_by_cookies(files: Iterable[AssetFile]) -> list[AssetFile]:
    """Of an asset's ``files`` the folders, or else all: single files have a set each."""
    files = list(files)
    return [file for file in files if file.is_prefix] or files


def cookie_scopes(files: Iterable[AssetFile]) -> list[CookieScope]:
    """Where the cookies of ``files`` are sent, to remove them."""
    return [_scope(file) for file in files]


def _scope(file: AssetFile, folder: str = "") -> CookieScope:
    distribution = distributions[file.asset.distribution]
    settings = distribution.settings
    return CookieScope(
        domain=settings.cookie_domain,
        path=urlsplit(distribution.url(file.key + folder)).path,
        secure=settings.scheme == "https",
        samesite=settings.cookie_samesite,
    )


def _opened_by(scopes: Mapping[AssetFile, CookieScope]) -> dict[AssetFile, AssetFile]:
    """Whose cookies open each file: a folder's open all that lies in it.

    Raises ``SigningError`` for those that would hide each other's instead.
    """
    opened_by: dict[AssetFile, AssetFile] = {}
    for file in sorted(scopes, key=lambda file: (scopes[file].path, file.pk)):
        outer = next(
            (one for one in {*opened_by.values()} if scopes[one].overlaps(scopes[file])), file
        )
        same_path = scopes[outer].path == scopes[file].path
        if not (outer.is_prefix or same_path) or (
            outer.asset.distribution != file.asset.distribution
        ):
            raise SigningError(
                f"The cookies of {outer.key!r} at {outer.asset.distribution!r} and those of "
                f"{file.key!r} at {file.asset.distribution!r} would be sent together, and one of "
                "them counts; ask for one of them."
            )
        opened_by[file] = outer
    return opened_by


def _check_scopes(scopes: Collection[CookieScope]) -> None:
    if len(scopes) > MAX_SETS:
        raise CookiesTooLarge(
            f"These are {len(scopes)} sets of cookies, and browsers keep {MAX_SETS} at most; "
            "ask for fewer assets at once, or keep their files in one folder."
        )
    longest = max(len(scope.path) for scope in scopes)
    if longest > MAX_PATH_BYTES:
        raise CookiesTooLarge(
            f"The path of a folder has {longest} bytes in a URL, and browsers take "
            f"{MAX_PATH_BYTES} for a cookie; give the folder a shorter key."
        )


def _check_size(cookies: Mapping[str, str], others: int) -> None:
    own = sum(len(name) + len(value) + len("=; ") for name, value in cookies.items())
    if own + others > MAX_REQUEST_BYTES:
        raise CookiesTooLarge(
            f"With the {others} bytes of cookies that the browser sends already, CloudFront would "
            f"get {own + others}, and {MAX_REQUEST_BYTES} fit in beside a URL; set fewer "
            "or smaller cookies on the shared domain."
        )
