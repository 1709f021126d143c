"""Explain to staff whether a person can download an asset, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cf_protected import conf, services
from cf_protected.access import Decision
from cf_protected.admin.why_waiting import addresses_of, next_steps
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.moments import end_in_words, in_words
from cf_protected.person import Guest, Person
from cf_protected.reasons import Reason
from cf_protected.services import Holder

# An explanation names this many other grants and refusals.
_GRANTS, _REFUSALS = 5, 3


class GrantVerdict(NamedTuple):
    """Whether a grant's holder can download its asset now, and the reason in words."""

    can_download: bool
    reason: str

    def __str__(self) -> str:
        if self.can_download:
            return _("Yes.")
        return _("No: %(reason)s.") % {"reason": self.reason.rstrip(".")}


def verdict(grant: Grant) -> GrantVerdict:
    """Return whether the grant's holder can download its asset now, and the reason."""
    return verdicts([grant])[grant]


def verdicts(grants: Collection[Grant]) -> dict[Grant, GrantVerdict]:
    """Return the verdict on each of ``grants``, with one query for each holder."""
    filled = _with_files({grant.asset_id for grant in grants})
    assets: dict[Person, set[Asset]] = {}
    for grant in grants:
        assets.setdefault(_person(grant.user, grant.email), set()).add(grant.asset)
    decisions = {
        person: services.authorize_many(person, theirs, ahead=False)
        for person, theirs in assets.items()
        if person.is_known
    }
    found = {}
    for grant in grants:
        person = _person(grant.user, grant.email)
        found[grant] = (
            _verdict(decisions[person][grant.asset], has_files=grant.asset_id in filled)
            if person in decisions
            else _unclaimed()
        )
    return found


def verdict_on(holder: Holder, asset: Asset) -> GrantVerdict:
    """Return whether the holder can download ``asset`` now, and the reason."""
    person = _person(holder.user, holder.email)
    if person.is_known:
        decision = services.authorize(person, asset, ahead=False)
        return _verdict(decision, has_files=asset.files.exists())
    if Grant.objects.filter(user=None, email=holder.email, asset=asset).exists():
        return _unclaimed()
    return GrantVerdict(False, str(Reason.NO_GRANT.label))


def facts(grant: Grant) -> Iterator[str]:
    """Return every fact that is relevant to the verdict on a grant, as sentences."""
    yield about_grant(grant)
    yield from _about_asset(grant.asset)
    if grant.user is None:
        yield from _about_waiting(grant.email, grant.asset)
    else:
        yield from _about_user(grant.user)
        yield from _about_others(grant, grant.user)
        yield from _refusals(grant.user, grant.asset)


def facts_about(holder: Holder, asset: Asset) -> Iterator[str]:
    """Return every fact that is relevant to whether the holder can download ``asset``."""
    grants = Grant.objects.for_asset(asset).select_related("purchase")
    held = grants.filter(user=holder.user, email=holder.email)[:_GRANTS]
    yield from map(about_grant, held)
    yield from _about_asset(asset)
    if holder.user is None:
        yield from _about_waiting(holder.email, asset) if held else ()
        return
    yield from _about_user(holder.user)
    for address in addresses_of(holder.user):
        if waiting := grants.filter(user=None, email=address)[:_GRANTS]:
            yield _("A grant waits for %(address)s.") % {"address": address}
            yield from map(about_grant, waiting)
            yield from _about_waiting(address, asset)
    yield from _refusals(holder.user, asset)


def about_grant(grant: Grant) -> str:
    """Return the state of the grant, with its cause, as a sentence."""
    revoked_at, reason = grant.revocation or (None, "")
    values = {
        "count": grant.max_downloads,
        "start": _moment(grant.starts_at),
        "end": "" if grant.expires_at is None else end_in_words(grant.expires_at),
        "revoked": _moment(revoked_at),
        "reason": reason.rstrip(".") or _("no reason given"),
    }
    texts = {
        Grant.State.REVOKED: _("This grant was revoked on %(revoked)s: %(reason)s."),
        Grant.State.NOT_STARTED: _("This grant starts on %(start)s."),
        Grant.State.EXPIRED: _("This grant ended on %(end)s."),
        Grant.State.USED_UP: _("All %(count)s downloads of this grant are used."),
        Grant.State.ACTIVE: _("This grant is active."),
    }
    return texts[grant.state_at()] % values


def _about_waiting(email: str, asset: Asset) -> Iterator[str]:
    if email:  # a deleted account's grants have none
        holder = Holder(email=email)
        yield from next_steps(email, can_download=verdict_on(holder, asset).can_download)


def _person(user: Any, email: str) -> Person:
    """Return the account, or the guest that its links make of the address; else a stranger.

    Without ``SITE_URL`` no links are mailed, so there are no guests.
    """
    if user is not None or not email or not conf.current().site_url:
        return Person(user)
    return Person(guest=Guest(email, mailbox_id=None))


def _unclaimed() -> GrantVerdict:
    return GrantVerdict(False, _("No account has claimed this grant yet."))


def _verdict(decision: Decision, *, has_files: bool) -> GrantVerdict:
    if decision.allowed and not has_files:
        return GrantVerdict(False, _("The asset has no files."))
    labels = dict(Reason.choices)
    reason = decision.message or str(labels.get(decision.reason, decision.reason))
    return GrantVerdict(decision.allowed, reason)


def _with_files(assets: Collection[int]) -> set[int]:
    """Return the keys of those assets that have files."""
    files = AssetFile.objects.filter(asset__in=assets).order_by()
    return {*files.values_list("asset", flat=True).distinct()}


def _about_asset(asset: Asset) -> Iterator[str]:
    if asset.state == Asset.State.DRAFT:
        yield _("The asset is a draft.")
    if not asset.is_released:
        yield _("The asset is available from %(date)s.") % {"date": _moment(asset.available_from)}
    if not asset.files.exists():
        yield _("The asset has no files.")


def _about_user(user: Any) -> Iterator[str]:
    if not user.is_active:
        yield _("The account is not active.")


def _about_others(grant: Grant, user: Any) -> Iterator[str]:
    others: QuerySet[Grant] = Grant.objects.held_by(user).for_asset(grant.asset)
    for other in others.exclude(pk=grant.pk).select_related("purchase")[:_GRANTS]:
        yield _("Another grant for the same asset, from %(source)s, is %(state)s.") % {
            "source": other.source,
            "state": other.state_at().label,
        }


def _refusals(user: Any, asset: Asset) -> Iterator[str]:
    refusals = Download.objects.refused().filter(user=user, asset=asset)
    for refusal in refusals[:_REFUSALS]:
        yield _("Refused on %(date)s: %(reason)s.") % {
            "date": _moment(refusal.requested_at),
            "reason": refusal.get_reason_display(),
        }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else in_words(moment)
