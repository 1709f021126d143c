"""The verbs that change grants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.life.model.things import (
    Account,
    Conflict,
    Grant,
    Holder,
    Invalid,
    Purchase,
    Unknown,
)


class Verbs:
    """The verbs. Each returns the grants that it changed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.accounts: dict[int, Account] = {}
        self.purchases: dict[str, Purchase] = {}
        self.grants: list[Grant] = []
        self.events: list[str] = []

    # Accounts

    def delete(self, account: int) -> None:
        del self.accounts[account]
        for grant in self.grants:
            if grant.holder == account:
                grant.holder = None

    def resolve(self, holder: Holder) -> Holder:
        """An address is the account's that alone has confirmed it."""
        owners = self.owners(holder)
        return owners.pop() if len(owners) == 1 else holder

    def owners(self, holder: Holder) -> set[int]:
        return {n for n, one in self.accounts.items() if one.active and holder in one.addresses}

    # Verbs

    def grant(
        self,
        asset: str,
        reference: str | None,
        holder: Holder,
        *,
        quantity: int,
        ends: datetime | None,
        limit: int | None,
    ) -> tuple[Grant, bool]:
        """Return the grant, and whether it is new."""
        if reference is None:
            return self._new(asset, None, self.resolve(holder), ends, limit), True
        purchase = self.purchases.get(reference) or Purchase()
        if not purchase.granted:
            self._begin(purchase, holder, quantity)
            self.purchases[reference] = purchase
        elif not purchase.erased and not self._is_first(purchase, holder):
            raise Conflict
        for grant in self.grants:
            if grant.purchase is purchase and grant.asset == asset:
                return grant, False
        first = purchase.first_user
        if purchase.erased and first not in self.accounts:
            return self._forgotten(asset, purchase, ends, limit), True
        owner = first if first in self.accounts else self.resolve(holder)
        return self._new(asset, purchase, owner, ends, limit), True

    def _begin(self, purchase: Purchase, holder: Holder, quantity: int) -> None:
        owner = self.resolve(holder)
        purchase.granted = True
        purchase.first_user = owner if isinstance(owner, int) else None
        purchase.first_email = holder if isinstance(holder, str) else ""
        purchase.quantity = quantity
        if purchase.whole:
            purchase.refunded = max(purchase.refunded, quantity)
        purchase.whole = purchase.whole or purchase.refunded >= quantity

    def _is_first(self, purchase: Purchase, holder: Holder) -> bool:
        if holder == purchase.first_email:
            return True
        owner = self.resolve(holder)
        if purchase.first_user is None:
            account = self.accounts.get(owner) if isinstance(owner, int) else None
            return bool(account and account.active and purchase.first_email in account.addresses)
        if purchase.first_user not in self.accounts:
            return isinstance(holder, int) or not purchase.first_email
        return owner == purchase.first_user

    def _new(
        self,
        asset: str,
        purchase: Purchase | None,
        holder: Holder,
        ends: datetime | None,
        limit: int | None,
    ) -> Grant:
        grant = Grant(asset, purchase, holder, ends, limit, past_ends={ends})
        self.grants.append(grant)
        self.events.append("granted")
        return grant

    def _forgotten(
        self, asset: str, purchase: Purchase, ends: datetime | None, limit: int | None
    ) -> Grant:
        """Remember a repetition for a holder who was forgotten."""
        grant = Grant(asset, purchase, None, ends, limit, taken_back=True)
        self.grants.append(grant)
        self.events.append("forgotten")
        return grant

    def of(self, reference: str, asset: str | None = None) -> list[Grant]:
        purchase = self.purchases.get(reference)
        return [
            grant
            for grant in self.grants
            if purchase is not None and grant.purchase is purchase and asset in (None, grant.asset)
        ]

    def revoke(self, reference: str) -> list[Grant]:
        purchase = self.purchases.setdefault(reference, Purchase())
        ended = [grant for grant in self.of(reference) if not grant.revoked]
        if not purchase.disputed:
            purchase.disputed = True
            self.events.append("revoked")
        return ended

    def refund(self, reference: str, units: int | None) -> list[Grant]:
        purchase = self.purchases.setdefault(reference, Purchase())
        if purchase.whole:
            return []
        before = [grant for grant in self.of(reference) if not grant.revoked]
        total = max(purchase.refunded, purchase.quantity if units is None else units)
        purchase.whole = units is None or (purchase.granted and total >= purchase.quantity)
        if purchase.whole or total > purchase.refunded:
            self.events.append("refunded")
        purchase.refunded = total
        return before if purchase.whole else []

    def restore(self, reference: str) -> list[Grant]:
        purchase = self.purchases.get(reference)
        if purchase is None or not purchase.disputed:
            return []
        purchase.disputed = False
        self.events.append("restored")
        return [grant for grant in self.of(reference) if not grant.revoked]

    def revoke_grants(self, grants: Iterable[Grant]) -> list[Grant]:
        ended = []
        for grant in grants:
            if grant.taken_back:
                continue
            if not grant.revoked:
                ended.append(grant)
            grant.taken_back = True
            self.events.append("revoked")
        return ended

    def restore_grants(self, grants: Iterable[Grant]) -> list[Grant]:
        restored = []
        for grant in grants:
            if grant.taken_back:
                grant.taken_back = False
                self.events.append("restored")
                restored.append(grant)
        return [grant for grant in restored if not grant.revoked]

    def transfer(self, grants: Iterable[Grant], holder: Holder) -> list[Grant]:
        owner = self.resolve(holder)
        if isinstance(owner, int) and not self.accounts[owner].active:
            raise Invalid
        moved = [grant for grant in grants if grant.holder != owner]
        for grant in moved:
            grant.holder = owner
            grant.uses.clear()
            self.events.append("transferred")
        return moved

    def claim(self, account: int, address: str | None = None) -> list[Grant]:
        if not self.accounts[account].active:
            raise Invalid
        addresses = {address}
        if address is None:
            vouched = self.accounts[account].addresses
            addresses = {one for one in vouched if self.resolve(one) == account}
        claimed = [grant for grant in self.grants if grant.holder in addresses]
        for grant in claimed:
            purchase = grant.purchase
            if purchase and purchase.first_user is None and purchase.first_email == grant.holder:
                purchase.first_user = account
            grant.holder = account
            self.events.append("claimed")
        return claimed

    def extend(self, reference: str, ends: datetime) -> list[Grant]:
        grants = self.of(reference)
        if not grants:
            raise Unknown
        if ends <= self.now:
            if any(ends in grant.past_ends for grant in grants):
                return []
            raise Invalid
        later = [grant for grant in grants if grant.ends is not None and grant.ends < ends]
        for grant in later:
            grant.ends = ends
            grant.past_ends.add(ends)
            self.events.append("extended")
        return later

    def allow_more(self, grant: Grant, count: int) -> list[Grant]:
        if grant.limit is None:
            return []
        grant.limit += count
        self.events.append("allowed_more")
        return [grant]

    def reset(self, grant: Grant) -> list[Grant]:
        if not grant.used:
            return []
        grant.used = 0
        self.events.append("reset")
        return [grant]
