"""Forget a person: what was bought and downloaded stays, the person doesn't."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from cf_protected import signals
from cf_protected.models import Download, Grant, GrantEvent, Mailbox, Purchase, Use
from cf_protected.services.events import Change, new_event
from cf_protected.services.privacy.admin_log import (
    log_database,
    redact_entries_about,
    redact_entries_naming,
)
from cf_protected.services.privacy.history import Step, claimed_addresses, grant_keys, steps
from cf_protected.services.privacy.pages import chunks, delete, replace_text, rewrite, update
from cf_protected.services.privacy.redaction import Redact, may_contain, redactor
from cf_protected.services.privacy.subject import Subject
from cf_protected.services.purchases import change, database, lock_grants

_Verb = GrantEvent.Verb
_OF_EVENT = ("old_user", "old_email", "new_user", "new_email", "actor", "reason")
_OF_PURCHASE = ("user", "email", "erased_at", "revoked_reason")
_NO_PERSON = {"user": None, "email": "", "ip_address": None, "user_agent": ""}


@dataclass(frozen=True)
class Forgotten:
    """How many rows of each kind lost the person, or were deleted: uses and mailboxes."""

    grants: int = 0
    purchases: int = 0
    events: int = 0
    downloads: int = 0
    uses: int = 0
    mailboxes: int = 0
    admin_entries: int = 0

    def __add__(self, other: Forgotten) -> Forgotten:
        sums = {name: number + getattr(other, name) for name, number in vars(self).items()}
        return replace(self, **sums)


def forget_person(
    user: Any = None, *, email: str = "", now: datetime | None = None, dry_run: bool = False
) -> Forgotten:
    """Take a person out of all that is stored: an account, an address, or both.

    Addresses for which the account alone vouches (``VERIFIED_EMAILS``) belong to it. For an
    account that was deleted give ``User(pk=...)``. The account's own row isn't touched.

    The person's grants end and stay without a holder. Purchases stay with their reference, and are
    flagged (``erased_at``): a provider's retry finds them and gives nothing to anybody. The
    history and the download log stay without the person. Texts that people wrote lose the
    address, also in the admin's log.

    It is safe to repeat. What happens at the same time, such as a download, may remain: deactivate
    the account first. Each 500 grants are a transaction of their own. Sends ``grant_revoked`` for
    each grant that it ends, and ``grant_changed`` for each that loses its holder. ``dry_run``
    undoes all of it and sends no signal. Return the numbers.

    Raises ``ValueError`` without a user and an address, for an unsaved user without a primary key,
    and for a text that isn't an address.
    """
    subject = Subject.named(user, email)
    now = now or timezone.now()
    if not dry_run:
        return _forget(subject, now, tells=True)
    with ExitStack() as stack:
        for alias in {database(), log_database() or database()}:
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        return _forget(subject, now, tells=False)


def _forget(subject: Subject, now: datetime, *, tells: bool) -> Forgotten:
    done = Forgotten()
    for keys in chunks(grant_keys(subject)):
        done += _forget_grants(subject, keys, Change(now), tells=tells)
    return done + _forget_rest(subject, now)


def _forget_grants(subject: Subject, keys: Sequence[int], by: Change, *, tells: bool) -> Forgotten:
    """Forget the person in present and former grants, and in what only these lead to."""

    def act() -> Forgotten:
        grants = lock_grants(Grant.objects.filter(pk__in=keys))
        history = [*steps(grants, subject)]
        claimed = claimed_addresses(history)
        redact = redactor({subject.user_name, *subject.spellings, *claimed})
        return Forgotten(
            downloads=update(_rows(Download).filter(grant__in=keys, email__in=claimed), _NO_PERSON),
            admin_entries=redact_entries_about(keys, redact),
            events=_clear_events(history, subject, redact),
            purchases=_clear_purchases(grants, subject, redact, by.now),
            grants=_end([one for one in grants if subject.holds(one)], redact, by, tells=tells),
        )

    return change(act)


def _clear_events(history: Iterable[Step], subject: Subject, redact: Redact) -> int:
    changed = {}
    for step in history:
        event = step.event
        before = _erasable(event)
        if step.before:
            event.old_user_id, event.old_email = None, ""
        if step.after:
            event.new_user_id, event.new_email = None, ""
        if step.before or step.after:
            event.reason = redact(event.reason)
        _clear_event(event, subject)
        if _erasable(event) != before:
            changed[event.pk] = event
    _rows(GrantEvent).bulk_update(changed.values(), _OF_EVENT)
    return len(changed)


def _clear_event(event: GrantEvent, subject: Subject) -> None:
    if subject.was_old(event):
        event.old_user_id, event.old_email = None, ""
    if subject.was_new(event):
        event.new_user_id, event.new_email = None, ""
    if subject.is_account(event.actor_id):
        event.actor_id = None


def _erasable(event: GrantEvent) -> tuple[Any, ...]:
    users = event.old_user_id, event.new_user_id, event.actor_id
    return *users, event.old_email, event.new_email, event.reason


def _clear_purchases(
    grants: Iterable[Grant], subject: Subject, redact: Redact, now: datetime
) -> int:
    bought = {one.purchase.pk: one.purchase for one in grants if one.purchase is not None}
    changed = [one for one in bought.values() if _clear_purchase(one, subject, now)]
    for purchase in changed:
        purchase.revoked_reason = redact(purchase.revoked_reason)
    _rows(Purchase).bulk_update(changed, _OF_PURCHASE)
    return len(changed)


def _clear_purchase(purchase: Purchase, subject: Subject, now: datetime) -> bool:
    if not subject.is_named(purchase.user_id, purchase.email):
        return False
    # Of an account that wasn't named only the address is forgotten.
    if subject.is_account(purchase.user_id):
        purchase.user_id = None
    purchase.email = ""
    purchase.erased_at = purchase.erased_at or now
    return True


def _end(held: list[Grant], redact: Redact, by: Change, *, tells: bool) -> int:
    """Take these grants from their holder, and record it without naming anybody."""
    ended = [grant for grant in held if not grant.is_revoked]
    for grant in held:
        grant.user, grant.email = None, ""
        grant.revoked_at = grant.revoked_at or by.now
        grant.revoked_reason = redact(grant.revoked_reason)
    fields = ["user", "email", "revoked_at", "revoked_reason"]
    _rows(Grant).bulk_update(held, fields)
    _rows(Use).filter(grant__in=[one.pk for one in held]).exclude(proof="").update(proof="")
    made = _rows(GrantEvent).bulk_create(new_event(by, _Verb.FORGOTTEN, one) for one in held)
    if tells:
        for grant in ended:
            signals.grant_revoked.send(Grant, grant=grant)
        for grant, event in zip(held, made, strict=True):
            signals.grant_changed.send(Grant, grant=grant, event=event)
    return len(held)


def _forget_rest(subject: Subject, now: datetime) -> Forgotten:
    """Forget the person where no grant leads: rows that name the account or an address."""
    redact = redactor(subject.spellings)

    def clear_event(event: GrantEvent) -> bool:
        before = _erasable(event)
        _clear_event(event, subject)
        event.reason = redact(event.reason)
        return _erasable(event) != before

    account = Q(user=subject.user_id) if subject.user_id is not None else Q(pk__in=())
    named = subject.mentioned | may_contain("reason", subject.spellings)
    if subject.user_id is not None:
        named |= Q(actor=subject.user_id)
    for model in (Grant, Purchase):
        rows = _rows(model).filter(may_contain("revoked_reason", subject.spellings))
        replace_text(rows, "revoked_reason", redact)
    return Forgotten(
        purchases=rewrite(
            _rows(Purchase).filter(subject.held),
            lambda purchase: _clear_purchase(purchase, subject, now),
            ["user", "email", "erased_at"],
        ),
        events=rewrite(_rows(GrantEvent).filter(named), clear_event, _OF_EVENT),
        downloads=update(_rows(Download).filter(subject.held), _NO_PERSON),
        uses=delete(_rows(Use).filter(account)),
        # Links and guests' sessions name its public ID, so they end with it.
        mailboxes=delete(_rows(Mailbox).filter(email__in=subject.emails)),
        admin_entries=redact_entries_naming(subject),
    )


def _rows(model: type[Model]) -> QuerySet[Any]:
    """Return the rows where they are written: a replica may not have the latest yet."""
    return model._base_manager.using(database())  # noqa: SLF001 - documented
