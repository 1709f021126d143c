"""Where browsers send signed cookies, and which sets of them can live together.

CloudFront's cookies have fixed names and one policy each, so several folders need several
sets of the same names, told apart by their ``Path``.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cf_protected.cloudfront.limits import MAX_PATH_BYTES
from cf_protected.cloudfront.url import MAX_REQUEST_BYTES, MAX_URL_BYTES
from cf_protected.conf import ConfigurationError
from cf_protected.distributions import distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidURL, SigningError
from cf_protected.models import AssetFile

# A request has at most 20,480 bytes with its headers, and the longest URL that CloudFront
# accepts must fit in with the cookies.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_COOKIE_BYTES: Final = MAX_REQUEST_BYTES - MAX_URL_BYTES

# Chromium keeps 180 cookies of a site and silently drops the oldest. The app's own cookies
# need room too, and a set has four.
MAX_SETS: Final = 40


class CookieScope(NamedTuple):
    """Where a browser sends a set of cookies. Removing the set takes the same values."""

    domain: str | None
    path: str
    secure: bool
    samesite: str

    def covers(self, other: CookieScope) -> bool:
        """Return whether the cookies are sent wherever those of ``other`` are."""
        return _host(self) == _host(other) and _lies_in(other.path, self.path)

    def overlaps(self, other: CookieScope) -> bool:
        """Return whether a request could carry both sets, so that one would hide the other."""
        one, two = _host(self), _host(other)
        return (one == two or f".{one}".endswith(f".{two}") or f".{two}".endswith(f".{one}")) and (
            _lies_in(self.path, other.path) or _lies_in(other.path, self.path)
        )


def _host(scope: CookieScope) -> str:
    # Browsers ignore a leading dot: RFC 6265, section 5.2.3.
    return (scope.domain or "").lstrip(".")


def _lies_in(path: str, folder: str) -> bool:
    """Return whether a cookie with the path ``folder`` is sent to ``path``.

    Source: RFC 6265, section 5.1.4.
    """
    return path == folder or path.startswith(f"{folder.removesuffix('/')}/")


def cookie_scopes(files: Iterable[AssetFile]) -> list[CookieScope]:
    """Return the scopes of the cookies of ``files``, for removing them.

    Files that can't have cookies are left out: those at a distribution that isn't configured
    any more, and those that no URL can name.
    """
    scopes = []
    for file in files:
        with suppress(ConfigurationError, InvalidURL):
            scopes.append(scope_of(file))
    return scopes


def scope_of(file: AssetFile, folder: str = "") -> CookieScope:
    """Return where the cookies of ``file``, or of its ``folder``, are sent."""
    distribution = distributions[file.asset.distribution]
    settings = distribution.settings
    return CookieScope(
        domain=settings.cookie_domain,
        path=urlsplit(distribution.url(file.key + folder)).path,
        secure=settings.scheme == "https",
        samesite=settings.cookie_samesite,
    )


def opened_by(scopes: Mapping[AssetFile, CookieScope]) -> dict[AssetFile, AssetFile]:
    """Map each file to the one whose cookies open it: itself, or a folder around it.

    Raises ``SigningError`` for cookies that would hide each other instead.
    """
    outer_of = _outermost(scopes)
    for file, outer in outer_of.items():
        same_path = scopes[outer].path == scopes[file].path
        if not (outer.is_prefix or same_path) or (
            outer.asset.distribution != file.asset.distribution
        ):
            raise SigningError(
                f"The cookies of {outer.key!r} at {outer.asset.distribution!r} and those of "
                f"{file.key!r} at {file.asset.distribution!r} would be sent together, and only "
                "one of them counts; ask for one of them."
            )
    return outer_of


def _outermost(scopes: Mapping[AssetFile, CookieScope]) -> dict[AssetFile, AssetFile]:
    """Map each file to itself, or to one whose cookies are sent wherever its own are."""
    outer_of: dict[AssetFile, AssetFile] = {}
    at_path: dict[str, list[AssetFile]] = {}
    # A folder comes before what lies in it.
    for file in sorted(scopes, key=lambda file: (scopes[file].path, file.pk)):
        scope = scopes[file]
        around = (one for path in _with_parents(scope.path) for one in at_path.get(path, ()))
        outer = next((one for one in around if scopes[one].overlaps(scope)), file)
        if outer is file:
            at_path.setdefault(scope.path, []).append(file)
        outer_of[file] = outer
    return outer_of


def _with_parents(path: str) -> Iterator[str]:
    """Yield the paths of the cookies that are sent to ``path``."""
    yield path
    for place, character in enumerate(path):
        if character == "/":
            yield path[:place]
            yield path[: place + 1]


def check_number(scopes: Mapping[AssetFile, CookieScope]) -> None:
    """Raise ``CookiesTooLarge`` for more sets than browsers keep; one opens what is inside it."""
    sets = len({*_outermost(scopes).values()})
    if sets > MAX_SETS:
        raise CookiesTooLarge(
            f"These are {sets} sets of cookies, and browsers keep at most {MAX_SETS}; ask for "
            "fewer assets at once, name some of their files, or keep them in one folder."
        )


def check_paths(scopes: Iterable[CookieScope]) -> None:
    """Raise ``CookiesTooLarge`` for a longer path than browsers accept."""
    longest = max(len(scope.path) for scope in scopes)
    if longest > MAX_PATH_BYTES:
        raise CookiesTooLarge(
            f"The path of a folder has {longest} bytes in a URL, and browsers accept "
            f"{MAX_PATH_BYTES} for a cookie; give the folder a shorter key."
        )


def check_size(cookies: Mapping[str, str], others: int) -> None:
    """Raise ``CookiesTooLarge`` if CloudFront would refuse ``cookies`` plus ``others`` bytes."""
    own = sum(len(name) + len(value) + len("=; ") for name, value in cookies.items())
    if own + others > MAX_COOKIE_BYTES:
        raise CookiesTooLarge(
            f"With the {others} bytes of cookies that the browser already sends, CloudFront would "
            f"get {own + others}, and {MAX_COOKIE_BYTES} fit into a request with a URL; set fewer "
            "or smaller cookies on the shared domain."
        )
