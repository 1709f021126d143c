"""Find the changes of grants that concern one person, not those under other holders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from cf_protected.models import Grant, GrantEvent, Purchase
from cf_protected.services.privacy.subject import Subject
from cf_protected.services.purchases import database

_Verb = GrantEvent.Verb
_HOLDER_CHANGES = {_Verb.GRANTED, _Verb.TRANSFERRED, _Verb.CLAIMED}


@dataclass(frozen=True)
class Step:
    """An event of a grant, and whether the person held the grant before and after it."""

    grant: Grant
    event: GrantEvent
    before: bool
    after: bool


def steps(grants: Iterable[Grant], subject: Subject) -> Iterator[Step]:
    """Yield the events of ``grants``, and of the purchases of these, the latest first."""
    grants = list(grants)
    events = GrantEvent.objects.using(database())
    of_grant, of_purchase = defaultdict(list), defaultdict(list)
    for event in events.filter(grant__in=[grant.pk for grant in grants]):
        of_grant[event.grant_id].append(event)
    purchases = {grant.purchase_id for grant in grants if grant.purchase_id is not None}
    for event in events.filter(purchase__in=purchases, grant=None):
        of_purchase[event.purchase_id].append(event)
    for grant in grants:
        merged = chain(of_grant[grant.pk], of_purchase[grant.purchase_id])
        yield from _walk(grant, sorted(merged, key=lambda one: one.pk, reverse=True), subject)


def _walk(grant: Grant, events: list[GrantEvent], subject: Subject) -> Iterator[Step]:
    """Go back from the holder that the grant has now."""
    after = subject.holds(grant)
    for event in events:
        before = after
        if event.verb in _HOLDER_CHANGES:
            after = after or subject.was_new(event)
            # A claim proves that the address is the account's.
            is_same = event.verb == _Verb.CLAIMED and after
            before = is_same or subject.was_old(event)
        yield Step(grant, event, before, after)
        after = before


def grant_keys(subject: Subject) -> list[int]:
    """Return the keys of the grants that the person holds, held, or was the first to buy."""
    grants = Grant.objects.using(database()).order_by()
    bought = Purchase.objects.using(database()).filter(subject.held)
    named = GrantEvent.objects.using(database()).order_by().filter(subject.mentioned)
    found = chain(
        grants.filter(subject.held).values_list("pk", flat=True),
        grants.filter(purchase__in=bought).values_list("pk", flat=True),
        named.exclude(grant=None).values_list("grant", flat=True).distinct(),
    )
    return sorted({key for key in found if key is not None})


def claimed_addresses(history: Iterable[Step]) -> set[str]:
    """Return the addresses from which the person's account claimed these grants."""
    claims = (step for step in history if step.event.verb == _Verb.CLAIMED)
    return {step.event.old_email for step in claims if step.after and step.event.old_email}
