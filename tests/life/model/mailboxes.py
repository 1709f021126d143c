"""Mailboxes, the links that are mailed to them, and what these open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.life.model.things import (
    PROOF_LIFETIME,
    Browser,
    Grant,
    Holder,
    Link,
    Mail,
    Mailbox,
    Proof,
    Purchase,
    Visitor,
)
from tests.life.model.verbs import Verbs

MAIL_PAUSE: Final = timedelta(minutes=2)
MAILS_A_DAY: Final = 5
DAY: Final = timedelta(days=1)


class Mailboxes(Verbs):
    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.mailboxes: dict[str, Mailbox] = {}
        self.mails: list[Mail] = []
        self.proofs = count()

    # Links

    def mailbox(self, address: str) -> Mailbox:
        return self.mailboxes.setdefault(address, Mailbox(address))

    def end_links(self, address: str) -> bool:
        mailbox = self.mailboxes.get(address)
        if mailbox is not None:
            mailbox.generation += 1
        return mailbox is not None

    def send_downloads(self, address: str) -> bool:
        owner = self.resolve(address)
        waiting = self.held(address)
        if not waiting and not (isinstance(owner, int) and self.held(owner)):
            return False
        mailbox = self.mailbox(address)
        if not self._admits(mailbox):
            return False
        self._mail(mailbox, self._link("mailbox", mailbox) if waiting else None)
        return True

    def send_claim_link(self, account: int, address: str) -> bool:
        if not self.held(address):
            return False
        mailbox = self.mailbox(address)
        if not self._admits(mailbox):
            return False
        self._mail(mailbox, self._link("claim", mailbox, account=account))
        return True

    def send_receipt(self, purchase: Purchase) -> int:
        held = [one for one in self.grants if one.purchase is purchase]
        texts = {one.holder for one in held if isinstance(one.holder, str)}
        owners = {one.holder for one in held if isinstance(one.holder, int)}
        waiting = [self._send_receipt(purchase, self.mailbox(address)) for address in texts]
        return sum(waiting) + sum(self._send_news(purchase, owner) for owner in owners)

    def send_new_link(self, link: Link) -> bool:
        """Mail a new link in place of an expired one."""
        address, purchase = link.mailbox.address, link.purchase
        if purchase is None or all(one.purchase is not purchase for one in self.held(address)):
            return self.send_downloads(address)
        return self._admits(link.mailbox) and self._send_receipt(purchase, link.mailbox)

    def _send_receipt(self, purchase: Purchase, mailbox: Mailbox) -> bool:
        if not self._opens(self.held(mailbox.address, purchase)):
            return False
        self._mail(mailbox, self._link("receipt", mailbox, purchase=purchase))
        return True

    def _send_news(self, purchase: Purchase, owner: int) -> bool:
        account = self.accounts[owner]
        if not (account.active and account.addresses and self._opens(self.held(owner, purchase))):
            return False
        first = purchase.first_email
        self._mail(
            self.mailbox(first if first in account.addresses else min(account.addresses)), None
        )
        return True

    def _admits(self, mailbox: Mailbox) -> bool:
        recent = [moment for moment in mailbox.asked if self.now - moment < DAY]
        if len(recent) >= MAILS_A_DAY or any(self.now - one < MAIL_PAUSE for one in recent):
            return False
        mailbox.asked = [*recent, self.now]
        return True

    def _link(self, kind: str, mailbox: Mailbox, **what: Any) -> Link:
        return Link(kind, mailbox, mailbox.generation, self.now, **what)

    def _mail(self, mailbox: Mailbox, link: Link | None) -> None:
        self.mails.append(Mail(mailbox.address, link))

    # What ends them

    def transfer(self, grants: Iterable[Grant], holder: Holder) -> list[Grant]:
        grants = list(grants)
        before = {grant: grant.holder for grant in grants}
        moved = super().transfer(grants, holder)
        addresses = {old for one in moved if isinstance(old := before[one], str)}
        for address in addresses:
            self.end_links(address)
            if self._opens(one for one in moved if before[one] == address):
                self._mail(self.mailbox(address), None)
        return moved

    def claim_by_link(self, account: int, link: Link) -> list[Grant] | None:
        if not link.is_current or link.is_expired(self.now) or link.account != account:
            return None
        claimed = self.claim(account, link.mailbox.address)
        link.mailbox.generation += 1
        if claimed:
            self._mail(link.mailbox, None)
        return claimed

    # Browsers

    def visitor(self, browser: Browser) -> Visitor:
        account = self.accounts.get(browser.account) if browser.account is not None else None
        if account is not None and account.active:
            return Visitor(browser.account)
        proof = browser.proof
        if proof is None or not proof.holds(self.now):
            return Visitor()
        return Visitor(proof.link.mailbox.address, proof.link.purchase, proof.number)

    def sign_in(self, browser: Browser, account: int) -> None:
        browser.account, browser.proof = account, None
        self.claim(account)

    def prove(self, browser: Browser, link: Link) -> None:
        """Nothing changes for an account. A proof of the same stays the same."""
        if isinstance(self.visitor(browser).holder, int):
            return
        earlier = browser.proof
        stays = earlier and earlier.holds(self.now) and earlier.is_for_the_same(link)
        number = earlier.number if earlier and stays else next(self.proofs)
        browser.account = None
        browser.proof = Proof(link, number, self.now + PROOF_LIFETIME)

    def held(self, holder: Holder, purchase: Purchase | None = None) -> list[Grant]:
        """Nobody holds what has no holder."""
        return [
            grant
            for grant in self.grants
            if holder is not None and grant.holder == holder and purchase in (None, grant.purchase)
        ]

    def usable(self, visitor: Visitor, asset: str, file: int) -> list[Grant]:
        """Return the grants on which a download is allowed now."""
        if isinstance(visitor.holder, int) and not self.accounts[visitor.holder].active:
            return []
        return [
            grant
            for grant in self.held(visitor.holder, visitor.purchase)
            if grant.asset == asset and grant.allows(file, self.now, visitor.proof)
        ]

    def _opens(self, grants: Iterable[Grant]) -> bool:
        return any(grant.is_active(self.now) for grant in grants)
