"""Explain to staff whether a grant's holder can download its asset, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from cf_protected import services
from cf_protected.admin.people import has_account
from cf_protected.models import Asset, Download, Grant
from cf_protected.moments import end_in_words, in_words
from cf_protected.reasons import Reason


class GrantVerdict(NamedTuple):
    """Whether a grant's holder can download its asset now, and the reason in words."""

    can_download: bool
    reason: str


def verdict(grant: Grant) -> GrantVerdict:
    """Return whether the grant's holder can download its asset now, and the reason."""
    if grant.user is None:
        return GrantVerdict(False, _("No account has claimed this grant yet."))
    decision = services.authorize(grant.user, grant.asset, ahead=False)
    if decision.allowed and not grant.asset.files.exists():
        return GrantVerdict(False, _("The asset has no files."))
    labels = dict(Reason.choices)
    reason = decision.message or str(labels.get(decision.reason, decision.reason))
    return GrantVerdict(decision.allowed, reason)


def facts(grant: Grant) -> Iterator[str]:
    """Return every fact that is relevant to the verdict, as sentences."""
    yield _about_grant(grant)
    if grant.asset.state == Asset.State.DRAFT:
        yield _("The asset is a draft.")
    if not grant.asset.is_released:
        yield _("The asset is available from %(date)s.") % {
            "date": _moment(grant.asset.available_from)
        }
    if not grant.asset.files.exists():
        yield _("The asset has no files.")
    if grant.user is None:
        yield from _about_email(grant.email)
    else:
        yield from _about_user(grant, grant.user)


def _about_grant(grant: Grant) -> str:
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


def _about_email(email: str) -> Iterator[str]:
    if has_account(email):
        yield _("An account has this e-mail address. Nothing shows that it was confirmed.")


def _about_user(grant: Grant, user: Any) -> Iterator[str]:
    if not user.is_active:
        yield _("The account is not active.")
    others = Grant.objects.held_by(user).for_asset(grant.asset).exclude(pk=grant.pk)
    for other in others[:5]:
        yield _("Another grant for the same asset, from %(source)s, is %(state)s.") % {
            "source": other.source,
            "state": other.state_at().label,
        }
    refusals = Download.objects.refused().filter(user=user, asset=grant.asset)
    for refusal in refusals[:3]:
        yield _("Refused on %(date)s: %(reason)s.") % {
            "date": _moment(refusal.requested_at),
            "reason": refusal.get_reason_display(),
        }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else in_words(moment)
