"""Find the person or the purchase that a page of the support desk shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.http import urlencode

from cf_protected.addresses import normal_address
from cf_protected.admin.people import stated_address, users_named, users_stating
from cf_protected.models import Grant, GrantEvent, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.services import Holder
from cf_protected.verified_emails import vouched_addresses, vouching_user

_Verb = GrantEvent.Verb


@dataclass(frozen=True)
class Case:
    """An account with the addresses it vouches for, an address, or a purchase."""

    account: Any = None
    email: str = ""
    purchase: Purchase | None = None
    vouched: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of_account(cls, account: Any) -> Case:
        """Return the case of an account."""
        return cls(account=account, vouched=tuple(vouched_addresses(account)))

    @classmethod
    def of_holder(cls, holder: Holder) -> Case:
        """Return the case of a grant's holder."""
        return cls.of_account(holder.user) if holder.user is not None else cls(email=holder.email)

    @classmethod
    def named(cls, query: Mapping[str, str]) -> Case | None:
        """Return what a link names, or ``None``. Raises ``ValueError`` for what can't exist."""
        if "user" in query:
            users = get_user_model()._default_manager  # noqa: SLF001 - documented
            return cls.of_account(_get(users.all(), query["user"]))
        if "purchase" in query:
            return cls(purchase=_get(Purchase.objects.all(), query["purchase"]))
        return cls(email=normal_address(query["email"])) if "email" in query else None

    def __str__(self) -> str:
        if self.purchase is not None:
            return str(self.purchase)
        return self.email or str(self.account.get_username())

    @property
    def query(self) -> str:
        """The query of the link to the case's page."""
        if self.purchase is not None:
            return urlencode({"purchase": self.purchase.pk})
        return urlencode({"email": self.email} if self.email else {"user": self.account.pk})

    @property
    def holder(self) -> Holder | None:
        """Whom the case is about; ``None`` for a purchase, which may have several holders."""
        if self.purchase is not None:
            return None
        return Holder(self.account, self.email)

    def grants(self, grants: GrantQuerySet) -> GrantQuerySet:
        """Return the case's own ``grants``, including those that wait."""
        if self.purchase is not None:
            return grants.filter(purchase=self.purchase)
        waiting = Q(user=None, email__in=[self.email] if self.email else self.vouched)
        return grants.filter(waiting | Q(user=self.account) if self.account else waiting)

    def purchases(self) -> Q:
        """Return the condition of the purchases that were first the person's."""
        if self.purchase is not None:
            return Q(pk=self.purchase.pk)
        first = Q(email__in=[self.email] if self.email else self.vouched)
        return first | Q(user=self.account) if self.account else first

    def downloads(self) -> Q:
        """Return the condition of the log's rows about the person, as account and as guest."""
        if self.purchase is not None:
            return Q(pk__in=())
        as_guest = Q(user=None, email__in=[self.email] if self.email else self.vouched)
        return as_guest | Q(user=self.account) if self.account else as_guest

    def given(self, grants: GrantQuerySet) -> QuerySet[GrantEvent]:
        """Return the events by which ``grants`` went from the person to others, latest first."""
        if self.purchase is not None:
            return GrantEvent.objects.none()
        own = [self.email] if self.email else self.vouched
        old, new = Q(old_email__in=own), Q(new_email__in=own)
        if self.account is not None:
            old, new = old | Q(old_user=self.account), new | Q(new_user=self.account)
        events = _moves().filter(old, grant__in=grants).exclude(new)
        return events.exclude(grant__in=self.grants(grants)).order_by("-at", "-pk")

    def unconfirmed(self) -> str:
        """Return the address that the account states, if nothing confirms it and grants wait."""
        stated = stated_address(self.account) if self.account is not None else ""
        if not stated or stated in self.vouched:
            return ""
        return stated if Grant.objects.filter(user=None, email=stated).exists() else ""

    def vouching(self) -> Any:
        """Return the account that vouches for the address, or ``None``."""
        return vouching_user(self.email) if self.email else None

    def stating(self) -> list[Any]:
        """Return the accounts that have the address, although they don't vouch for it."""
        vouching = self.vouching()
        found = users_stating([self.email]).get(self.email, []) if self.email else []
        return [user for user in found if user != vouching]


def search(text: str) -> list[Case]:
    """Return the cases with exactly this user name, address or purchase reference."""
    return [*dict.fromkeys(_search(text))]


def _search(text: str) -> Iterator[Case]:
    accounts = [*users_named([text]).values()]
    try:
        address = normal_address(text) if "@" in text else ""
    except ValueError:
        address = ""
    if address:
        vouching = vouching_user(address)
        accounts += [vouching] if vouching is not None else []
        accounts += users_stating([address]).get(address, [])
    yield from map(Case.of_account, accounts)
    if address and _is_known(address, accounts):
        yield Case(email=address)
    for purchase in Purchase.objects.filter(reference=text)[:20]:
        yield _case_of(purchase)


def _is_known(address: str, accounts: list[Any]) -> bool:
    """Return whether grants wait for the address, or went from it to none of the accounts found.

    Without an account its purchases are asked too.
    """
    if Grant.objects.filter(user=None, email=address).exists():
        return True
    if _moves().filter(old_email=address).exclude(new_user__in=accounts).exists():
        return True
    return not accounts and Purchase.objects.filter(email=address).exists()


def _moves() -> QuerySet[GrantEvent]:
    """Return the events by which grants went from one holder to another."""
    return GrantEvent.objects.filter(verb__in=[_Verb.TRANSFERRED, _Verb.CLAIMED])


def _case_of(purchase: Purchase) -> Case:
    """Return the case of the purchase's one holder, or that of the purchase."""
    holders = {Holder.of(one) for one in purchase.grants.select_related("user")[:100]}
    holder = holders.pop() if len(holders) == 1 else None
    return Case(purchase=purchase) if holder is None else Case.of_holder(holder)


def _get(rows: Any, key: str) -> Any:
    try:
        found = rows.filter(pk=key).first()
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{key!r} isn't a key.") from error
    if found is None:
        raise ValueError(f"Nothing has the key {key!r}.")
    return found
