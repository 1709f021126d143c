"""Change the terms of grants, and their holders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from cf_protected.addresses import normal_address, normal_or_empty
from cf_protected.models import Grant, GrantEvent, Use
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services.arguments import (
    check_moment,
    check_number,
    check_purchase,
    check_terms,
)
from cf_protected.services.events import Change, kept, new_event, record, terms_since
from cf_protected.services.holders import Holder, check_accounts
from cf_protected.services.mailboxes import end_links
from cf_protected.services.purchases import change, database, lock_grants
from cf_protected.services.sending import tell_of_transfer
from cf_protected.verified_emails import vouched_addresses, vouching_users

_Verb = GrantEvent.Verb


def extend(
    source: str,
    reference: str,
    expires_at: datetime,
    *,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Let what this purchase granted end at ``expires_at``, such as a subscription's next period.

    See ``extend_grants``. A repetition that arrives after that end changes nothing. Raises
    ``Grant.DoesNotExist`` if the purchase wasn't granted yet, so that the webhook is sent again
    and nothing is lost, and ``ValueError`` for a source or reference that no purchase can have.
    """
    by = Change(now or timezone.now(), actor, reason)
    check_moment("expires_at", expires_at)
    check_purchase(source, reference)
    grants = Grant.objects.using(database()).filter(
        purchase__source=source, purchase__reference=reference
    )
    if not grants.exists():
        raise Grant.DoesNotExist(
            f"{source!r} {reference!r} isn't granted yet. Extend it again after it was."
        )
    if expires_at <= by.now and _had_end(grants, expires_at):
        return []
    return _extend(grants, expires_at, by)


def _had_end(grants: GrantQuerySet, expires_at: datetime) -> bool:
    return any(terms.get("expires_at") == kept(expires_at) for terms in terms_since(grants))


def extend_grants(
    grants: GrantQuerySet,
    expires_at: datetime,
    *,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Let ``grants`` end at ``expires_at`` if that is later than now, and return the changed ones.

    No grant gets shorter, and one without an end stays so. Safe to repeat. Sends
    ``grant_changed`` for each. Raises ``ValueError`` for an end in the past or without a time zone.
    """
    by = Change(now or timezone.now(), actor, reason)
    check_moment("expires_at", expires_at)
    return _extend(grants, expires_at, by)


def _extend(grants: GrantQuerySet, expires_at: datetime, by: Change) -> list[Grant]:
    if expires_at <= by.now:
        raise ValueError(f"expires_at ({expires_at}) is in the past.")

    def lengthen(grant: Grant) -> bool:
        if grant.expires_at is None or grant.expires_at >= expires_at:
            return False
        grant.expires_at = expires_at
        return True

    return _change_terms(grants, lengthen, _Verb.EXTENDED, by)


def allow_more(
    grants: GrantQuerySet,
    count: int,
    *,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Add ``count`` downloads to the limits of ``grants``, and return the changed ones.

    A grant without a limit stays so. Sends ``grant_changed`` for each. Raises ``ValueError`` for
    a number below 1.
    """
    check_number("count", count)

    def raise_limit(grant: Grant) -> bool:
        if grant.max_downloads is None:
            return False
        grant.max_downloads += count
        check_number("count", grant.max_downloads)
        return True

    by = Change(now or timezone.now(), actor, reason)
    return _change_terms(grants, raise_limit, _Verb.ALLOWED_MORE, by)


def reset_downloads(
    grants: GrantQuerySet, *, reason: str = "", actor: Any = None, now: datetime | None = None
) -> list[Grant]:
    """Count the downloads of ``grants`` from zero again, and return the changed ones.

    Sends ``grant_changed`` for each.
    """

    def reset(grant: Grant) -> bool:
        was_used = grant.downloads_used > 0
        grant.downloads_used = 0
        return was_used

    by = Change(now or timezone.now(), actor, reason)
    return _change_terms(grants, reset, _Verb.RESET, by)


def set_terms(
    grants: GrantQuerySet,
    terms: Mapping[str, Any],
    *,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Set any of ``starts_at``, ``expires_at`` and ``max_downloads``, and return the changed.

    For staff, who may also shorten a grant. ``None`` is no end, or no limit. Sends
    ``grant_changed`` for each. Raises ``ValueError`` for another name, and as ``grant`` does.
    """
    unknown = sorted(set(terms) - {"starts_at", "expires_at", "max_downloads"})
    if unknown:
        raise ValueError(f"{unknown[0]} isn't a term that can be set.")

    def put(grant: Grant) -> bool:
        before = grant.terms
        for name, value in terms.items():
            setattr(grant, name, value)
        check_terms(grant.starts_at, grant.expires_at, grant.max_downloads)
        return grant.terms != before

    return _change_terms(grants, put, _Verb.CHANGED, Change(now or timezone.now(), actor, reason))


def transfer(
    grants: GrantQuerySet,
    user: Any = None,
    *,
    email: str = "",
    reason: str,
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Give ``grants`` to another account or address, and return the changed ones.

    What the old holder had ends: mailed links and guests' sessions, repeats of downloads, and
    renewals of cookies. The purchase keeps its first holder, so that a repeated webhook finds the
    grant. Sends ``grant_changed`` for each, whose event has both holders. An old holder's address
    is told, which doesn't name the new holder.

    Raises ``ValueError`` without a reason, for an inactive account, and if ``user`` is the
    ``actor``, or ``email`` an address of theirs, confirmed or not.
    """
    holder = Holder.named(user, email).resolved()
    by = Change(now or timezone.now(), actor, reason)
    if not reason.strip():
        raise ValueError("reason is empty: the history must tell why the holder changed.")
    _check_active(holder)
    if actor is not None and _is_held_by(actor, holder):
        name = "user" if holder.user is not None else "email"
        raise ValueError(f"{name} is the actor's own: another person must make this transfer.")

    def act() -> list[Grant]:
        held = [grant for grant in lock_grants(grants) if Holder.of(grant) != holder]
        check_accounts([holder.user])
        for address in sorted({grant.email for grant in held if grant.email}):
            end_links(address)
            tell_of_transfer(address, [one for one in held if one.email == address], now=by.now)
        for grant in held:
            _give(grant, holder, _Verb.TRANSFERRED, by)
        return held

    return change(act)


def claim(user: Any, email: str | None = None, *, now: datetime | None = None) -> int:
    """Give ``user`` the grants that wait for ``email``, and return their number.

    Without ``email`` those that wait for an address that ``VERIFIED_EMAILS`` says is this account's
    alone. Give an address only after the user has proved that it is theirs, for example by a
    confirmation link: a user who claims an address gets everything bought with it. Sends
    ``grant_changed`` for each. Raises ``ValueError`` for an inactive account and for what isn't an
    address.
    """
    holder = Holder(user)
    _check_active(holder)
    by = Change(now or timezone.now(), user)
    addresses = vouched_addresses(user) if email is None else [normal_address(email, "email")]
    waiting = Grant.objects.using(database()).filter(user=None, email__in=addresses)
    if not addresses or not waiting.exists():
        return 0
    if email is None:  # another account may have the address too
        owners = vouching_users(addresses)
        addresses = [one for one in addresses if one in owners and owners[one].pk == user.pk]
        waiting = waiting.filter(email__in=addresses)

    def act() -> int:
        # Another process may have claimed or transferred them before they were locked.
        locked = lock_grants(waiting)
        held = [one for one in locked if one.user_id is None and one.email in addresses]
        check_accounts([user])
        for grant in held:
            _keep_claimant(grant, user)
            _give(grant, holder, _Verb.CLAIMED, by)
        return len(held)

    return change(act)


def _is_held_by(actor: Any, holder: Holder) -> bool:
    """Return whether the actor is the holder, or may claim what waits for the address."""
    if holder.user is not None:
        return bool(holder.user.pk == actor.pk)
    stated = getattr(actor, get_user_model().get_email_field_name(), "")
    return holder.email in [normal_or_empty(stated or ""), *vouched_addresses(actor)]


def _keep_claimant(grant: Grant, user: Any) -> None:
    """Make the account the same first holder as the address, for repeated webhooks."""
    purchase = grant.purchase
    if purchase is not None and purchase.user_id is None and purchase.email == grant.email:
        purchase.user = user
        purchase.save(using=database(), update_fields=["user"])


def _check_active(holder: Holder) -> None:
    if holder.user is not None and not holder.user.is_active:
        raise ValueError("user isn't active, so it couldn't download anything.")


def _give(grant: Grant, holder: Holder, verb: GrantEvent.Verb, by: Change) -> None:
    old = Holder.of(grant)
    grant.user, grant.email = holder.user, holder.email
    grant.save(using=database(), update_fields=["user", "email"])
    if verb is _Verb.TRANSFERRED:
        Use.objects.using(database()).filter(grant=grant).update(last_at=None)
    record(new_event(by, verb, grant, old=old, new=holder), grant)


def _change_terms(
    grants: GrantQuerySet, act: Callable[[Grant], bool], verb: GrantEvent.Verb, by: Change
) -> list[Grant]:
    """Run ``act`` on each of the locked grants, and save and record those that it changed."""

    def change_all() -> list[Grant]:
        changed = []
        for grant in lock_grants(grants):
            before = grant.terms
            if act(grant):
                fields = [name for name, value in grant.terms.items() if before[name] != value]
                grant.save(using=database(), update_fields=fields)
                event = new_event(by, verb, grant, old_terms=before, new_terms=grant.terms)
                record(event, grant)
                changed.append(grant)
        return changed

    return change(change_all)
