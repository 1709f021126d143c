"""Answer staff: can this person download this, and if not, why?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cf_protected import services
from cf_protected.models import Asset, Download, Grant
from cf_protected.reasons import Reason


def verdict(grant: Grant) -> tuple[bool, str]:
    """Whether the grant's holder can download its asset now, and the authoriser's reason."""
    if grant.user is None:
        return False, _("Nobody with an account has claimed this grant yet.")
    decision = services.authorize(grant.user, grant.asset)
    labels = dict(Reason.choices)
    return decision.allowed, decision.message or str(labels.get(decision.reason, decision.reason))


def facts(grant: Grant) -> Iterator[str]:
    """Everything that matters for the verdict, one sentence each."""
    yield from _about_grant(grant)
    if grant.asset.state == Asset.State.DRAFT:
        yield _("The asset is a draft.")
    if not grant.asset.files.exists():
        yield _("The asset has no files.")
    if grant.user is not None:
        yield from _about_user(grant)


def _about_grant(grant: Grant) -> Iterator[str]:
    if grant.revoked_at is not None:
        reason = grant.revoked_reason or _("no reason given")
        yield _("This grant was revoked on %(date)s: %(reason)s.") % {
            "date": _moment(grant.revoked_at),
            "reason": reason,
        }
    match grant.state_at():
        case Grant.State.NOT_STARTED:
            yield _("This grant starts on %(date)s.") % {"date": _moment(grant.starts_at)}
        case Grant.State.EXPIRED if grant.expires_at is not None:
            yield _("This grant ended on %(date)s.") % {"date": _moment(grant.expires_at)}
        case Grant.State.USED_UP:
            yield _("All %(count)s downloads of this grant are used.") % {
                "count": grant.max_downloads
            }
        case Grant.State.ACTIVE:
            yield _("This grant is active.")
        case _other:
            pass


def _about_user(grant: Grant) -> Iterator[str]:
    if grant.user is None:
        return
    if not grant.user.is_active:
        yield _("The account is not active.")
    others = Grant.objects.for_user(grant.user).for_asset(grant.asset).exclude(pk=grant.pk)
    for other in others[:5]:
        yield _("Another grant for the same asset, from %(source)s, is %(state)s.") % {
            "source": other.source,
            "state": other.state_at().label,
        }
    refusals = Download.objects.refused().filter(user=grant.user, file__asset=grant.asset)
    for refusal in refusals[:3]:
        yield _("Refused on %(date)s: %(reason)s.") % {
            "date": _moment(refusal.requested_at),
            "reason": refusal.get_reason_display(),
        }


def _moment(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")
