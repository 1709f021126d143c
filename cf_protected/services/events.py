"""Write the history of grants, and send its signals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from cf_protected import signals
from cf_protected.models import Grant, GrantEvent, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services.arguments import check_moment, check_text
from cf_protected.services.holders import Holder
from cf_protected.services.purchases import database


@dataclass(frozen=True)
class Change:
    """Who changes something, when and why. ``actor`` is ``None`` for a program."""

    now: datetime
    actor: Any = None
    reason: str = ""

    def __post_init__(self) -> None:
        check_moment("now", self.now)
        if len(self.reason) > 255:
            raise ValueError("reason is longer than 255 characters.")
        check_text("reason", self.reason)


def new_event(
    change: Change,
    verb: GrantEvent.Verb,
    grant: Grant | None = None,
    *,
    purchase: Purchase | None = None,
    old: Holder | None = None,
    new: Holder | None = None,
    old_terms: dict[str, Any] | None = None,
    new_terms: dict[str, Any] | None = None,
) -> GrantEvent:
    """Return the event of a grant, or of a whole purchase, to be saved.

    Give ``old`` and ``new`` where the holder changes, and the terms where they do.
    """
    if grant is not None:
        purchase = grant.purchase
    return GrantEvent(
        purchase=purchase,
        grant=grant,
        verb=verb,
        at=change.now,
        actor_id=None if change.actor is None else change.actor.pk,
        old_user=old.user if old else None,
        old_email=old.email if old else "",
        new_user=new.user if new else None,
        new_email=new.email if new else "",
        old_terms=old_terms or {},
        new_terms=new_terms or {},
        reason=change.reason,
    )


def record(event: GrantEvent, *grants: Grant) -> None:
    """Save ``event``, and send ``grant_changed`` for each of the ``grants`` that it changed."""
    event.save(using=database())
    for grant in grants:
        signals.grant_changed.send(Grant, grant=grant, event=event)


def first_terms(grant: Grant) -> dict[str, Any]:
    """Return the terms that the grant was made with, as ``kept`` returns them."""
    (first, *_) = terms_since(Grant.objects.filter(pk=grant.pk)) or [grant.terms]
    return {name: kept(value) for name, value in first.items()}


def terms_since(grants: GrantQuerySet) -> list[dict[str, Any]]:
    """Return the terms that ``grants`` have had, the oldest first."""
    events = GrantEvent.objects.using(database()).filter(grant__in=grants).exclude(new_terms={})
    stored = events.order_by("pk").values_list("new_terms", flat=True)
    return [{name: _read(value) for name, value in terms.items()} for terms in stored]


def kept(value: Any) -> Any:
    """Return a term as the history keeps it: JSON's moments have milliseconds."""
    if not isinstance(value, datetime):
        return value
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _read(value: Any) -> Any:
    return parse_datetime(value) if isinstance(value, str) else value
