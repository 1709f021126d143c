"""Chainable rules about assets, grants and downloads.

A grant is in exactly one state at a time: revoked, else not started, else expired, else
used up, else active. ``Grant.state_at`` returns the same for one grant in memory.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from cf_protected.models.purchase import Purchase
from cf_protected.person import Person, User

if TYPE_CHECKING:
    from cf_protected.models import Asset, AssetFile, Download, Grant


def _started(at: datetime) -> Q:
    return Q(starts_at__lte=at)


def _unexpired(at: datetime) -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__gt=at)


_UNREVOKED = Q(
    revoked_at__isnull=True,
    purchase__revoked_at__isnull=True,
    purchase__refunded_at__isnull=True,
)
_DOWNLOADS_LEFT = Q(max_downloads__isnull=True) | Q(downloads_used__lt=F("max_downloads"))


def held_by(person: Person, grant: str = "") -> Q:
    """Return the condition that a grant is the person's; ``grant`` is what leads to it.

    A guest's are those that wait for the guest's address, of all purchases or of one. A stranger
    holds nothing.
    """
    guest = person.guest
    if guest is None:
        return Q(**{f"{grant}user": person.account_id}) if person.is_known else Q(pk__in=())
    held = {f"{grant}user": None, f"{grant}email": guest.email}
    if guest.purchase_id is not None:
        held[f"{grant}purchase"] = guest.purchase_id
    return Q(**held)


class AssetQuerySet(QuerySet["Asset"]):
    """Assets, by state and holder."""

    def published(self) -> AssetQuerySet:
        """Return the assets on sale."""
        return self.filter(state=self.model.State.PUBLISHED)

    def held_by(self, asker: Person | User) -> AssetQuerySet:
        """Return the assets that this person has or had a grant for, whatever its state."""
        person = Person.of(asker)
        return self.filter(held_by(person, "grants__")).distinct()


class GrantQuerySet(QuerySet["Grant"]):
    """Grants, by holder and state. ``at`` is an aware datetime; the default is now."""

    def held_by(self, asker: Person | User) -> GrantQuerySet:
        """Return the person's grants, in any state; none for a stranger."""
        return self.filter(held_by(Person.of(asker)))

    def for_asset(self, asset: Asset) -> GrantQuerySet:
        """Return the grants for this asset."""
        return self.filter(asset=asset)

    def active(self, at: datetime | None = None) -> GrantQuerySet:
        """Return the grants that allow a download at this moment."""
        at = at or timezone.now()
        return self.filter(_UNREVOKED, _started(at), _unexpired(at), _DOWNLOADS_LEFT)

    def revoked(self) -> GrantQuerySet:
        """Return the grants that were taken back."""
        return self.exclude(_UNREVOKED)

    def not_started(self, at: datetime | None = None) -> GrantQuerySet:
        """Return the grants that begin later."""
        return self.filter(_UNREVOKED).exclude(_started(at or timezone.now()))

    def expired(self, at: datetime | None = None) -> GrantQuerySet:
        """Return the grants that have ended."""
        at = at or timezone.now()
        return self.filter(_UNREVOKED, _started(at)).exclude(_unexpired(at))

    def used_up(self, at: datetime | None = None) -> GrantQuerySet:
        """Return the grants with no download left that would allow one otherwise."""
        at = at or timezone.now()
        return self.filter(_UNREVOKED, _started(at), _unexpired(at)).exclude(_DOWNLOADS_LEFT)

    def with_uses_of(self, files: Collection[AssetFile]) -> GrantQuerySet:
        """Return each grant once for each of ``files`` used on it, and at least once.

        ``used_file_id`` and ``last_used_at`` are ``None`` where it has no use of any of them.
        ``last_proof`` is that of the use.
        """
        uses = FilteredRelation("uses", condition=Q(uses__file__in=files))
        return self.annotate(file_use=uses).annotate(
            used_file_id=F("file_use__file_id"),
            last_used_at=F("file_use__last_at"),
            last_proof=F("file_use__proof"),
        )

    def with_downloads_left(self) -> GrantQuerySet:
        """Return the grants that aren't revoked and whose limit, if any, isn't reached.

        For a conditional UPDATE. A join would move the limit into a sub-select, and PostgreSQL
        doesn't run that again after it waited for another UPDATE of the row.
        """
        revoked = Purchase.objects.filter(pk=OuterRef("purchase")).exclude(
            revoked_at=None, refunded_at=None
        )
        return self.filter(_DOWNLOADS_LEFT, ~Exists(revoked), revoked_at__isnull=True)


class DownloadQuerySet(QuerySet["Download"]):
    """Rows of the download log, by outcome and person."""

    def of(self, asker: Person | User) -> DownloadQuerySet:
        """Return what this account or this guest's address asked for; none for a stranger."""
        person = Person.of(asker)
        if person.guest is not None:
            return self.filter(user=None, email=person.guest.email)
        return self.filter(user=person.account_id) if person.is_known else self.none()

    def issued(self) -> DownloadQuerySet:
        """Return the downloads that were issued."""
        return self.filter(outcome=self.model.Outcome.ISSUED)

    def refused(self) -> DownloadQuerySet:
        """Return the requests that were refused."""
        return self.filter(outcome=self.model.Outcome.REFUSED)
