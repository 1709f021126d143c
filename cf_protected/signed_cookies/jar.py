"""Set and remove signed cookies, and remember them in the session.

CloudFront's cookies have fixed names, so a browser tells several sets of them apart by their
``Path``. A request should carry one set only, since AWS doesn't document which of several
counts. So a new set replaces those that it overlaps.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
and https://datatracker.ietf.org/doc/html/rfc6265#section-5.3
"""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import Morsel
from typing import Any, Final, NamedTuple

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from cf_protected.services import CookieScope, CookieSet, IssuedCookies
from cf_protected.services.cookie_scopes import MAX_SETS

NAMES: Final = (
    "CloudFront-Policy",
    "CloudFront-Expires",
    "CloudFront-Signature",
    "CloudFront-Key-Pair-Id",
    "CloudFront-Hash-Algorithm",
)
SESSION_KEY: Final = "_cf_protected_cookies"
_ENDED: Final = "cf_protected.ended_cookies"
_LONG_AGO: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


class Remembered(NamedTuple):
    """What the session keeps of a set: enough to remove it and to request it again.

    ``renew_at`` is in epoch seconds.
    """

    scope: CookieScope
    renew_at: int
    file_id: int
    folder: str
    bind_to_ip: bool | None


def set_cookies(request: HttpRequest, response: HttpResponseBase, issued: IssuedCookies) -> None:
    """Set every cookie of ``issued`` in place of those that it overlaps, and remember it.

    The cookies have neither ``Max-Age`` nor ``Expires``, so they end with the browser's
    session and stay off the disk. The response is kept out of shared caches.
    """
    new = [_memory_of(one) for one in issued.sets]
    old = remembered(request)
    kept = [one for one in old if not any(one.scope.overlaps(added.scope) for added in new)]
    kept = [*kept, *new][-MAX_SETS:]
    _remove(response, [one.scope for one in old if one not in kept])
    _remove(response, issued.superseded)
    for one in issued.sets:
        # An earlier set may have had names that this one lacks.
        _remove(response, [one.scope])
        for name, value in one.cookies.items():
            _set(response, one.scope, name, value)
    _remember(request, kept)


def remove_cookies(
    request: HttpRequest, response: HttpResponseBase, scopes: Iterable[CookieScope] = ()
) -> None:
    """Remove all cookies that the session remembers, and those of ``scopes``.

    A browser replaces a cookie with one of the same name, ``Domain`` and ``Path``. A copy of
    the cookie stays valid until its policy ends.
    """
    _remove(response, [*(one.scope for one in remembered(request)), *_ended(request), *scopes])
    _remember(request, [])


def remove_scopes(
    request: HttpRequest, response: HttpResponseBase, scopes: Iterable[CookieScope]
) -> None:
    """Remove the cookies of ``scopes``, and those that the session remembers inside them."""
    scopes = list(scopes)
    old = remembered(request)
    kept = [one for one in old if not any(scope.covers(one.scope) for scope in scopes)]
    _remove(response, [*(one.scope for one in old if one not in kept), *scopes])
    _remember(request, kept)


def remembered(request: HttpRequest) -> list[Remembered]:
    """Return the sets that the session remembers, oldest first; none without a session."""
    session = _session(request)
    stored = session.get(SESSION_KEY, []) if session is not None else []
    return [Remembered(CookieScope(*scope), *rest) for scope, *rest in stored]


def end_session(request: HttpRequest) -> None:
    """Move what the session remembers to the request, before the session is flushed."""
    request.META[_ENDED] = [*_ended(request), *(one.scope for one in remembered(request))]
    _remember(request, [])


def end_on_logout(request: HttpRequest, **kwargs: Any) -> None:
    """Receive ``user_logged_out``, so that ``remove_cookies`` still knows the cookies."""
    end_session(request)


def remove_ended(request: HttpRequest, response: HttpResponseBase) -> None:
    """Remove the cookies that ``end_session`` kept, except those that were set since."""
    if scopes := _ended(request):
        new = [one.scope for one in remembered(request)]
        _remove(response, [one for one in scopes if not any(map(one.overlaps, new))])


def _ended(request: HttpRequest) -> list[CookieScope]:
    scopes: list[CookieScope] = request.META.get(_ENDED, [])
    return scopes


def _session(request: HttpRequest) -> SessionBase | None:
    return getattr(request, "session", None)


def _memory_of(one: CookieSet) -> Remembered:
    renew_at = int(one.renew_at.timestamp())
    return Remembered(one.scope, renew_at, one.file.pk, one.folder, one.bind_to_ip)


def _remember(request: HttpRequest, sets: list[Remembered]) -> None:
    session = _session(request)
    if session is None:
        return
    if sets:
        # Lists, as JSON returns them.
        session[SESSION_KEY] = [[[*one.scope], *one[1:]] for one in sets]
    else:
        session.pop(SESSION_KEY, None)


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
