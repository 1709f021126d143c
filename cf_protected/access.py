"""The ownership rule: may this person have this asset now, and if not, why?

``CF_PROTECTED["AUTHORIZER"]`` replaces ``decide`` with a function of the same signature,
which may call this one first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cf_protected import conf
from cf_protected.exceptions import CFProtectedError
from cf_protected.models import Asset, Grant
from cf_protected.moments import end_in_words, in_words
from cf_protected.person import Guest, Person, User
from cf_protected.reasons import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


#: The permission to try any file, as staff.
TRY_FILES: Final = "cf_protected.try_files"


@dataclass(frozen=True)
class Decision:
    """The authoriser's answer.

    ``reason`` is a code, usually one of ``Reason``. ``grant`` is the one that allows the
    download or comes nearest to that. The download is counted there, and fails if the grant
    is revoked or used up; without a grant nothing is counted. ``message`` is a sentence for
    the buyer, which replaces that of ``explain``.
    """

    allowed: bool
    reason: str
    grant: Grant | None = None
    message: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether even the asset's title tells too much: it is a draft the person never had."""
        return self.reason == Reason.UNPUBLISHED and self.grant is None

    @property
    def is_counted(self) -> bool:
        """Whether a download counts against a limit. Then it must not be signed uncounted."""
        return self.grant is not None and self.grant.max_downloads is not None


@dataclass(frozen=True)
class Holding:
    """What several grants of one asset amount to.

    It ends at ``until``. ``left`` of ``total`` downloads remain. Each is ``None`` for no limit.
    """

    until: datetime | None
    left: int | None
    total: int | None

    @classmethod
    def of(cls, grants: Iterable[Grant], now: datetime) -> Holding:
        """Return the sum of the grants that are active, or only used up."""
        usable = [one for one in grants if one.state_at(now) in _USABLE]
        active = [one for one in usable if one.state_at(now) is Grant.State.ACTIVE]
        ends = [one.expires_at for one in active]
        limits = [one.max_downloads for one in usable]
        limited = None not in {one.max_downloads for one in active}
        return cls(
            until=None if None in ends else max(filter(None, ends), default=None),
            left=sum(one.downloads_left or 0 for one in usable) if limited else None,
            total=sum(filter(None, limits)) if limited else None,
        )


class DownloadRefused(CFProtectedError, PermissionDenied):
    """The authoriser refused. ``decision`` has the reason; ``asset`` is what was refused.

    Django answers an uncaught one with 403.
    """

    def __init__(self, decision: Decision, asset: Asset) -> None:
        super().__init__(decision.reason)
        self.decision = decision
        self.asset = asset


class DownloadUnconfirmed(CFProtectedError):
    """A guest's download would be counted, and nothing shows that the guest asked for it.

    Mail scanners open every link that they find. ``decision`` is the authoriser's yes.
    """

    def __init__(self, decision: Decision, asset: Asset) -> None:
        super().__init__("A guest's counted download needs a POST.")
        self.decision = decision
        self.asset = asset


Authorizer = Callable[[Person, Asset, Iterable[Grant], datetime], Decision]

# The first of these states found among a person's grants is the one to tell them about.
_STATE_REASONS: Final = {
    Grant.State.ACTIVE: Reason.GRANTED,
    Grant.State.USED_UP: Reason.LIMIT_REACHED,
    Grant.State.NOT_STARTED: Reason.NOT_STARTED,
    Grant.State.EXPIRED: Reason.EXPIRED,
    Grant.State.REVOKED: Reason.REVOKED,
}
_STATE_ORDER: Final = list(_STATE_REASONS)
_USABLE: Final = {Grant.State.ACTIVE, Grant.State.USED_UP}


def decide(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    """Allow an active account, or a guest, an asset that is published or archived on a grant.

    ``grants`` are the person's grants for the asset, in any state. Of several active ones
    an unlimited one is taken before one whose downloads are counted, then the one with the
    most downloads left, then the one that ends last.
    """
    if person.account is None and person.guest is None:
        return Decision(False, Reason.ANONYMOUS)
    if person.account is not None and not person.account.is_active:
        return Decision(False, Reason.INACTIVE_USER)
    ranked = sorted(grants, key=lambda grant: _rank(grant, now))
    if asset.state == Asset.State.DRAFT:
        return Decision(False, Reason.UNPUBLISHED, ranked[0] if ranked else None)
    if not ranked:
        return Decision(False, Reason.NO_GRANT)
    state = ranked[0].state_at(now)
    return Decision(state is Grant.State.ACTIVE, _STATE_REASONS[state], ranked[0])


def decide_trial(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    """Allow an active member of staff with the permission ``cf_protected.try_files``.

    Staff try files whatever the asset's state, without a grant, and so nothing is counted.
    ``services.try_file`` and ``services.try_folder`` ask this in place of the authoriser.
    """
    account: Any = person.account
    if account is None:
        return Decision(False, Reason.ANONYMOUS)
    if not account.is_active:
        return Decision(False, Reason.INACTIVE_USER)
    may_try = getattr(account, "is_staff", False) and account.has_perm(TRY_FILES)
    return Decision(True, Reason.STAFF) if may_try else Decision(False, Reason.NO_GRANT)


def _rank(grant: Grant, now: datetime) -> tuple[int, bool, int, float]:
    """Sort the grant to use first: without a limit, with the most left, with the latest end."""
    limited = grant.max_downloads is not None
    left, end = grant.downloads_left or 0, grant.expires_at
    until = inf if end is None else end.timestamp()
    return _STATE_ORDER.index(grant.state_at(now)), limited, -left, -until


def get_authorizer() -> Authorizer:
    """Return the function that ``AUTHORIZER`` names. Raises ``ConfigurationError``."""
    where, path = f"{conf.SETTING}['AUTHORIZER']", conf.current().authorizer
    return conf.import_function(where, path, like="cf_protected.access.decide")


_SENTENCES: Final[dict[str, StrPromise]] = {
    Reason.REVOKED: gettext_lazy("Your access was withdrawn, for example because of a refund."),
    Reason.NO_GRANT: gettext_lazy(
        "Your account doesn't have this. Did you buy it with another account?"
    ),
    Reason.UNPUBLISHED: gettext_lazy("This isn't available at the moment."),
    Reason.NOT_RELEASED: gettext_lazy("This will be available later."),
    Reason.ADDRESS_NOT_BOUND: gettext_lazy(
        "This is delivered over IPv4 only, and you came without an IPv4 address."
    ),
    Reason.ANONYMOUS: gettext_lazy("Please sign in first."),
    Reason.INACTIVE_USER: gettext_lazy("Your account isn't active."),
    Reason.GRANTED: gettext_lazy("You can download this."),
    Reason.STAFF: gettext_lazy("You can download this."),
}


def explain(decision: Decision, asker: Person | User | None = None) -> str:
    """Return the sentence that tells the buyer the reason, in their language.

    A guest, who has no account, is told what their mailbox has.
    """
    if decision.message:
        return decision.message
    guest = None if asker is None else Person.of(asker).guest
    if guest is not None and decision.reason == Reason.NO_GRANT:
        return _explain_to(guest)
    grant = decision.grant
    match decision.reason:
        case Reason.NOT_STARTED if grant is not None:
            return _("On %(date)s your access begins.") % {"date": in_words(grant.starts_at)}
        case Reason.EXPIRED if grant is not None and grant.expires_at is not None:
            return _("On %(date)s your access ended.") % {"date": end_in_words(grant.expires_at)}
        case Reason.ENDS_TOO_SOON if grant is not None and grant.expires_at is not None:
            return _("Your access ends on %(date)s, before this becomes available.") % {
                "date": end_in_words(grant.expires_at)
            }
        case Reason.LIMIT_REACHED if grant is not None and grant.max_downloads is not None:
            return _("You have used all %(count)s of your downloads.") % {
                "count": grant.max_downloads
            }
    return str(_SENTENCES.get(decision.reason, gettext_lazy("You can't download this.")))


def _explain_to(guest: Guest) -> str:
    if guest.purchase_id is not None:
        return _("This isn't part of the purchase that your link opens.")
    return _("This doesn't belong to %(email)s. Did you buy it with another address?") % {
        "email": guest.email
    }


def unreleased(decision: Decision, asset: Asset) -> Decision:
    """Return the refusal of a person who may have ``asset``, but not yet."""
    message = ""
    if asset.available_from is not None:
        message = _("This becomes available on %(date)s.") % {
            "date": in_words(asset.available_from)
        }
    return replace(decision, allowed=False, reason=Reason.NOT_RELEASED, message=message)
