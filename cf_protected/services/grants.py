"""Give assets to people, and take them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from cf_protected import signals
from cf_protected.addresses import normal_address
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, Grant
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.transactions import atomically


def grant(
    asset: Asset,
    user: Any = None,
    *,
    email: str = "",
    source: str = "manual",
    reference: str | None = None,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    max_downloads: int | None = None,
    granted_by: Any = None,
) -> Grant:
    """Give ``asset`` to ``user``, or to ``email`` until the buyer has an account.

    With a ``reference`` it is safe to repeat: an existing grant is returned as it is, even
    if it was revoked or its holder's account was deleted since. Sends ``grant_created`` for a
    new one.

    Raises ``GrantConflict`` if the reference was granted to another holder, and
    ``ValueError`` if neither or both of ``user`` and ``email`` are given, or if the grant
    would end before it starts.
    """
    if (user is None) == (not email):
        raise ValueError("Grant to a user or to an e-mail address, not to both or neither.")
    starts_at = starts_at or timezone.now()
    if expires_at is not None and expires_at <= starts_at:
        raise ValueError(f"The grant would end ({expires_at}) before it starts ({starts_at}).")
    holder = {"user": user, "email": normal_address(email) if email else ""}
    terms = {
        "starts_at": starts_at,
        "expires_at": expires_at,
        "max_downloads": max_downloads,
        "granted_by": granted_by,
    }
    with transaction.atomic(using=router.db_for_write(Grant)):
        made, created = _make_once(asset, source, reference, holder | terms)
        if created:
            signals.grant_created.send(Grant, grant=made)
    if not created and not _is_held_by(made, **holder):
        raise GrantConflict(
            f"{source!r} {reference!r} was already granted to another holder (grant {made.pk}); "
            "give each order line its own reference."
        )
    return made


def _make_once(
    asset: Asset, source: str, reference: str | None, fields: dict[str, Any]
) -> tuple[Grant, bool]:
    if not reference:
        return Grant.objects.create(asset=asset, source=source, **fields), True
    return Grant.objects.get_or_create(
        asset=asset, source=source, reference=reference, defaults=fields
    )


def _is_held_by(existing: Grant, *, user: Any, email: str) -> bool:
    """Return whether this holder's retry finds its own grant, or that of a deleted account."""
    if existing.user_id is None and not existing.email:
        return True
    return existing.user_id == user.pk if user is not None else existing.email == email


def revoke(
    source: str,
    reference: str,
    *,
    asset: Asset | None = None,
    reason: str = "",
    now: datetime | None = None,
) -> list[Grant]:
    """Take back what this reference granted, all of it or one ``asset`` of it.

    It is safe to repeat. Return the grants that this call revoked. See ``revoke_grants``.
    """
    grants = Grant.objects.filter(source=source, reference=reference)
    if asset is not None:
        grants = grants.for_asset(asset)
    return revoke_grants(grants, reason=reason, now=now)


def revoke_grants(
    grants: GrantQuerySet, *, reason: str = "", now: datetime | None = None
) -> list[Grant]:
    """Take back those of ``grants`` that weren't revoked before, and return them.

    Nothing new is signed for them from now on. A URL that was signed before works until it
    expires. Sends ``grant_revoked`` for each.
    """
    database = router.db_for_write(Grant)
    # Read where they are written: a replica may not have the latest yet. Read before the
    # transaction: SQLite ends one that reads first and then waits to write.
    held = grants.using(database).filter(revoked_at__isnull=True).select_related("asset", "user")
    # By primary key, the one order in which grants are locked.
    in_order = list(held.order_by("pk"))
    return atomically(
        lambda: [one for one in in_order if _revoke(one, reason, now or timezone.now())],
        using=database,
    )


def _revoke(held: Grant, reason: str, now: datetime) -> bool:
    """Take one grant back. Return ``False`` if another process did so meanwhile."""
    held.revoked_at, held.revoked_reason = now, reason
    unrevoked = Grant.objects.filter(pk=held.pk, revoked_at__isnull=True)
    if not unrevoked.update(revoked_at=now, revoked_reason=reason):
        return False
    signals.grant_revoked.send(Grant, grant=held)
    return True


def claim(user: Any, email: str) -> int:
    """Move the grants that were made for ``email`` to ``user``. Return their number.

    Call it only after the user has proved that the address is theirs, for example by a
    confirmation link: a user who claims an address gets everything bought with it.

    Raises ``ValueError`` for a text that isn't an address.
    """
    address = normal_address(email)
    unclaimed = Grant.objects.using(router.db_for_write(Grant)).filter(user__isnull=True)
    found = unclaimed.filter(email=address).values_list("pk", "email")
    # MySQL and MariaDB also find "jorg" for "jörg".
    own = sorted(pk for pk, held in found if held == address)
    # One by one, by primary key: one UPDATE would lock them in the order of the database's plan.
    return atomically(
        lambda: sum(unclaimed.filter(pk=pk).update(user=user) for pk in own),
        using=unclaimed.db,
    )
