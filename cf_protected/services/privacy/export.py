"""Export what is stored about a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from cf_protected.models import Download, Grant, GrantEvent, Mailbox, Purchase, Use
from cf_protected.services.privacy.history import Step, claimed_addresses, grant_keys, steps
from cf_protected.services.privacy.pages import chunks
from cf_protected.services.privacy.redaction import others_redacted
from cf_protected.services.privacy.subject import Subject
from cf_protected.services.purchases import database

Row = dict[str, Any]


def export_person(user: Any = None, *, email: str = "") -> Row:
    """Return what is stored about an account, an address, or both, as values that JSON has.

    See the docs for its shape. Addresses for which the account alone vouches belong to it. Other
    people are left out: who else held a grant and when, who acted, and addresses in reasons.

    Raises ``ValueError`` as ``forget_person`` does.
    """
    subject = Subject.named(user, email)
    found: dict[str, list[Row]] = {"grants": [], "history": [], "uses": [], "downloads": []}
    for keys in chunks(grant_keys(subject)):
        for name, rows in _of_grants(subject, keys).items():
            found[name] += rows
    account = Q(user=subject.user_id) if subject.user_id is not None else Q(pk__in=())
    found["uses"] += [*map(_use, _where(Use, account))]
    found["downloads"] += [*map(_download, _where(Download, subject.held))]
    exported = {
        "person": {"user": subject.user_id, "emails": sorted(subject.emails)},
        "purchases": [_purchase(one, subject) for one in _where(Purchase, subject.held)],
        **found,
        "mailboxes": [*map(_mailbox, _where(Mailbox, Q(email__in=subject.emails)))],
    }
    # Keys may be UUIDs, and moments have the form that the JSON API gives them.
    plain: Row = json.loads(json.dumps(exported, cls=DjangoJSONEncoder))
    return plain


def _of_grants(subject: Subject, keys: Any) -> dict[str, list[Row]]:
    grants = [*_where(Grant, Q(pk__in=keys)).select_related("asset", "purchase")]
    history = [*steps(grants, subject)]
    claimed = claimed_addresses(history)
    held = {grant.pk for grant in grants if subject.holds(grant)}
    return {
        "grants": [_grant(grant, subject) for grant in grants if grant.pk in held],
        "history": [*_history(history, subject)],
        "uses": [*map(_use, _where(Use, Q(grant__in=held)))],
        "downloads": [
            *map(_download, _where(Download, Q(grant__in=keys, email__in=claimed) & ~subject.held))
        ],
    }


def _history(history: list[Step], subject: Subject) -> Iterator[Row]:
    """Yield the changes while the person held the grant, the earliest first."""
    for step in reversed(history):
        if step.before or step.after:
            yield _event(step, subject)


def _event(step: Step, subject: Subject) -> Row:
    event = step.event
    is_shared = step.before != step.after and event.verb != GrantEvent.Verb.GRANTED
    return {
        "grant": step.grant.pk,
        "asset": step.grant.asset.slug,
        "at": event.at,
        "verb": event.verb,
        "old_holder": _holder(event.old_user_id, event.old_email) if step.before else None,
        "new_holder": _holder(event.new_user_id, event.new_email) if step.after else None,
        "old_terms": event.old_terms,
        "new_terms": event.new_terms,
        # Why a grant went to or came from another person is about that one too.
        "reason": "" if is_shared else others_redacted(event.reason, subject.spellings),
    }


def _holder(user_id: Any, email: str) -> Row | None:
    return {"user": user_id, "email": email} if user_id is not None or email else None


def _grant(grant: Grant, subject: Subject) -> Row:
    revocation = grant.revocation
    return {
        "id": grant.pk,
        "asset": grant.asset.slug,
        "title": grant.asset.title,
        "source": grant.source,
        "reference": grant.reference,
        "holder": _holder(grant.user_id, grant.email),
        **grant.terms,
        "state": grant.state_at(),
        "revoked_at": revocation and revocation[0],
        "revoked_reason": others_redacted(revocation[1], subject.spellings) if revocation else "",
        "created_at": grant.created_at,
    }


def _purchase(purchase: Purchase, subject: Subject) -> Row:
    holder = {
        "user": purchase.user_id if subject.is_account(purchase.user_id) else None,
        "email": purchase.email,
    }
    return {
        "source": purchase.source,
        "reference": purchase.reference,
        "holder": holder,
        "quantity": purchase.quantity,
        "refunded": purchase.refunded,
        "refunded_at": purchase.refunded_at,
        "revoked_at": purchase.revoked_at,
        "revoked_reason": others_redacted(purchase.revoked_reason, subject.spellings),
        "created_at": purchase.created_at,
    }


def _use(use: Use) -> Row:
    return {
        "grant": use.grant_id,
        "file": None if use.file is None else use.file.uuid,
        "downloads": use.count,
        "last_at": use.last_at,
    }


def _download(download: Download) -> Row:
    return {
        "at": download.requested_at,
        "title": download.asset_title,
        "file": download.file_name,
        "outcome": download.outcome,
        "reason": download.reason,
        "ip_address": download.ip_address,
        "user_agent": download.user_agent,
        "url_expires_at": download.url_expires_at,
    }


def _mailbox(mailbox: Mailbox) -> Row:
    return {
        "email": mailbox.email,
        "created_at": mailbox.created_at,
        "requested_mails": mailbox.mails,
    }


def _where(model: Any, condition: Q) -> QuerySet[Any]:
    """Return the rows where they are written: a replica may not have the latest yet."""
    rows: QuerySet[Any] = model._base_manager.using(database())  # noqa: SLF001 - documented
    rows = rows.filter(condition).order_by("pk")
    return rows.select_related("file") if model is Use else rows
