"""The mails with links, and the confirmations with which an account claims."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import services
from cf_protected.models import Purchase
from cf_protected.services.links import LinkKind, MailedLink, read_token
from tests.life import model
from tests.life.rules.base import ADDRESSES, NORMAL, NUMBERS, SOURCE, TEXTS, Base


class Mails(Base):
    def ask_for_downloads(self, address: int) -> None:
        expected = self.shop.send_downloads(NORMAL[address])
        now = self.shop.now
        sent = self.posted(lambda: services.send_downloads(ADDRESSES[address], now=now))
        assert sent == expected
        self.did("mail all downloads" if sent else "mail no downloads")

    def mail_the_receipt(self, reference: str) -> None:
        if reference not in self.shop.purchases:
            return
        expected = self.shop.send_receipt(self.shop.purchases[reference])
        purchase = Purchase.objects.get(source=SOURCE, reference=reference)
        sent = self.posted(lambda: services.send_receipt(purchase, now=self.shop.now))
        assert sent == expected
        self.did("mail a receipt" if sent else "mail no receipt")

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, address=TEXTS, answers=st.one_of(st.none(), NUMBERS))
    def ask_to_claim(self, account: int, address: int, answers: int | None) -> None:
        """Ask for a confirmation, and perhaps answer it, also as another account."""
        user = self.user(account)
        expected = self.shop.send_claim_link(user.pk, NORMAL[address])
        now = self.shop.now
        sent = self.posted(lambda: services.send_claim_link(user, ADDRESSES[address], now=now))
        assert sent == expected
        self.did("mail a confirmation" if sent else "mail no confirmation")
        if sent and answers is not None:
            self.confirm_claim(account if answers < 6 else answers, 0)

    @precondition(lambda self: self.links)
    @rule(number=NUMBERS)
    def renew(self, number: int) -> None:
        """Ask for a new link on the page of an expired one."""
        link, mailed = self.opened(number)
        if mailed is None or not mailed.is_expired or link.kind == "claim":
            return
        expected = self.shop.send_new_link(link)
        sent = self.posted(lambda: services.send_new_link(mailed, now=self.shop.now))
        assert sent == expected
        self.did("renew a link" if sent else "renew no link")

    @precondition(lambda self: self.users and self.links)
    @rule(account=NUMBERS, number=NUMBERS)
    def confirm_claim(self, account: int, number: int) -> None:
        """Confirm the claim of any account: only that which asked gets anything."""
        link, mailed = self.opened(number)
        user = self.user(account)
        if mailed is None:
            self.did("open an ended link")
            return
        with self.agreeing(model.Invalid, ValueError) as both:
            expected = both.expected(lambda: self.shop.claim_by_link(user.pk, link))
            claimed = both.done(
                lambda: self.posted(lambda: services.claim_by_link(user, mailed, now=self.shop.now))
            )
            assert claimed == (None if expected is None else len(expected))
            self.did("claim by link" if claimed else "claim nothing by link")

    @rule(address=TEXTS)
    def end_links(self, address: int) -> None:
        expected = self.shop.end_links(NORMAL[address])
        assert services.end_links(ADDRESSES[address]) == expected
        self.did("end links" if expected else "end no links")

    def opened(self, number: int) -> tuple[model.Link, MailedLink | None]:
        """Return one of the latest links, as the model and the services read it."""
        link, token = self.links[-1 - number % len(self.links)]
        mailed = read_token(LinkKind(link.kind), token, now=self.shop.now)
        assert (mailed is not None) == link.is_current
        assert mailed is None or mailed.is_expired == link.is_expired(self.shop.now)
        others = [kind for kind in LinkKind if kind != link.kind]
        assert not any(read_token(kind, token, now=self.shop.now) for kind in others)
        return link, mailed
