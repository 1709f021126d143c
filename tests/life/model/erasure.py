"""What remains when a person is forgotten."""

from __future__ import annotations

from tests.life.model.mailboxes import Mailboxes
from tests.life.model.things import Holder, Purchase


class Shop(Mailboxes):
    def forget(self, account: int | None, address: str | None) -> set[Holder]:
        """Return who is forgotten: the account and the addresses that it alone has."""
        names: set[Holder] = {one for one in (account, address) if one is not None}
        if account in self.accounts:
            own = self.accounts[account].addresses
            names |= {one for one in own if self.owners(one) <= {account}}
        for purchase in self.purchases.values():
            self._forget_first(purchase, names)
        for grant in self.grants:
            if grant.holder in names:
                grant.holder, grant.taken_back = None, True
                self.events.append("forgotten")
        for name in names & self.mailboxes.keys():
            self.mailboxes.pop(name).erased = True
        return names

    def _forget_first(self, purchase: Purchase, names: set[Holder]) -> None:
        if purchase.first_user not in names and purchase.first_email not in names:
            return
        if purchase.first_user in names:
            purchase.first_user = None
        purchase.first_email, purchase.erased = "", True
