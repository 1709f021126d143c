"""Take grants back, and give them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from cf_protected import signals
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services.arguments import check_number, check_purchase
from cf_protected.services.events import Change, new_event, record
from cf_protected.services.purchases import (
    change,
    database,
    lock_grants,
    lock_known_purchase,
    lock_purchase,
)

_Verb = GrantEvent.Verb


def revoke(
    source: str,
    reference: str,
    *,
    asset: Asset | None = None,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Take a purchase back until ``restore``, such as while it is disputed.

    It is safe to repeat. A purchase that wasn't granted yet is remembered: its grant is born
    revoked. With ``asset`` take back only that. Return the grants that this call revoked. Sends
    ``grant_revoked`` and ``grant_changed`` for each. Nothing new is signed for them from now on.
    A URL that was signed before works until it expires.

    Raises ``Grant.DoesNotExist`` if ``asset`` wasn't granted yet, and ``ValueError`` for a source,
    reference or reason that can't be stored.
    """
    by = Change(now or timezone.now(), actor, reason)
    if asset is not None:
        return revoke_grants(
            _grants_of(source, reference, asset), reason=reason, actor=actor, now=now
        )
    return change(lambda: _revoke(lock_purchase(source, reference), by))


def refund(
    source: str,
    reference: str,
    *,
    refunded: int | None = None,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Note that ``refunded`` units of the purchase were refunded so far; all by default.

    The number is the sum of all refunds, so it is safe to repeat and to come in any order. When
    all units are refunded the grants are revoked, and ``restore`` doesn't give them back. Return
    the grants that this call revoked, and send their signals, as ``revoke`` does. Raises
    ``ValueError`` as ``revoke`` does, and for a number below 1.
    """
    if refunded is not None:
        check_number("refunded", refunded)
    by = Change(now or timezone.now(), actor, reason)
    return change(lambda: _refund(lock_purchase(source, reference), refunded, by))


def restore(
    source: str,
    reference: str,
    *,
    asset: Asset | None = None,
    reason: str = "",
    actor: Any = None,
    now: datetime | None = None,
) -> list[Grant]:
    """Undo ``revoke``, such as after a dispute was won. Terms and counts are as before.

    It is safe to repeat. A purchase that was refunded stays revoked. Return the grants that
    aren't revoked any more. Sends ``grant_changed`` for each. Raises ``ValueError`` for a source,
    reference or reason that can't be stored.
    """
    by = Change(now or timezone.now(), actor, reason)
    if asset is not None:
        held = _grants_of(source, reference, asset, known=False)
        return restore_grants(held, reason=reason, actor=actor, now=now)
    return change(lambda: _restore(lock_known_purchase(source, reference), by))


def revoke_grants(
    grants: GrantQuerySet, *, reason: str = "", actor: Any = None, now: datetime | None = None
) -> list[Grant]:
    """Take back those of ``grants`` that weren't revoked before, one by one, and return them.

    The other grants of their purchases stay. A grant whose purchase is revoked stays revoked
    when that is restored. Sends the signals that ``revoke`` sends. Raises ``ValueError`` for a
    reason that can't be stored.
    """
    by = Change(now or timezone.now(), actor, reason)

    def act() -> list[Grant]:
        held = [grant for grant in lock_grants(grants) if grant.revoked_at is None]
        return [grant for grant in held if _revoke_one(grant, by)]

    return change(act)


def restore_grants(
    grants: GrantQuerySet, *, reason: str = "", actor: Any = None, now: datetime | None = None
) -> list[Grant]:
    """Give back those of ``grants`` that were taken back one by one, and return them.

    One whose purchase was revoked or refunded isn't returned: it stays revoked until ``restore``.
    Sends ``grant_changed`` for each that was taken back. Raises ``ValueError`` for a reason that
    can't be stored.
    """
    by = Change(now or timezone.now(), actor, reason)

    def act() -> list[Grant]:
        held = [grant for grant in lock_grants(grants) if grant.revoked_at is not None]
        for grant in held:
            grant.revoked_at, grant.revoked_reason = None, ""
            grant.save(using=database(), update_fields=["revoked_at", "revoked_reason"])
            record(new_event(by, _Verb.RESTORED, grant), grant)
        return [grant for grant in held if not grant.is_revoked]

    return change(act)


def _grants_of(source: str, reference: str, asset: Asset, *, known: bool = True) -> GrantQuerySet:
    check_purchase(source, reference)
    grants = Grant.objects.using(database()).for_asset(asset)
    found = grants.filter(purchase__source=source, purchase__reference=reference)
    if known and not found.exists():
        raise Grant.DoesNotExist(
            f"{source!r} {reference!r} has no grant for {asset.slug!r}. Revoke it again after it "
            "was granted, or revoke the whole purchase."
        )
    return found


def _revoke(purchase: Purchase, by: Change) -> list[Grant]:
    if purchase.revoked_at is not None:
        return []
    ended = _unrevoked(purchase)
    purchase.revoked_at, purchase.revoked_reason = by.now, by.reason
    purchase.save(using=database(), update_fields=["revoked_at", "revoked_reason"])
    _tell_revoked(new_event(by, _Verb.REVOKED, purchase=purchase), ended)
    return ended


def _refund(purchase: Purchase, refunded: int | None, by: Change) -> list[Grant]:
    total = max(purchase.refunded, purchase.quantity if refunded is None else refunded)
    # The quantity isn't known until the purchase is granted.
    whole = refunded is None or (purchase.was_granted and total >= purchase.quantity)
    if purchase.refunded_at is not None or (total == purchase.refunded and not whole):
        return []
    ended = _unrevoked(purchase) if whole else []
    event = new_event(
        by,
        _Verb.REFUNDED,
        purchase=purchase,
        old_terms={"refunded": purchase.refunded},
        new_terms={"refunded": total},
    )
    purchase.refunded = total
    purchase.refunded_at = by.now if whole else None
    purchase.save(using=database(), update_fields=["refunded", "refunded_at"])
    _tell_revoked(event, ended)
    return ended


def _restore(purchase: Purchase | None, by: Change) -> list[Grant]:
    if purchase is None or purchase.revoked_at is None:
        return []
    purchase.revoked_at, purchase.revoked_reason = None, ""
    purchase.save(using=database(), update_fields=["revoked_at", "revoked_reason"])
    restored = _unrevoked(purchase)
    record(new_event(by, _Verb.RESTORED, purchase=purchase), *restored)
    return restored


def _unrevoked(purchase: Purchase) -> list[Grant]:
    """Return the grants that the purchase, as it is in memory, lets its holders use."""
    if purchase.is_revoked:
        return []
    grants = Grant.objects.using(database()).filter(purchase=purchase, revoked_at=None)
    found = list(grants.select_related("asset", "user").order_by("pk"))
    for grant in found:
        grant.purchase = purchase
    return found


def _revoke_one(grant: Grant, by: Change) -> bool:
    """Take one grant back, unless a receiver of the signal did so. Return whether it ended."""
    had_ended = grant.is_revoked
    unrevoked = Grant.objects.using(database()).filter(pk=grant.pk, revoked_at=None)
    if not unrevoked.update(revoked_at=by.now, revoked_reason=by.reason):
        return False
    grant.revoked_at, grant.revoked_reason = by.now, by.reason
    event = new_event(by, _Verb.REVOKED, grant)
    if had_ended:
        record(event, grant)
    else:
        _tell_revoked(event, [grant])
    return not had_ended


def _tell_revoked(event: GrantEvent, grants: list[Grant]) -> None:
    for grant in grants:
        signals.grant_revoked.send(Grant, grant=grant)
    record(event, *grants)
