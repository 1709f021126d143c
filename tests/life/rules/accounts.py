"""What accounts do, and what happens to people."""

from __future__ import annotations

from django.db.models import Q
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import services
from cf_protected.models import Download, Grant, GrantEvent, Mailbox, Purchase, Use
from tests.accounts.models import User
from tests.life import model
from tests.life.rules.base import ADDRESSES, NORMAL, NUMBERS, SELDOM, TEXTS, Base
from tests.life.vouching import ConfirmedEmails

MOST = 4


class Accounts(Base):
    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.gone: list[int] = []

    @precondition(lambda self: len(self.users) < MOST)
    @rule()
    def sign_up(self) -> None:
        self.did("sign up")
        self.made += 1
        self.users.append(User.objects.create(email=f"login-{self.made}@example.com"))
        self.shop.accounts[self.users[-1].pk] = model.Account()

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, address=st.sampled_from(NORMAL), confirmed=st.booleans())
    def confirm(self, account: int, address: str, *, confirmed: bool) -> None:
        self.did("confirm an address" if confirmed else "lose an address")
        user = self.user(account)
        addresses = self.shop.accounts[user.pk].addresses
        known, pair = ConfirmedEmails.confirmed, (user.pk, address)
        (addresses.add if confirmed else addresses.discard)(address)
        (known.add if confirmed else known.discard)(pair)

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, inactive=SELDOM)
    def activate(self, account: int, *, inactive: bool) -> None:
        self.did("deactivate" if inactive else "activate")
        user = self.user(account)
        user.is_active = self.shop.accounts[user.pk].active = not inactive
        user.save(update_fields=["is_active"])

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, really=SELDOM)
    def delete(self, account: int, *, really: bool) -> None:
        if not really:
            return
        self.did("delete")
        user = self.user(account)
        self.users.remove(user)
        self.gone.append(user.pk)
        ConfirmedEmails.forget(user.pk)
        self.shop.delete(user.pk)
        user.delete()

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, address=st.one_of(st.none(), TEXTS))
    def claim(self, account: int, address: int | None) -> None:
        """Of an address that the project itself has proved, or of those it vouches for."""
        user = self.user(account)
        typed, normal = (None, None) if address is None else (ADDRESSES[address], NORMAL[address])
        with self.agreeing(model.Invalid, ValueError) as both:
            expected = both.expected(lambda: self.shop.claim(user.pk, normal))
            number = both.done(lambda: services.claim(user, typed, now=self.shop.now))
            assert number == len(expected)
            self.did("claim" if expected else "claim nothing")

    @rule(number=NUMBERS, address=st.one_of(st.none(), TEXTS), really=SELDOM)
    def forget(self, number: int, address: int | None, *, really: bool) -> None:
        """Forget an account, also one that was deleted, or an address, or both."""
        known = [*self.users, *(User(pk=pk) for pk in self.gone), None]
        user = known[number % len(known)]
        if not really or (user is None and address is None):
            return
        self.did("forget")
        typed, normal = ("", None) if address is None else (ADDRESSES[address], NORMAL[address])
        names = self.shop.forget(None if user is None else user.pk, normal)
        services.forget_person(user, email=typed, now=self.shop.now)
        for name in names:
            assert not any(_traces(name))


def _traces(name: model.Holder) -> list[bool]:
    """Return for each table whether it names the account or the address."""
    kind = "user" if isinstance(name, int) else "email"
    held = Q(**{kind: name})
    changed = Q(**{f"old_{kind}": name}) | Q(**{f"new_{kind}": name})
    tables = [(Grant, held), (Purchase, held), (Download, held), (GrantEvent, changed)]
    if kind == "email":
        tables.append((Mailbox, held))
    else:
        tables += [(Use, held), (GrantEvent, Q(actor=name))]
    return [table.objects.filter(where).exists() for table, where in tables]
