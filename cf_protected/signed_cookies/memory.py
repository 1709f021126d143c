"""Remember in the browser which signed cookies it was given.

A session is read and written whole, so the last of several parallel requests would overwrite
what the others remember. A browser instead keeps each cookie that it gets. So each response
adds a cookie of its own, which is signed and whose name comes from its content. A request that
sees several of them puts them together.

The cookies go where the session's cookie goes. CloudFront's own can't serve for this, since
browsers send them to the distribution alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from cf_protected.guests import person_of
from cf_protected.services import CookieScope

PREFIX: Final = "cf_protected_sets_"

# Browsers keep 4,096 bytes of a cookie's name and value.
_MAX_BYTES: Final = 3_800

# More are put together into one, since servers limit a request's headers.
_MAX_COOKIES: Final = 4

_HELD: Final = "cf_protected.remembered_sets"


class Remembered(NamedTuple):
    """What is kept of a set: enough to remove it and to request it again.

    ``renew_at`` is in epoch seconds. ``owner`` is the ``session_owner`` when the set was issued.
    """

    scope: CookieScope
    renew_at: float
    file_id: int
    folder: str
    bind_to_ip: bool | None
    owner: str


def session_owner(request: HttpRequest) -> str:
    """Return what tells the session's account, or its guest's proof, from others; else ``""``.

    A session that outlives its account, which was deleted or made inactive, has no owner, unless
    a guest proved something in it since.
    """
    session, user = getattr(request, "session", None), getattr(request, "user", None)
    if session is None:
        return ""
    if user is not None and not user.is_authenticated:
        guest = person_of(request).guest
        return "" if guest is None else f"guest {guest.fingerprint}"
    return str(session.get(SESSION_KEY, ""))


def session_was_read(request: HttpRequest) -> bool:
    """Return whether the response depends on the session, or the browser has none."""
    session = getattr(request, "session", None)
    return session is not None and (
        session.accessed or settings.SESSION_COOKIE_NAME not in request.COOKIES
    )


def remembered(request: HttpRequest) -> list[Remembered]:
    """Return the sets that the browser was given, those to renew first at the beginning.

    Two requests at once may have remembered the same set: the later one counts.
    """
    latest: dict[tuple[str | None, str], Remembered] = {}
    every = (one for sets in _held(request).values() for one in sets)
    for one in sorted(every, key=lambda one: one.renew_at):
        latest[one.scope.domain, one.scope.path] = one
    return sorted(latest.values(), key=lambda one: one.renew_at)


def remember(request: HttpRequest, response: HttpResponseBase, sets: Iterable[Remembered]) -> None:
    """Let the browser remember ``sets``, and nothing else that this request brought.

    What is new gets a cookie of its own. So parallel requests that put the same cookies
    together write the same one.
    """
    sets, held = list(sets), _held(request)
    known = {one for own in held.values() for one in own}
    kept = {name: own for name, own in held.items() if own and {*own} <= {*sets}}
    if len(kept) >= _MAX_COOKIES:
        kept = {}
    written = {one for own in kept.values() for one in own}
    loose = [one for one in sets if one not in written]
    cookies = [
        *_pack([one for one in loose if one in known]),
        *_pack([one for one in loose if one not in known]),
    ]
    added = {_name(value): value for value in cookies}
    for name in held.keys() - kept.keys() - added.keys():
        _set_cookie(response, name, "", max_age=0)
    for name, value in added.items():
        _set_cookie(response, name, value)
    request.META[_HELD] = kept | {name: _unpack(value) for name, value in added.items()}


def _held(request: HttpRequest) -> dict[str, list[Remembered]]:
    """Return the browser's cookies of this module, by name: what it has after the response."""
    if _HELD not in request.META:
        request.META[_HELD] = {
            name: _unpack(value)
            for name, value in request.COOKIES.items()
            if name.startswith(PREFIX) and value
        }
    held: dict[str, list[Remembered]] = request.META[_HELD]
    return held


def _signer() -> Signer:
    return Signer(salt=__name__)


def _pack(sets: list[Remembered]) -> Iterator[str]:
    """Yield the values of the cookies that hold ``sets``: one, if it isn't too long."""
    if not sets:
        return
    value = _signer().sign_object([[[*one.scope], *one[1:]] for one in sets], compress=True)
    if len(value) <= _MAX_BYTES or len(sets) == 1:
        yield value
    else:
        half = len(sets) // 2
        yield from _pack(sets[:half])
        yield from _pack(sets[half:])


def _unpack(value: str) -> list[Remembered]:
    """Return the sets in a cookie; none in one that this site didn't sign."""
    try:
        stored = _signer().unsign_object(value)
    except BadSignature:
        return []
    return [Remembered(CookieScope(*scope), *rest) for scope, *rest in stored]


def _name(value: str) -> str:
    return PREFIX + sha256(value.encode()).hexdigest()[:12]


def _set_cookie(
    response: HttpResponseBase, name: str, value: str, *, max_age: int | None = None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        expires="Thu, 01 Jan 1970 00:00:00 GMT" if max_age == 0 else None,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
    patch_cache_control(response, private=True)
