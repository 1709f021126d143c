"""Give assets to people."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from cf_protected import signals
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from cf_protected.services.arguments import check_number, check_terms, check_text
from cf_protected.services.events import Change, first_terms, kept, new_event, record
from cf_protected.services.holders import Holder, check_accounts
from cf_protected.services.purchases import change, database, lock_purchase

logger = logging.getLogger("cf_protected")


@dataclass(frozen=True)
class _Terms:
    """What a new grant allows. ``None`` is a start at once, no end, or no limit."""

    starts_at: datetime | None
    expires_at: datetime | None
    max_downloads: int | None

    def __post_init__(self) -> None:
        check_terms(self.starts_at, self.expires_at, self.max_downloads)

    def beginning(self, now: datetime) -> _Terms:
        """Return the terms with a start. Raises ``ValueError`` for an end before it.

        Not before a grant is made: a webhook may be repeated after the grant's end.
        """
        return replace(self, starts_at=self.starts_at or now)


@dataclass(frozen=True)
class _Line:
    """The order line that a grant is for."""

    source: str
    reference: str
    quantity: int


def grant(
    asset: Asset | str,
    user: Any = None,
    *,
    email: str = "",
    source: str = "manual",
    reference: str | None = None,
    quantity: int = 1,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    max_downloads: int | None = None,
    actor: Any = None,
    reason: str = "",
    now: datetime | None = None,
) -> Grant:
    """Give ``asset``, or the one with this SKU, to ``user``, or to ``email``.

    If exactly one active account vouches for the address (``VERIFIED_EMAILS``), that gets it.
    Otherwise it waits for the buyer, who may download without an account or claim it.

    ``source`` and ``reference`` name the purchase: one order line, of ``quantity`` units, which
    may be granted several assets. With them it is safe to repeat. An existing grant is returned
    as it is now, even if it was revoked, or belongs to another holder since. If the repetition
    asks for other terms, the grant's ``other_terms`` has them, and they are logged. For a holder
    who was forgotten (``forget_person``) the grant has no holder and is revoked. Sends
    ``grant_created`` and ``grant_changed`` for a new one.

    Raises ``GrantConflict`` if the purchase was first granted to another holder,
    ``Asset.DoesNotExist`` for an unknown SKU, and ``ValueError`` for anything that can't be
    stored, with the name of the argument.
    """
    if reference is None and source != "manual":
        raise ValueError(f"reference is missing: which purchase of {source!r} is it?")
    check_number("quantity", quantity)
    holder = Holder.named(user, email)
    now = now or timezone.now()
    terms = _Terms(starts_at, expires_at, max_downloads)
    by = Change(now, actor, reason)
    asset = _asset(asset)
    if reference is None:
        return change(lambda: _make(asset, None, holder.resolved(), terms, by))
    line = _Line(source, reference, quantity)
    made = change(lambda: _grant_once(asset, line, holder, terms, by))
    if made.other_terms:
        logger.warning(
            "%s %s was granted before; other terms are ignored: %s",
            source,
            reference,
            ", ".join(made.other_terms),
        )
    return made


def grant_many(
    wanted: Iterable[tuple[Asset, Holder]],
    *,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    max_downloads: int | None = None,
    actor: Any = None,
    reason: str = "",
    now: datetime | None = None,
) -> list[Grant]:
    """Give each asset to its holder, all or nothing, and return the grants.

    The number of statements doesn't depend on that of the grants, apart from what receivers of
    the signals do. The holders are taken as they are: see ``Holder.resolved``. Sends the signals
    that ``grant`` sends, and raises ``ValueError`` as it does.
    """
    now = now or timezone.now()
    terms = _Terms(starts_at, expires_at, max_downloads).beginning(now)
    by = Change(now, actor, reason)
    pairs = list(wanted)
    return change(lambda: _make_all(pairs, terms, by))


def _make_all(pairs: list[tuple[Asset, Holder]], terms: _Terms, by: Change) -> list[Grant]:
    check_accounts(holder.user for _, holder in pairs)
    made = Grant.objects.using(database()).bulk_create(
        Grant(asset=asset, user=holder.user, email=holder.email, **asdict(terms))
        for asset, holder in pairs
    )
    events = GrantEvent.objects.using(database()).bulk_create(
        _granted(grant, holder, by) for grant, (_, holder) in zip(made, pairs, strict=True)
    )
    for grant, event in zip(made, events, strict=True):
        signals.grant_created.send(Grant, grant=grant)
        signals.grant_changed.send(Grant, grant=grant, event=event)
    return made


def _asset(named: Asset | str) -> Asset:
    if isinstance(named, Asset):
        return named
    if not named:
        raise ValueError("asset is an empty SKU.")
    check_text("asset", named)
    return Asset.objects.get(sku=named)


def _grant_once(asset: Asset, line: _Line, holder: Holder, terms: _Terms, by: Change) -> Grant:
    purchase = lock_purchase(line.source, line.reference)
    existing = purchase.grants.filter(asset=asset, seat=0).select_related("asset", "user").first()
    if not purchase.was_granted:
        _begin(purchase, line.quantity, holder, by)
    elif purchase.erased_at is None and not holder.is_first_of(purchase):
        raise GrantConflict(
            f"{line.source!r} {line.reference!r} was already granted to another holder; "
            "give each order line its own reference."
        )
    if existing is None and purchase.erased_at is not None and purchase.user is None:
        return _make_forgotten(asset, purchase, terms, by)
    if existing is None:
        return _make(asset, purchase, _holder_of(purchase, holder), terms, by)
    existing.purchase = purchase
    existing.other_terms = _other_terms(existing, purchase, line.quantity, terms)
    return existing


def _begin(purchase: Purchase, quantity: int, holder: Holder, by: Change) -> None:
    """Keep the first holder, and find out whether an early refund was of all units."""
    purchase.user, purchase.email = holder.resolved().user, holder.email
    purchase.quantity = quantity
    if purchase.refunded_at is not None:
        purchase.refunded = max(purchase.refunded, quantity)
    elif purchase.refunded >= quantity:
        purchase.refunded_at = by.now
    purchase.save(using=database())


def _holder_of(purchase: Purchase, holder: Holder) -> Holder:
    """Return the account that the purchase's first holder has by now, or that vouches."""
    if purchase.user is not None:
        return Holder(purchase.user)
    return holder.resolved()


def _make(
    asset: Asset, purchase: Purchase | None, holder: Holder, terms: _Terms, by: Change
) -> Grant:
    check_accounts([holder.user])
    made: Grant = Grant.objects.using(database()).create(
        asset=asset,
        purchase=purchase,
        user=holder.user,
        email=holder.email,
        **asdict(terms.beginning(by.now)),
    )
    signals.grant_created.send(Grant, grant=made)
    record(_granted(made, holder, by), made)
    return made


def _make_forgotten(asset: Asset, purchase: Purchase, terms: _Terms, by: Change) -> Grant:
    """Store a repetition for a forgotten holder as a grant without a holder.

    No signal is sent, since no person gets access.
    """
    made: Grant = Grant.objects.using(database()).create(
        asset=asset, purchase=purchase, revoked_at=by.now, **asdict(terms.beginning(by.now))
    )
    # Without the reason, which may name the person.
    new_event(Change(by.now), GrantEvent.Verb.FORGOTTEN, made).save(using=database())
    return made


def _granted(grant: Grant, holder: Holder, by: Change) -> GrantEvent:
    return new_event(by, GrantEvent.Verb.GRANTED, grant, new=holder, new_terms=grant.terms)


def _other_terms(
    existing: Grant, purchase: Purchase, quantity: int, terms: _Terms
) -> dict[str, Any]:
    """Return what the repetition asks for and the first request didn't, by the argument's name.

    What the grant has been given since, such as a later end, isn't another term. A start isn't
    compared where the repetition names none: by default it is the moment of the request.
    """
    asked = asdict(terms) | {"quantity": quantity}
    if terms.starts_at is None:
        del asked["starts_at"]
    first = {**first_terms(existing), "quantity": purchase.quantity}
    return {name: value for name, value in asked.items() if kept(value) != first[name]}
