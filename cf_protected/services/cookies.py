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
from cf_protected.download_log import Viewer
from cf_protected.exceptions import CookiesTooLarge, InvalidURL, SigningError
from cf_protected.models import AssetFile, Download
from cf_protected.services.downloads import issue
from cf_protected.services.signing import Terms, sign_cookies

# A request has at most 20,480 bytes with its headers, and as long a URL as CloudFront takes
# has to fit in beside the cookies.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_REQUEST_BYTES: Final = 20_480 - MAX_URL_BYTES

# What browsers keep at least: larger cookies are dropped, and longer paths are ignored.
# https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis section 5.6 and 5.7
MAX_COOKIE_BYTES: Final = 4096
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


@dataclass(frozen=True)
class CookieSet:
    """The cookies, name to value, that open what lies below ``scope.path``."""

    scope: CookieScope
    cookies: Mapping[str, str]
    expires_at: datetime
    file: AssetFile


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

    Raises ``CookiesTooLarge`` for more cookies than CloudFront or a browser takes, and then
    nothing is counted; ``InvalidURL`` for a ``folder`` without a slash at its end or with
    dot segments; ``ValueError`` for no files, or a ``folder`` of anything but one folder;
    and what ``issue_url`` raises.
    """
    files = list(files)
    if not files:
        raise ValueError("There are no files to issue cookies for.")
    if folder and (len(files) > 1 or not files[0].is_prefix):
        raise ValueError("Only one folder can be narrowed to a folder inside it.")
    if folder.startswith("/") or "//" in folder:
        raise InvalidURL(f"The folder {folder!r} has an empty segment.")
    now = now or timezone.now()
    terms = Terms(viewer or Viewer(), bind_to_ip, date_greater_than)
    scopes = {file: _scope(file, folder) for file in files}
    kept = _outermost(scopes)
    _check_scopes(kept.values())

    def sign(file: AssetFile, decision: Decision, terms: Terms, now: datetime) -> SignedCookies:
        signed = sign_cookies(file, decision, terms, now, folder=folder)
        _check_size(signed.cookies, cookie_bytes)
        return signed

    issued = issue(user, scopes, terms, now, sign)
    return IssuedCookies(
        sets=tuple(
            CookieSet(kept[one.file], one.signed.cookies, one.signed.expires_at, one.file)
            for one in issued
            if one.file in kept
        ),
        superseded=tuple(scope for file, scope in scopes.items() if file not in kept),
        downloads=tuple(one.download for one in issued if one.download is not None),
    )


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


def _outermost(scopes: Mapping[AssetFile, CookieScope]) -> dict[AssetFile, CookieScope]:
    """Those that lie in none of the others: theirs open all that the inner ones would."""
    kept: dict[AssetFile, CookieScope] = {}
    for file, scope in sorted(scopes.items(), key=lambda item: (item[1].path, item[0].pk)):
        covering = next((one for one in kept if _covers(kept[one], scope)), None)
        if covering is None:
            kept[file] = scope
        elif covering.asset.distribution != file.asset.distribution:
            raise SigningError(
                f"The cookies of {covering.asset.distribution!r} and {file.asset.distribution!r} "
                f"for {scope.path} would replace each other, as both are sent to "
                f"{scope.domain or 'the same host'}; ask for one of them."
            )
    return kept


def _covers(outer: CookieScope, inner: CookieScope) -> bool:
    """Whether a request that is sent the one's cookies is sent the other's too."""
    if outer.domain != inner.domain:
        return False
    return inner.path == outer.path or (
        outer.path.endswith("/") and inner.path.startswith(outer.path)
    )


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
    sizes = [len(name) + len(value) + len("=; ") for name, value in cookies.items()]
    if max(sizes) > MAX_COOKIE_BYTES:
        raise CookiesTooLarge(
            f"A cookie has {max(sizes)} bytes, and browsers keep {MAX_COOKIE_BYTES}; give the "
            "folder a shorter key."
        )
    if sum(sizes) + others > MAX_REQUEST_BYTES:
        raise CookiesTooLarge(
            f"With the {others} bytes of cookies that the browser sends already, CloudFront would "
            f"get {sum(sizes) + others}, and {MAX_REQUEST_BYTES} fit in beside a URL; set fewer "
            "or smaller cookies on the shared domain."
        )
