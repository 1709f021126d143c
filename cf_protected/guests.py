"""Guests of a request: visitors who proved in their session that they read a mailbox.

A guest isn't signed in: ``request.user`` stays anonymous, so that no code takes a guest for an
account. The session keeps the proof, and no address.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone

from cf_protected.models import Mailbox
from cf_protected.person import Guest, Person

#: How long a proof lasts.
LIFETIME: Final = timedelta(hours=12)

# Servers' clocks differ. A later end comes from a wrong clock.
_LATEST: Final = LIFETIME + timedelta(minutes=5)

_PROOF: Final = "cf_protected.proof"  # in the session
_FOUND: Final = "cf_protected.guest"  # in the request's META, as are the guests that ended
_ENDED: Final = "cf_protected.ended_guests"


def person_of(request: HttpRequest, *, now: datetime | None = None) -> Person:
    """Return the person who sends ``request``: the account, else the session's guest.

    Otherwise it is a stranger. A guest's proof is valid for 12 hours at most, and while its
    mailbox has the same generation, which is read once for each request.

    Raises ``TypeError`` for a user that isn't of ``AUTH_USER_MODEL``.
    """
    person = Person.of(getattr(request, "user", AnonymousUser()))
    return person if person.account is not None else _found(request, now)


def prove(request: HttpRequest, guest: Guest, *, now: datetime | None = None) -> None:
    """Make the visitor a guest, after they proved that they read the guest's mailbox.

    The session gets a new key, and is emptied if it belonged to another mailbox. Without a
    ``generation`` the guest gets the mailbox's. Proving the same again keeps the proof's ID, so
    that repeats stay repeats. A user who is signed in stays that user, and nothing changes.

    Raises ``Mailbox.DoesNotExist``.
    """
    if person_of(request, now=now).account is not None:
        return
    now, session = now or timezone.now(), request.session
    if guest.generation is None:
        generation = _mailboxes().values_list("generation", flat=True).get(pk=guest.mailbox_id)
        guest = replace(guest, generation=generation)
    earlier = _found(request, now).guest
    proof = secrets.token_urlsafe(16)
    if earlier is not None and _opens(earlier) == _opens(guest):
        proof = earlier.proof
    else:
        _note_end(request, earlier)
    if _is_of_another(request, guest):
        session.flush()
    session.cycle_key()
    session[_PROOF] = {
        "mailbox": guest.mailbox_id,
        "generation": guest.generation,
        "purchase": guest.purchase_id,
        "id": proof,
        "until": (now + LIFETIME).timestamp(),
    }
    request.META.pop(_FOUND, None)
    rotate_token(request)


def forget(request: HttpRequest) -> None:
    """End the guest's proof, and empty the session as a logout does.

    ``SignedCookiesMiddleware`` removes the guest's signed cookies with the response. A user who is
    signed in stays signed in.
    """
    if _PROOF not in request.session:
        return
    if person_of(request).account is not None:
        end_at_login(request=request)
        return
    _note_end(request, _found(request).guest)
    request.session.flush()
    request.META.pop(_FOUND, None)


def end_at_login(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """End the proof when a user signs in (``user_logged_in``): the session is now the account's."""
    session = getattr(request, "session", None)
    if request is None or session is None or _PROOF not in session:
        return
    _note_end(request, _found(request).guest)
    del session[_PROOF]
    request.META.pop(_FOUND, None)


def ended_guests(request: HttpRequest) -> list[Guest]:
    """Return the guests whose proofs ended with this request, once."""
    ended: list[Guest] = request.META.pop(_ENDED, [])
    return ended


def _found(request: HttpRequest, now: datetime | None = None) -> Person:
    """Return the session's guest or a stranger, whether or not a user is signed in."""
    if _FOUND not in request.META:
        request.META[_FOUND] = Person(guest=_find(request, now or timezone.now()))
    found: Person = request.META[_FOUND]
    return found


def _find(request: HttpRequest, now: datetime) -> Guest | None:
    session = getattr(request, "session", None)
    proof = None if session is None else session.get(_PROOF)
    if proof is None:
        return None
    until = datetime.fromtimestamp(proof["until"], UTC)
    if not now < until <= now + _LATEST:
        return None
    known = _mailboxes().filter(pk=proof["mailbox"], generation=proof["generation"])
    email = known.values_list("email", flat=True).first()
    if not email:
        return None
    return Guest(
        email, proof["mailbox"], proof["purchase"], proof["id"], proof["generation"], until
    )


def _opens(guest: Guest) -> tuple[Any, ...]:
    return guest.mailbox_id, guest.generation, guest.purchase_id


def _is_of_another(request: HttpRequest, guest: Guest) -> bool:
    """Return whether the session belonged to another mailbox, or to a deleted account."""
    session = request.session
    mailbox = session[_PROOF]["mailbox"] if _PROOF in session else guest.mailbox_id
    return SESSION_KEY in session or mailbox != guest.mailbox_id


def _note_end(request: HttpRequest, guest: Guest | None) -> None:
    if guest is not None:
        request.META.setdefault(_ENDED, []).append(guest)


def _mailboxes() -> QuerySet[Mailbox]:
    # A replica may not know of a higher generation yet.
    return Mailbox.objects.using(router.db_for_write(Mailbox))
