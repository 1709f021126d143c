"""Resolve the URIs of a playlist as browsers do, and tell which of them lie in a folder.

Source: https://url.spec.whatwg.org/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import ada_url

from cf_protected.cloudfront.url import append_query, check_url
from cf_protected.exceptions import InvalidURL

#: What browsers remove around a URL.
IGNORED_AROUND: Final = "".join(map(chr, range(0x21)))
# Browsers send some characters raw that RFC 3986 doesn't allow, such as "|". These stay:
_ALLOWED: Final = "%:/?[]@!$&'()*+,;="
# With the scheme of its base, "https:a" is relative.
_ELSEWHERE: Final = ("http://elsewhere.invalid/", "https://elsewhere.invalid/")
# Browsers have removed dot segments already. An origin may decode "..%2F" before it looks for "..".
_HIDDEN_DOTS = re.compile(r"(?:/|%2f|%5c)(?:\.|%2e){1,2}(?=/|%2f|%5c|$)", re.IGNORECASE)


class BaseURL:
    """The URL of a playlist, against which its relative URIs are resolved.

    Raises ``InvalidURL`` unless it is absolute and percent-encoded. Its query isn't checked.
    """

    def __init__(self, url: str) -> None:
        check_url(url.partition("?")[0])
        self._url = url

    def resolve(self, reference: str) -> str | None:
        """Return the URL that a browser requests for ``reference``, without a fragment.

        It is percent-encoded as RFC 3986 asks for. Returns None if the reference is empty
        but for a fragment, or doesn't lead to http or https.
        """
        if reference.strip(IGNORED_AROUND).startswith("#"):
            return None
        url = _join(self._url, reference)
        if url is None or not url.startswith(("http://", "https://")):
            return None
        return quote(url.partition("#")[0], safe=_ALLOWED)

    def move(self, reference: str) -> str:
        """Return ``reference`` such that it leads to the same place from anywhere else.

        An absolute URL is returned unchanged, and so is a reference that leads nowhere.
        """
        url = _join(self._url, reference)
        if url is None or all(_join(base, reference) == url for base in _ELSEWHERE):
            return reference
        return url


def _join(base: str, reference: str) -> str | None:
    """Return the absolute URL of ``reference``, with its fragment, as browsers write it.

    Returns None for an empty reference, and for one that browsers can't read.
    """
    if not reference.strip(IGNORED_AROUND):
        return None
    try:
        return ada_url.join_url(base, reference)
    except ValueError:
        return None


class Folder:
    """A folder at a distribution, of which one signature opens everything.

    ``url`` is percent-encoded and ends with ``/``. Raises ``InvalidURL`` for another one.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        if not re.fullmatch(r"[^?*]*/", url):
            raise InvalidURL(
                "The prefix must end with '/', or /course-1 would open /course-10 too. It must "
                "have no query and no '*'; write %2A."
            )
        self.url = url
        self._segments = _decoded(url[:-1].split("/"))

    def spell(self, url: str) -> str | None:
        """Return ``url`` in the spelling that begins with the folder's ``url``.

        ``url`` is what ``BaseURL.resolve`` returned. The folder's part of its path may have
        other characters percent-encoded, or their hexadecimal digits in lower case: CloudFront
        compares a signature's resource byte by byte.

        Returns None for a URL with another scheme, host, port or path; one that an origin
        could read as another path; one that is signed already; and whatever else
        ``check_url`` refuses.
        """
        if not url.startswith(self.url):
            spelled = self._spell(url)
            if spelled is None:
                return None
            url = spelled
        path = url.partition("?")[0]
        if "%" in path and _HIDDEN_DOTS.search(path):
            return None
        try:
            check_url(url)
        except InvalidURL:
            return None
        return url

    def _spell(self, url: str) -> str | None:
        path, mark, query = url.partition("?")
        *segments, rest = path.split("/", len(self._segments))
        if _decoded(segments) != self._segments:
            return None
        return f"{self.url}{rest}{mark}{query}"


def _decoded(segments: list[str]) -> list[bytes]:
    return [unquote_to_bytes(segment) for segment in segments]


def signed_under(prefix_url: str, query: str) -> Callable[[str], str | None]:
    """Return a ``media`` function for ``rewrite`` that signs the URLs below ``prefix_url``.

    ``prefix_url`` is a folder's URL and ends with ``/``. ``query`` is what ``sign_query``
    returned for ``f"{prefix_url}*"``; it is appended after a URL's own query.

    The function returns None, which leaves the URL unsigned, for a URL outside the folder
    (see ``Folder.spell``), and for one that would become too long.

    Raises ``InvalidURL`` if ``prefix_url`` isn't the URL of a folder.
    """
    folder = Folder(prefix_url)

    def sign(url: str) -> str | None:
        spelled = folder.spell(url)
        try:
            return None if spelled is None else append_query(spelled, query)
        except InvalidURL:
            return None

    return sign
