"""Gather what a page of the support desk shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db.models import Q

from cf_protected.admin.desk.cases import Case
from cf_protected.admin.desk.history import actor_of, change_of, new_holder_of
from cf_protected.admin.why import GrantVerdict, verdicts
from cf_protected.models import Download, Grant, GrantEvent, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.moments import end_in_words

# The page shows the latest of each, and whether there are more.
_GRANTS: Final = 100
_PURCHASES: Final = 50
_EVENTS: Final = 50
_GIVEN: Final = 50
_DOWNLOADS: Final = 20


@dataclass(frozen=True)
class GrantRow:
    """A grant, and whether its holder can download its asset now."""

    grant: Grant
    verdict: GrantVerdict

    @property
    def state(self) -> str:
        """The grant's state now."""
        return str(self.grant.state_at().label)

    @property
    def end(self) -> str:
        """The grant's end in words; empty without one."""
        return "" if self.grant.expires_at is None else end_in_words(self.grant.expires_at)


@dataclass(frozen=True)
class EventRow:
    """One change, who made it, and what was before and since, in words."""

    event: GrantEvent
    actor: str
    change: str


@dataclass(frozen=True)
class GivenRow:
    """The event by which a grant went to another holder, whose name is ``to``."""

    event: GrantEvent
    to: str


@dataclass(frozen=True)
class PersonPage:
    """What the page of ``case`` shows, with a bounded number of queries.

    ``allowed`` are the grants that the member of staff may see.
    """

    case: Case
    allowed: GrantQuerySet

    @cached_property
    def _grants(self) -> list[Grant]:
        held = self.case.grants(self.allowed).select_related("asset", "user", "purchase")
        return list(held.order_by("-created_at", "-pk")[: _GRANTS + 1])

    @property
    def has_more(self) -> bool:
        """Whether there are more grants than are shown."""
        return len(self._grants) > _GRANTS

    @cached_property
    def grants(self) -> list[GrantRow]:
        """The latest grants, each with its verdict."""
        shown = self._grants[:_GRANTS]
        found = verdicts(shown)
        return [GrantRow(grant, found[grant]) for grant in shown]

    @cached_property
    def purchases(self) -> list[Purchase]:
        """The latest purchases of these grants, and those that were first the person's."""
        ours = self.case.purchases() | Q(pk__in=self._purchase_keys)
        rows = Purchase.objects.filter(ours).select_related("user")
        return list(rows.order_by("-pk")[:_PURCHASES])

    @cached_property
    def given(self) -> list[GivenRow]:
        """The grants that were the person's, and went to others; each by its latest move."""
        moves = self.case.given(self.allowed).select_related("new_user", "grant__asset")
        latest: dict[Any, GrantEvent] = {}
        for event in moves[:_GIVEN]:
            latest.setdefault(event.grant_id, event)
        return [GivenRow(event, new_holder_of(event)) for event in latest.values()]

    @cached_property
    def events(self) -> list[EventRow]:
        """The latest changes of these grants and purchases."""
        purchases = {purchase.pk for purchase in self.purchases}
        grants = [row.grant.pk for row in self.grants]
        given = [row.event.pk for row in self.given]
        ours = GrantEvent.objects.filter(
            Q(grant__in=grants) | Q(purchase__in=purchases) | Q(pk__in=given)
        )
        rows = ours.select_related("actor", "old_user", "new_user", "grant__asset", "purchase")
        latest = rows.order_by("-at", "-pk")[:_EVENTS]
        return [EventRow(event, actor_of(event), change_of(event)) for event in latest]

    @cached_property
    def downloads(self) -> list[Download]:
        """The latest rows of the log: the person's, and those of these grants.

        An account's grants may have been used with a mailed link before it claimed them.
        """
        theirs = self.case.downloads() | Q(grant__in=[row.grant.pk for row in self.grants])
        return list(Download.objects.filter(theirs).select_related("user")[:_DOWNLOADS])

    @cached_property
    def stated_by(self) -> list[Any]:
        """The accounts that have the address for which grants wait, unconfirmed."""
        return self.case.stating() if self.grants else []

    @property
    def _purchase_keys(self) -> set[int]:
        return {row.grant.purchase_id for row in self.grants if row.grant.purchase_id}
