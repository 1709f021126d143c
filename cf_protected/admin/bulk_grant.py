"""Grant many assets to many people: ask for the people, show whom each line means, grant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected import services
from cf_protected.admin.bulk import ask
from cf_protected.admin.grant_forms import BulkGrantForm
from cf_protected.admin.people import Named
from cf_protected.models import Asset, Grant
from cf_protected.services import Holder

_ASK: Final = "admin/cf_protected/bulk_grant.html"
_PREVIEW: Final = "admin/cf_protected/bulk_grant_preview.html"


@dataclass(frozen=True)
class PlannedLine:
    """What the preview shows of one name: whom it means, and how many grants that makes.

    ``same_as`` is the line that named the same holder before; ``kept`` counts the assets of which
    the holder has an active grant.
    """

    named: Named
    same_as: int | None
    made: int
    kept: int

    @property
    def is_inactive(self) -> bool:
        """Whether the account can't sign in."""
        user = self.named.holder.user
        return user is not None and not user.is_active

    @property
    def warnings(self) -> list[str]:
        """What staff should look at before they grant."""
        inactive = ["inactive"] if self.is_inactive else []
        return inactive + [str(user.pk) for user in self.named.stated_by]


@dataclass(frozen=True)
class BulkGrant:
    """Which grants would be made: what the preview shows is what is granted."""

    assets: Sequence[Asset]
    named: Sequence[Named]
    expires_at: datetime | None
    max_downloads: int | None

    @cached_property
    def lines(self) -> list[PlannedLine]:
        """What is shown of each name."""
        return list(self._lines())

    def _lines(self) -> Iterator[PlannedLine]:
        first: dict[Holder, int] = {}
        for one in self.named:
            kept = sum((asset.pk, one.holder) in self._held for asset in self.assets)
            if one.holder in first:
                yield PlannedLine(one, first[one.holder], 0, kept)
            else:
                first[one.holder] = one.line
                yield PlannedLine(one, None, len(self.assets) - kept, kept)

    @cached_property
    def wanted(self) -> list[tuple[Asset, Holder]]:
        """The grants to make."""
        holders = dict.fromkeys(one.holder for one in self.named)
        return [
            (asset, holder)
            for asset in self.assets
            for holder in holders
            if (asset.pk, holder) not in self._held
        ]

    @property
    def kept(self) -> int:
        """How many grants aren't needed."""
        return sum(line.kept for line in self.lines if line.same_as is None)

    @property
    def fingerprint(self) -> str:
        """What differs as soon as anything else would be granted."""
        granted = [(asset.pk, _key(holder)) for asset, holder in self.wanted]
        shown = [
            (line.named.line, line.named.text, _key(line.named.holder), line.warnings)
            for line in self.lines
        ]
        terms = [str(self.expires_at), self.max_downloads]
        text = json.dumps([granted, shown, terms])
        return salted_hmac("cf_protected.admin.bulk_grant", text, algorithm="sha256").hexdigest()

    @cached_property
    def _held(self) -> set[tuple[int, Holder]]:
        """Which of the people have which of the assets already, by the asset's key."""
        holders = {one.holder for one in self.named}
        users = {holder.user.pk: holder for holder in holders if holder.user is not None}
        addresses = {holder.email: holder for holder in holders if holder.email}
        active = Grant.objects.active().filter(asset__in=[asset.pk for asset in self.assets])
        theirs = active.filter(Q(user__in=users) | Q(user=None, email__in=addresses))
        return {
            (asset, addresses[email] if user is None else users[user])
            for asset, user, email in theirs.values_list("asset", "user", "email")
        }


def _key(holder: Holder) -> str:
    return holder.email if holder.user is None else f"account {holder.user.pk}"


class GrantsToPeople(admin.ModelAdmin):
    """A model admin of assets whose list grants the selected ones to people."""

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may grant in bulk: the permission to add a grant suffices."""
        return bool(request.user.has_perm("cf_protected.add_grant"))

    @admin.action(description=_("Grant selected assets to people…"), permissions=["grant"])
    def grant_to_people(
        self, request: HttpRequest, queryset: QuerySet[Asset]
    ) -> HttpResponse | None:
        """Ask for the people, show whom each line means, then grant them the selected assets."""
        is_sent = not {"preview", "confirm", "change"}.isdisjoint(request.POST)
        form = BulkGrantForm(request.POST if is_sent else None)
        if "change" in request.POST or not form.is_valid():
            return ask(self, request, queryset, form, title=_("Grant to people"), template=_ASK)
        terms = form.cleaned_data["expires_at"], form.cleaned_data["max_downloads"]
        plan = BulkGrant(list(queryset), form.cleaned_data["people"], *terms)
        shown = request.POST.get("fingerprint", "")
        if "confirm" in request.POST and constant_time_compare(shown, plan.fingerprint):
            self._grant(request, plan)
            return None
        return self._preview(request, queryset, form, plan, is_changed="confirm" in request.POST)

    def _preview(
        self,
        request: HttpRequest,
        queryset: QuerySet[Asset],
        form: BulkGrantForm,
        plan: BulkGrant,
        *,
        is_changed: bool,
    ) -> HttpResponse:
        entered = [(name, form.data.get(name, "")) for name in form.entered_names()]
        context = {"plan": plan, "is_changed": is_changed, "entered": entered}
        title = _("Grant to these people?")
        return ask(self, request, queryset, form, title=title, template=_PREVIEW, **context)

    def _grant(self, request: HttpRequest, plan: BulkGrant) -> None:
        made = services.grant_many(
            plan.wanted,
            expires_at=plan.expires_at,
            max_downloads=plan.max_downloads,
            actor=request.user,
        )
        user: Any = request.user
        if made:
            LogEntry.objects.log_actions(
                user.pk, made, ADDITION, change_message=str(_("Granted to people."))
            )
        self._tell(request, len(made), plan.kept)

    def _tell(self, request: HttpRequest, made: int, kept: int) -> None:
        text = ngettext("%(count)d grant was made.", "%(count)d grants were made.", made)
        self.message_user(request, text % {"count": made}, messages.SUCCESS)
        if kept:
            text = ngettext(
                "%(count)d grant wasn't needed: the person has an active one.",
                "%(count)d grants weren't needed: the people have active ones.",
                kept,
            )
            self.message_user(request, text % {"count": kept}, messages.INFO)
