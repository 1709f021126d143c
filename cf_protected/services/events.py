"""Write the history of grants, and send its signals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cf_protected import signals
from cf_protected.models import Grant, GrantEvent, Purchase
from cf_protected.services.holders import Holder
from cf_protected.services.purchases import database


@dataclass(frozen=True)
class Change:
    """Who changes something, when and why. ``actor`` is ``None`` for a program."""

    now: datetime
    actor: Any = None
    reason: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > 255:
            raise ValueError("reason is longer than 255 characters.")


def new_event(
    change: Change,
    verb: GrantEvent.Verb,
    grant: Grant | None = None,
    *,
    purchase: Purchase | None = None,
    old: Holder | None = None,
    new: Holder | None = None,
    old_terms: dict[str, Any] | None = None,
) -> GrantEvent:
    """Return the event of a grant, or of a whole purchase, to be saved.

    Give ``old`` and ``new`` where the holder changes, and ``old_terms`` where the terms do.
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
        new_terms={} if grant is None or old_terms is None else grant.terms,
        reason=change.reason,
    )


def record(event: GrantEvent, *grants: Grant) -> None:
    """Save ``event``, and send ``grant_changed`` for each of the ``grants`` that it changed."""
    event.save(using=database())
    for grant in grants:
        signals.grant_changed.send(Grant, grant=grant, event=event)
