"""Resolve the URIs of a playlist, and decide which of them may be signed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from cf_protected.cloudfront.url import MAX_URL_BYTES, append_query, check_url
from cf_protected.exceptions import InvalidURL

# What RFC 3986 allows before a fragment. quote() never encodes "-._~", letters and digits.
_ALLOWED: Final = "%:/?[]@!$&'()*+,;="
# Browsers remove tabs and line breaks from a URL, and read a "\" as a "/".
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]")
_ABSOLUTE = re.compile(r"https?://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:")
_PARTS = re.compile(r"((?:https?:)?//[^/?]*+)?([^?]*+)(\?.*+)?")
# Browsers read "%2e" as a dot. An origin may decode "..%2F" before it looks for "..".
_HIDDEN_DOTS = re.compile(
    r"(?:(?:^|/)(?!\.{1,2}(?:/|$))|%2f|%5c)(?:\.|%2e){1,2}(?=/|%2f|%5c|$)", re.IGNORECASE
)


class BaseURL:
    """The URL of a playlist, against which its relative URIs are resolved.

    Raises ``InvalidURL`` unless it is absolute and percent-encoded.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        file = url.partition("?")[0]
        self._scheme, _, rest = file.partition("//")
        host, slash, path = rest.partition("/")
        self._origin = f"{self._scheme}//{host}"
        self._path = f"{slash}{path}"
        self._folder = self._path[: self._path.rindex("/") + 1]

    def resolve(self, reference: str) -> str | None:
        """Return the URL that a player requests for ``reference``, without a fragment.

        It is percent-encoded as browsers do it. Returns None if players might disagree
        about the URL, or if it can't be signed: for a scheme other than http and https, a
        user name, a control character, a backslash, an encoded dot segment, signing
        parameters, and anything else that ``check_url`` refuses.

        Source: RFC 3986, section 5.2. ``urllib.parse.urljoin`` differs from it: it drops
        empty segments, which are part of an object's key, and keeps the dot segments of an
        absolute URL.
        """
        encoded = _encode(reference)
        if not encoded or (_SCHEME.match(encoded) and not _ABSOLUTE.match(encoded)):
            return None
        parts = _PARTS.fullmatch(encoded)
        assert parts  # noqa: S101 - for the type checker: it matches any line
        origin, path, query = parts[1], parts[2], (parts[3] or "").replace("'", "%27")
        if _hides_dots(path):
            return None
        url = self._join(origin, path, query)
        try:
            check_url(url)
        except InvalidURL:
            return None
        return url

    def _join(self, origin: str | None, path: str, query: str) -> str:
        if origin is None:
            origin = self._origin
            if not path:
                path = self._path
            elif not path.startswith("/"):
                path = f"{self._folder}{path}"
        elif origin.startswith("//"):
            origin = f"{self._scheme}{origin}"
        return f"{origin}{_without_dots(path or '/')}{query}"


def signed_under(prefix_url: str, query: str) -> Callable[[str], str | None]:
    """Return a ``media`` function for ``rewrite`` that signs the URLs below ``prefix_url``.

    ``prefix_url`` is a folder's URL and ends with ``/``. ``query`` is what ``sign_query``
    returned for ``f"{prefix_url}*"``; it is appended after a URL's own query.

    The function returns None, which leaves the URI unchanged, for a URL with another
    scheme, host, port or path (compared as text), one that an origin could read as another
    path, one that is signed already, and one that would become too long.

    Raises ``InvalidURL`` if ``prefix_url`` isn't the URL of a folder.
    """
    check_url(prefix_url)
    if not re.fullmatch(r"[^?*]*/", prefix_url):
        raise InvalidURL(
            "The prefix must end with '/', or /course-1 would open /course-10 too. It must "
            "have no query and no '*'; write %2A."
        )

    def sign(url: str) -> str | None:
        if not url.startswith(prefix_url) or _hides_dots(url.partition("?")[0]):
            return None
        try:
            check_url(url)
            return append_query(url, query)
        except InvalidURL:
            return None

    return sign


def _encode(reference: str) -> str | None:
    """Return ``reference`` percent-encoded and without its fragment; None if ambiguous."""
    if len(reference) > MAX_URL_BYTES or _AMBIGUOUS.search(reference):
        return None
    try:
        return quote(reference.partition("#")[0].strip(" "), safe=_ALLOWED)
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 doesn't have
        return None


def _without_dots(path: str) -> str:
    """Remove ``.`` and ``..`` segments from ``path``: RFC 3986, section 5.2.4."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return f"/{'/'.join(kept)}"


def _hides_dots(path: str) -> bool:
    return "%" in path and _HIDDEN_DOTS.search(path) is not None
