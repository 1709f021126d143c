"""What browsers do: guests, accounts that sign in, and strangers."""

from __future__ import annotations

from typing import Any

from django.contrib import auth
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import guests, services
from cf_protected.access import DownloadRefused, DownloadUnconfirmed
from cf_protected.models import Grant
from cf_protected.person import Guest, Person
from tests.life import model
from tests.life.model.things import Use
from tests.life.rules.base import ASSETS, NUMBERS, REFERENCES, TEXTS
from tests.life.rules.mails import Mails

BACKEND = "django.contrib.auth.backends.ModelBackend"
BROWSERS = st.integers(0, 2)
TIMES = st.integers(1, 2)  # a double click
FILES = {"asset": st.sampled_from(ASSETS), "file": st.integers(0, 1)}


class Visitors(Mails):
    def __init__(self) -> None:
        super().__init__()
        self.browsers = [model.Browser() for _ in range(3)]
        self.cookies: list[str | None] = [None] * 3

    @rule(
        address=TEXTS,
        reference=st.one_of(st.none(), REFERENCES),
        browser=st.one_of(st.none(), BROWSERS),
    )
    def arrive(self, address: int, reference: str | None, browser: int | None) -> None:
        """Have a mail sent, and perhaps open the latest one."""
        if reference is None:
            self.ask_for_downloads(address)
        else:
            self.mail_the_receipt(reference)
        if self.links and browser is not None:
            self.prove(0, browser)

    @precondition(lambda self: self.links)
    @rule(number=NUMBERS, browser=BROWSERS)
    def prove(self, number: int, browser: int) -> None:
        """Press the button on the page of a link."""
        link, mailed = self.opened(number)
        if mailed is None or mailed.is_expired or link.kind == "claim":
            self.did("press no button")
            return
        self.did("prove a purchase" if link.purchase else "prove a mailbox")
        self.shop.prove(self.browsers[browser], link)
        box = mailed.mailbox
        guest = Guest(box.email, box.pk, mailed.purchase_id, generation=box.generation)
        request = self.request(browser)
        guests.prove(request, guest, now=self.shop.now)
        self.keep(browser, request)

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, browser=BROWSERS)
    def sign_in(self, account: int, browser: int) -> None:
        user = self.user(account)
        if not user.is_active:
            return
        self.did("sign in")
        self.shop.sign_in(self.browsers[browser], user.pk)
        request = self.request(browser)
        auth.login(request, user, BACKEND)
        self.keep(browser, request)

    @rule(browser=BROWSERS, signs_out=st.booleans())
    def leave(self, browser: int, *, signs_out: bool) -> None:
        """Sign out, or press "I'm done", which leaves an account signed in."""
        known = self.browsers[browser]
        if known.account is None and known.proof is None:
            return
        self.did("sign out" if signs_out else "be done")
        if signs_out or known.proof is not None:
            self.browsers[browser] = model.Browser()
        request = self.request(browser)
        (auth.logout if signs_out else guests.forget)(request)
        self.keep(browser, request)

    @rule(browser=BROWSERS, pressed=st.booleans(), times=TIMES, **FILES)
    def visit(self, browser: int, times: int, asset: str, file: int, *, pressed: bool) -> None:
        known = [number for number, one in enumerate(self.browsers) if one != model.Browser()]
        browser = known[browser] if browser < len(known) else browser
        visitor = self.shop.visitor(self.browsers[browser])
        person = self.compared(browser)
        for _ in range(times):
            self.download(person, visitor, asset, file, pressed=pressed)

    @precondition(lambda self: self.users)
    @rule(account=NUMBERS, times=TIMES, **FILES)
    def fetch(self, account: int, times: int, asset: str, file: int) -> None:
        """Download as an account by the API, perhaps one that isn't active."""
        user = self.user(account)
        for _ in range(times):
            self.download(Person(user), model.Visitor(user.pk), asset, file, pressed=True)

    def download(
        self, person: Person, visitor: model.Visitor, asset: str, file: int, *, pressed: bool
    ) -> None:
        now, wanted = self.shop.now, self.files[asset][file]
        kind = _kind(visitor)
        usable = self.shop.usable(visitor, asset, file)
        repeated = any(one.repeats(file, now, visitor.proof) for one in usable)
        try:
            issued = services.issue_url(person, wanted, now=now, confirmed=pressed)
        except DownloadRefused:
            assert not usable
            self.did(f"refuse {kind}")
            return
        except DownloadUnconfirmed:
            assert kind == "a guest"
            assert not pressed
            assert not repeated
            assert any(one.limit is not None for one in usable)
            self.did("ask a guest for the button")
            return
        (used,) = [one for one in usable if self.rows[one] == issued.decision.grant.pk]
        assert (issued.download is None) == used.repeats(file, now, visitor.proof)
        if issued.download is None:
            self.did(f"repeat for {kind}")
            return
        assert used.limit is None or not repeated
        assert used.limit is None or pressed or kind != "a guest"
        used.used += 1
        used.uses[file] = Use(now, visitor.proof)
        self.did(f"issue to {kind}")

    # Browsers

    def request(self, browser: int) -> HttpRequest:
        request = HttpRequest()
        request.session = SessionStore(self.cookies[browser])
        request.user = auth.get_user(request)
        return request

    def keep(self, browser: int, request: Any) -> None:
        if request.session.is_empty():
            self.cookies[browser] = None
            return
        request.session.save()
        self.cookies[browser] = request.session.session_key

    def compared(self, browser: int) -> Person:
        """Return the person in a browser, after comparing who that is and what they hold."""
        visitor = self.shop.visitor(self.browsers[browser])
        person = guests.person_of(self.request(browser), now=self.shop.now)
        guest = person.guest
        assert visitor.holder == (guest.email if guest is not None else person.account_id)
        expected = self.shop.held(visitor.holder, visitor.purchase)
        held = Grant.objects.held_by(person).values_list("pk", flat=True)
        assert sorted(held) == sorted(self.rows[one] for one in expected)
        return person


def _kind(visitor: model.Visitor) -> str:
    if visitor.holder is None:
        return "a stranger"
    return "an account" if isinstance(visitor.holder, int) else "a guest"
