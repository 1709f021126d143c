"""Name the holder of a grant: an account, or the address of a buyer who has none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from cf_protected.addresses import normal_address
from cf_protected.models import Grant, Purchase
from cf_protected.services.purchases import database
from cf_protected.verified_emails import vouched_addresses, vouching_user


class UnsavedAccount(ValueError):
    """A holder's account isn't stored, or not any more."""

    def __init__(self) -> None:
        super().__init__("user isn't a saved account, so nothing can be granted to it.")


@dataclass(frozen=True)
class Holder:
    """The holder of a grant: ``user``, or else ``email`` in its normal form."""

    user: Any = None
    email: str = ""

    def __post_init__(self) -> None:
        if (self.user is None) == (not self.email):
            raise ValueError("Name a user or an e-mail address (email), not both or neither.")
        if self.user is not None and not _is_saved(self.user):
            raise UnsavedAccount

    @classmethod
    def named(cls, user: Any = None, email: str = "") -> Holder:
        """Return the holder. Raises ``ValueError`` for both, neither, or a text that isn't one."""
        return cls(user, normal_address(email, "email") if email else "")

    @classmethod
    def of(cls, grant: Grant) -> Holder | None:
        """Return the grant's holder; ``None`` after its account was deleted."""
        if grant.user is None and not grant.email:
            return None
        return cls(grant.user, grant.email)

    def resolved(self) -> Holder:
        """Return the one active account that vouches for the address, or else the holder itself."""
        user = vouching_user(self.email) if self.email else None
        return self if user is None else Holder(user)

    def is_first_of(self, purchase: Purchase) -> bool:
        """Return whether the purchase was first granted to this holder.

        The account that has the address first named is the same holder.
        """
        if self.email and self.email == purchase.email:
            return True
        user = self.resolved().user
        if purchase.user_id is None:
            return user is not None and purchase.email in vouched_addresses(user)
        if purchase.user is None:
            # A new account may be that of the person who deleted the first. Another address isn't.
            return not (self.email and purchase.email)
        return user is not None and user.pk == purchase.user_id


def check_accounts(users: Iterable[Any]) -> None:
    """Raise ``UnsavedAccount`` unless all of these are still stored; ``None`` is skipped.

    Another process may delete one afterwards. It is as if it had done so after the grant: that
    has no holder any more.
    """
    keys = {user.pk for user in users if user is not None}
    accounts = get_user_model()._base_manager.using(database())  # noqa: SLF001 - documented
    if keys and accounts.filter(pk__in=keys).count() < len(keys):
        raise UnsavedAccount


def _is_saved(user: Any) -> bool:
    return isinstance(user, get_user_model()) and user.pk is not None
