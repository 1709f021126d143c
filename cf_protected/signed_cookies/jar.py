"""Set and remove signed cookies, and remember them in the browser.

CloudFront's cookies have fixed names, so a browser tells several sets of them apart by their
``Path``. A request should carry one set only, since AWS doesn't document which of several
counts. So a new set replaces those that it overlaps.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
and https://datatracker.ietf.org/doc/html/rfc6265#section-5.3
"""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import Morsel
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from cf_protected import services
from cf_protected.guests import ended_guests
from cf_protected.person import Person, User
from cf_protected.services import CookieScope, CookieSet, IssuedCookies
from cf_protected.services.cookie_scopes import MAX_SETS
from cf_protected.signed_cookies.memory import Remembered, remember, remembered, session_owner

NAMES: Final = (
    "CloudFront-Policy",
    "CloudFront-Expires",
    "CloudFront-Signature",
    "CloudFront-Key-Pair-Id",
    "CloudFront-Hash-Algorithm",
)
_LOGGED_OUT: Final = "cf_protected.logged_out"
_LONG_AGO: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def set_cookies(request: HttpRequest, response: HttpResponseBase, issued: IssuedCookies) -> None:
    """Set every cookie of ``issued`` in place of those that it overlaps, and remember it.

    The cookies have neither ``Max-Age`` nor ``Expires``, so they end with the browser's
    session and stay off the disk. The response is kept out of shared caches.
    """
    owner = session_owner(request)
    new = [_memory_of(one, owner) for one in issued.sets]
    old = remembered(request)
    kept = [one for one in _owned(old, owner) if not _overlaps(one.scope, new)]
    kept = [*kept, *new][-MAX_SETS:]
    _remove(response, _missing(old, kept))
    _remove(response, issued.superseded)
    for one in issued.sets:
        # An earlier set may have had names that this one lacks.
        _remove(response, [one.scope])
        for name, value in one.cookies.items():
            _set(response, one.scope, name, value)
    remember(request, response, kept)


def other_cookie_bytes(request: HttpRequest) -> int:
    """Return the size of the request's cookies that aren't CloudFront's.

    A browser may send them along to CloudFront. Those of CloudFront aren't counted: they
    belong to other paths, or the new ones replace them.
    """
    pairs = request.headers.get("Cookie", "").split(";")
    return sum(len(pair) + 1 for pair in pairs if pair.partition("=")[0].strip() not in NAMES)


def remove_cookies(
    request: HttpRequest, response: HttpResponseBase, scopes: Iterable[CookieScope] = ()
) -> None:
    """Remove all cookies that the browser was given, and those of ``scopes``.

    After a logout that includes the folders that the log says the person opened. A browser
    replaces a cookie with one of the same name, ``Domain`` and ``Path``. A copy of the cookie
    stays valid until its policy ends.
    """
    old = remembered(request)
    _remove(response, [*scopes, *_opened_before(request), *_missing(old, [])])
    remember(request, response, [])


def remove_scopes(
    request: HttpRequest, response: HttpResponseBase, scopes: Iterable[CookieScope]
) -> None:
    """Remove the cookies of ``scopes``, and those that the browser was given inside them."""
    scopes = list(scopes)
    old = remembered(request)
    kept = [one for one in old if not any(scope.covers(one.scope) for scope in scopes)]
    _remove(response, [*scopes, *_missing(old, kept)])
    remember(request, response, kept)


def note_logout(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Receive ``user_logged_out``, so that the response can remove what the user opened."""
    request.META[_LOGGED_OUT] = user


def remove_ended(request: HttpRequest, response: HttpResponseBase) -> None:
    """Remove the cookies of every account and every guest but the session's.

    Cookies that a stranger got before a login, or a guest's proof, belong to that account or
    guest from then on. After a logout, and after a guest is done, the folders that the log says
    they opened are closed too, in case that the browser lost a memory.
    """
    old = remembered(request)
    kept = _owned(old, session_owner(request)) if old else []
    ended = [*_opened_before(request), *_missing(old, kept)]
    _remove(response, [scope for scope in ended if not _overlaps(scope, kept)])
    if kept != old:
        remember(request, response, kept)


def _opened_before(request: HttpRequest) -> list[CookieScope]:
    """Return what the account opened that logged out with this request, and ended guests."""
    user = request.META.pop(_LOGGED_OUT, None)
    ended: list[Person | User] = [] if user is None else [user]
    ended += [Person(guest=guest) for guest in ended_guests(request)]
    return [scope for one in ended for scope in services.opened_scopes(one)]


def _owned(sets: list[Remembered], owner: str) -> list[Remembered]:
    """Return the sets of ``owner``, which takes over those of strangers."""
    return [one._replace(owner=owner) for one in sets if one.owner in ("", owner)]


def _missing(old: list[Remembered], kept: list[Remembered]) -> list[CookieScope]:
    """Return the scopes of ``old`` that none of ``kept`` has."""
    left = {one.scope for one in kept}
    return [one.scope for one in old if one.scope not in left]


def _overlaps(scope: CookieScope, sets: list[Remembered]) -> bool:
    return any(scope.overlaps(one.scope) for one in sets)


def _memory_of(one: CookieSet, owner: str) -> Remembered:
    # To the millisecond, which also tells what was set first.
    renew_at = round(one.renew_at.timestamp(), 3)
    return Remembered(one.scope, renew_at, one.file.pk, one.folder, one.bind_to_ip, owner)


def _remove(response: HttpResponseBase, scopes: Iterable[CookieScope]) -> None:
    for scope in scopes:
        for name in NAMES:
            _set(response, scope, name, "", **{"max-age": 0, "expires": _LONG_AGO})


def _set(
    response: HttpResponseBase, scope: CookieScope, name: str, value: str, **lifetime: Any
) -> None:
    morsel: Morsel[str] = Morsel()
    morsel.set(name, value, value)
    attributes: dict[str, Any] = {
        "domain": scope.domain or "",
        "path": scope.path,
        "secure": scope.secure,
        "httponly": True,
        "samesite": scope.samesite,
        **lifetime,
    }
    morsel.update(attributes)
    # response.cookies has one entry for each key, and the handlers send its values. This key
    # isn't a cookie's name: it separates the cookies that a browser keeps apart.
    response.cookies[f"{name} {scope.domain or ''}{scope.path}"] = morsel
    patch_cache_control(response, private=True)
