"""The history of grants, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cf_protected.models import GrantEvent
from cf_protected.moments import end_in_words, in_words

_NAMES: Final = {
    "starts_at": gettext_lazy("starts at"),
    "expires_at": gettext_lazy("expires at"),
    "max_downloads": gettext_lazy("maximum downloads"),
    "downloads_used": gettext_lazy("downloads used"),
}


def actor_of(event: GrantEvent) -> str:
    """Return the name of the user who made the change, or "a program"."""
    if event.actor is not None:
        return str(event.actor.get_username())
    return _("a program") if event.actor_id is None else _("a deleted account")


def change_of(event: GrantEvent) -> str:
    """Return the change in words: the holders, and the terms before and after."""
    return "; ".join([*_holders(event), *_terms(event)])


def new_holder_of(event: GrantEvent) -> str:
    """Return the name of the account or the address that got the grant."""
    return _holder(event.new_user_id, event.new_user, event.new_email)


def _holders(event: GrantEvent) -> Iterator[str]:
    old = _holder(event.old_user_id, event.old_user, event.old_email)
    new = new_holder_of(event)
    if old and new:
        yield _("from %(old)s to %(new)s") % {"old": old, "new": new}
    elif new:
        yield _("to %(new)s") % {"new": new}
    elif old:
        yield _("from %(old)s") % {"old": old}


def _holder(key: Any, user: Any, email: str) -> str:
    if user is not None:
        return str(user.get_username())
    return _("a deleted account") if key is not None else email


def _terms(event: GrantEvent) -> Iterator[str]:
    old, new = event.old_terms or {}, event.new_terms or {}
    for name in [name for name in new if old.get(name) != new[name] and old]:
        yield _("%(name)s: %(old)s → %(new)s") % {
            "name": _NAMES.get(name, name),
            "old": _value(name, old.get(name)),
            "new": _value(name, new[name]),
        }


def _value(name: str, value: Any) -> str:
    if value is None:
        return _("never") if name == "expires_at" else _("no limit")
    moment = parse_datetime(value) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        return end_in_words(moment) if name == "expires_at" else in_words(moment)
    return str(value)
