"""Name the holder of a grant: an account, or the address of a buyer who has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cf_protected.addresses import normal_address
from cf_protected.models import Grant, Purchase
from cf_protected.verified_emails import vouched_addresses, vouching_user


@dataclass(frozen=True)
class Holder:
    """The holder of a grant: ``user``, or else ``email`` in its normal form."""

    user: Any = None
    email: str = ""

    def __post_init__(self) -> None:
        if (self.user is None) == (not self.email):
            raise ValueError("Name a user or an e-mail address (email), not both or neither.")
        if self.user is not None and self.user.pk is None:
            raise ValueError("user isn't saved, so nothing can be granted to it.")

    @classmethod
    def named(cls, user: Any = None, email: str = "") -> Holder:
        """Return the holder. Raises ``ValueError`` for both, neither, or a text that isn't one."""
        return cls(user, normal_address(email, "email") if email else "")

    @classmethod
    def of(cls, grant: Grant) -> Holder | None:
        """Return the grant's holder; ``None`` after its account was deleted."""
        if grant.user_id is None and not grant.email:
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
        if self.user is None and purchase.email:
            return bool(self.email == purchase.email)
        user = self.resolved().user
        if purchase.user_id is None:
            return user is not None and purchase.email in vouched_addresses(user)
        # Nobody can tell whether a new account is that of the person who deleted the first.
        return purchase.user is None or (user is not None and user.pk == purchase.user_id)
