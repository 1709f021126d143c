"""The buttons that change one grant. Each calls ``services``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cf_protected import services
from cf_protected.admin.desk import purchase_verbs
from cf_protected.admin.desk.forms import AllowMoreForm, ExtendForm, TransferForm, VerbForm
from cf_protected.models import Grant
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services import Holder

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

#: The permissions of the two groups that work here.
SUPPORT: Final = "cf_protected.support_grant"
MANAGE: Final = "cf_protected.manage_grant"


@dataclass(frozen=True)
class Verb:
    """One button. ``act`` takes the grant, the form's values, and the actor and reason by name.

    ``applies`` returns whether the verb would change the grant. ``question`` returns the text that
    asks for confirmation. ``undone`` is the message if nothing changed.
    """

    name: str
    label: StrPromise
    done: StrPromise
    permission: str
    applies: Callable[[Grant], bool]
    act: Callable[..., list[Grant]]
    question: Callable[[Grant], str]
    form: type[VerbForm] = VerbForm
    undone: StrPromise | None = None

    def run(self, grant: Grant, values: dict[str, Any], actor: Any) -> list[Grant]:
        """Run the verb, and return the changed grants. Raises ``ValueError``."""
        values = dict(values)
        reason = values.pop("reason")
        return self.act(grant, actor=actor, reason=reason, **values)


def _rows(grant: Grant) -> GrantQuerySet:
    return Grant.objects.filter(pk=grant.pk)


def _extend(grant: Grant, expires_at: Any, **by: Any) -> list[Grant]:
    return services.extend_grants(_rows(grant), expires_at, **by)


def _allow_more(grant: Grant, count: int, **by: Any) -> list[Grant]:
    unchanged = _rows(grant).filter(max_downloads=grant.max_downloads)
    return services.allow_more(unchanged, count, **by)


def _reset(grant: Grant, **by: Any) -> list[Grant]:
    return services.reset_downloads(_rows(grant), **by)


def _transfer(grant: Grant, to: Holder, *, whole_purchase: bool = False, **by: Any) -> list[Grant]:
    grants = _rows(grant)
    if whole_purchase and grant.purchase is not None:
        grants = Grant.objects.filter(
            purchase=grant.purchase, user=grant.user_id, email=grant.email
        )
    return services.transfer(grants, to.user, email=to.email, **by)


def _revoke(grant: Grant, **by: Any) -> list[Grant]:
    return services.revoke_grants(_rows(grant), **by)


def _restore(grant: Grant, **by: Any) -> list[Grant]:
    """Restore the purchase if it was revoked, and the grant if it was revoked alone."""
    restored: list[Grant] = []
    purchase = grant.purchase
    if purchase is not None and purchase.revoked_at is not None:
        restored += services.restore(purchase.source, purchase.reference, **by)
    restored += services.restore_grants(_rows(grant), **by)
    return restored


def _send(grant: Grant, **_by: Any) -> list[Grant]:
    """Mail the purchase's link to its holders, or to the address all that waits for it."""
    if grant.purchase is not None:
        return [grant] if services.send_receipt(grant.purchase) else []
    return [grant] if services.send_downloads(grant.email) else []


def _end_links(grant: Grant, **_by: Any) -> list[Grant]:
    return [grant] if services.end_links(grant.email) else []


def _about_sending(grant: Grant) -> str:
    if grant.purchase is not None:
        return _("The link to this purchase is mailed to the stored addresses of its holders.")
    return _("A link to all that waits for %(address)s is mailed there.") % {"address": grant.email}


def _is_refunded(grant: Grant) -> bool:
    return grant.purchase is not None and grant.purchase.refunded_at is not None


def _about_restoring(grant: Grant) -> str:
    if grant.purchase is not None and grant.purchase.revoked_at is not None:
        return _("The whole purchase was revoked. All of its grants are restored.")
    return _("The holder can use this grant again, with the terms and counts that it had.")


def _about_transfer(_grant: Grant) -> str:
    return _(
        "The new holder gets this grant as it is. The links and sessions of the old one end. "
        "URLs that were signed already work until they expire."
    )


VERBS: Final = (
    Verb(
        "send",
        gettext_lazy("Send the link again"),
        gettext_lazy("The link is on its way."),
        SUPPORT,
        lambda grant: not grant.is_revoked and bool(grant.purchase_id or grant.email),
        _send,
        _about_sending,
        undone=gettext_lazy(
            "No mail was sent: nothing can be downloaded, the last mail was sent a moment "
            "ago, or the setting SITE_URL is missing."
        ),
    ),
    Verb(
        "end-links",
        gettext_lazy("End links"),
        gettext_lazy("The mailed links don't work any more."),
        SUPPORT,
        lambda grant: bool(grant.email),
        _end_links,
        lambda grant: (
            _("All links that were mailed to %(address)s end, and guests are signed out.")
            % {"address": grant.email}
        ),
        undone=gettext_lazy("No link was ever mailed to this address."),
    ),
    Verb(
        "allow-more",
        gettext_lazy("Allow more downloads"),
        gettext_lazy("More downloads are allowed."),
        SUPPORT,
        lambda grant: grant.max_downloads is not None,
        _allow_more,
        lambda grant: (
            _("%(used)s of %(count)s downloads are used.")
            % {"used": grant.downloads_used, "count": grant.max_downloads}
        ),
        AllowMoreForm,
    ),
    Verb(
        "reset",
        gettext_lazy("Count downloads from zero"),
        gettext_lazy("Downloads are counted from zero."),
        SUPPORT,
        lambda grant: grant.downloads_used > 0,
        _reset,
        lambda grant: (
            _("%(used)s downloads were counted. They are forgotten.")
            % {"used": grant.downloads_used}
        ),
    ),
    Verb(
        "extend",
        gettext_lazy("Extend"),
        gettext_lazy("The grant was extended."),
        SUPPORT,
        lambda grant: grant.expires_at is not None,
        _extend,
        lambda _grant: _("Until when may the holder download?"),
        ExtendForm,
    ),
    Verb(
        "transfer",
        gettext_lazy("Transfer"),
        gettext_lazy("The grant was transferred."),
        MANAGE,
        lambda _grant: True,
        _transfer,
        _about_transfer,
        TransferForm,
    ),
    Verb(
        "revoke",
        gettext_lazy("Revoke"),
        gettext_lazy("The grant was revoked."),
        MANAGE,
        lambda grant: not grant.is_revoked,
        _revoke,
        lambda _grant: _(
            "This grant ends now. URLs that were signed already work until they expire."
        ),
    ),
    Verb(
        "restore",
        gettext_lazy("Restore"),
        gettext_lazy("The grant was restored."),
        MANAGE,
        lambda grant: grant.is_revoked and not _is_refunded(grant),
        _restore,
        _about_restoring,
    ),
)


def why_not(verb: Verb, grant: Grant) -> str:
    """Return why the verb doesn't apply to the grant as it is."""
    if verb.name == "restore" and grant.purchase is not None:
        return purchase_verbs.why_not(grant.purchase)
    return _("This would change nothing.")
