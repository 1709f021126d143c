"""The buttons that revoke and restore a whole purchase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cf_protected import services
from cf_protected.models import Grant, Purchase

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# A question names the assets of this many grants.
_NAMED: Final = 20


@dataclass(frozen=True)
class PurchaseVerb:
    """One button. ``act`` takes source and reference, and the actor and reason by name.

    ``applies`` returns whether the verb would change the purchase. ``question`` returns the text
    that asks for confirmation.
    """

    name: str
    label: StrPromise
    done: StrPromise
    applies: Callable[[Purchase], bool]
    act: Callable[..., list[Grant]]
    question: Callable[[Purchase], str]

    def run(self, purchase: Purchase, *, reason: str, actor: Any) -> list[Grant]:
        """Run the verb, and return the changed grants. Raises ``ValueError``."""
        return self.act(purchase.source, purchase.reference, reason=reason, actor=actor)


def _about_revoking(purchase: Purchase) -> str:
    count, assets = _taken(purchase)
    if not count:
        return _("It has no grants that can be used. Those that come later are revoked.")
    ended = ngettext(
        "%(count)d grant ends now, whoever holds it: %(assets)s.",
        "%(count)d grants end now, whoever holds them: %(assets)s.",
        count,
    ) % {"count": count, "assets": assets}
    return " ".join([ended, _("URLs that were signed already work until they expire.")])


def _about_restoring(purchase: Purchase) -> str:
    count, assets = _taken(purchase)
    if not count:
        return _("It has no grants that can be used again. Those that come later aren't revoked.")
    restored = ngettext(
        "%(count)d grant can be used again: %(assets)s.",
        "%(count)d grants can be used again: %(assets)s.",
        count,
    ) % {"count": count, "assets": assets}
    return " ".join([restored, _("Grants that were revoked one by one stay revoked.")])


def _taken(purchase: Purchase) -> tuple[int, str]:
    """Return the number of grants that change with the purchase, and the names of their assets."""
    grants = purchase.grants.filter(revoked_at=None).select_related("asset").order_by("pk")
    count = grants.count()
    names = [str(grant.asset) for grant in grants[:_NAMED]]
    more = count - len(names)
    if more:
        names.append(
            ngettext("… and %(count)d more", "… and %(count)d more", more) % {"count": more}
        )
    return count, ", ".join(names)


PURCHASE_VERBS: Final = (
    PurchaseVerb(
        "revoke",
        gettext_lazy("Revoke the purchase"),
        gettext_lazy("The purchase was revoked."),
        lambda purchase: not purchase.is_revoked,
        services.revoke,
        _about_revoking,
    ),
    PurchaseVerb(
        "restore",
        gettext_lazy("Restore the purchase"),
        gettext_lazy("The purchase was restored."),
        lambda purchase: purchase.revoked_at is not None and purchase.refunded_at is None,
        services.restore,
        _about_restoring,
    ),
)


def why_not(purchase: Purchase) -> str:
    """Return why a verb doesn't apply to the purchase as it is."""
    if purchase.refunded_at is not None:
        return _(
            "The purchase was refunded. Restoring doesn't undo a refund: grant the asset again."
        )
    return _("This would change nothing.")
