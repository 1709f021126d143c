"""A proof in the session makes a visitor a guest, for a while, and never an account."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY, login, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from cf_protected import guests
from cf_protected.models import Grant, Mailbox
from cf_protected.person import Guest, Person
from cf_protected.services.mailboxes import end_links
from tests.accounts.models import User
from tests.conftest import guest_of

MOMENT = timedelta(seconds=1)
ENGINES = ["db", "signed_cookies", "cache", "cached_db"]


class Browser:
    """One browser's session, over several requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: str | None = None

    def request(self, user: Any = None) -> HttpRequest:
        engine = import_module(self._settings.SESSION_ENGINE)
        request = RequestFactory().get("/")
        request.user = user or AnonymousUser()
        request.session = engine.SessionStore(self._key)
        return request

    def keep(self, request: HttpRequest) -> None:
        request.session.save()
        self._key = request.session.session_key

    def prove(self, mailbox: Mailbox, **options: Any) -> None:
        now = options.pop("now", None)
        person = guest_of(mailbox, **options)
        assert person.guest is not None
        request = self.request()
        guests.prove(request, person.guest, now=now)
        self.keep(request)

    @property
    def person(self) -> Person:
        return guests.person_of(self.request())


@pytest.fixture(params=ENGINES)
def browser(request: pytest.FixtureRequest, settings: Settings, db: None) -> Browser:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    return Browser(settings)


@pytest.fixture
def one(settings: Settings, db: None) -> Browser:
    return Browser(settings)


def test_a_proof_makes_a_guest(browser: Browser, mailbox: Mailbox) -> None:
    assert browser.person == Person()
    browser.prove(mailbox)

    guest = browser.person.guest
    assert guest is not None
    assert (guest.email, guest.mailbox_id, guest.purchase_id) == (
        "guest@example.com",
        mailbox.pk,
        None,
    )
    assert len(guest.proof) >= 20


def test_a_guest_is_never_the_requests_user(one: Browser, mailbox: Mailbox) -> None:
    one.prove(mailbox)
    request = one.request()
    guests.person_of(request)

    assert isinstance(request.user, AnonymousUser)
    assert not request.user.is_authenticated


def test_it_lasts_twelve_hours_and_no_longer(browser: Browser, mailbox: Mailbox) -> None:
    now = timezone.now()
    browser.prove(mailbox, now=now)

    def known_at(moment: Any) -> bool:
        return guests.person_of(browser.request(), now=moment).is_known

    assert known_at(now + timedelta(hours=12) - MOMENT)
    assert not known_at(now + timedelta(hours=12))
    assert known_at(now - timedelta(minutes=4))
    assert not known_at(now - timedelta(hours=1)), "a wrong clock would prolong it"


def test_it_ends_with_the_mailboxs_generation(browser: Browser, mailbox: Mailbox) -> None:
    browser.prove(mailbox)
    end_links(mailbox.email)

    assert browser.person == Person()


def test_it_ends_with_the_mailbox(browser: Browser, mailbox: Mailbox) -> None:
    browser.prove(mailbox)
    mailbox.delete()

    assert browser.person == Person()


def test_a_link_of_an_earlier_generation_proves_nothing(one: Browser, mailbox: Mailbox) -> None:
    request = one.request()
    guests.prove(request, Guest(mailbox.email, mailbox.pk, generation=2))

    assert guests.person_of(request) == Person()


def test_a_mailbox_that_is_gone_proves_nothing(one: Browser, mailbox: Mailbox) -> None:
    person = guest_of(mailbox)
    mailbox.delete()

    assert person.guest is not None
    with pytest.raises(Mailbox.DoesNotExist):
        guests.prove(one.request(), person.guest)


def test_a_corrected_address_is_the_guests_address(one: Browser, mailbox: Mailbox) -> None:
    one.prove(mailbox)
    Mailbox.objects.update(email="corrected@example.com")

    guest = one.person.guest
    assert guest is not None
    assert guest.email == "corrected@example.com"


def test_the_session_has_no_address(one: Browser, mailbox: Mailbox) -> None:
    one.prove(mailbox)

    assert mailbox.email not in str(dict(one.request().session.items()))


def test_the_generation_is_read_once_for_a_request(
    one: Browser, mailbox: Mailbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one.prove(mailbox)
    request = one.request()
    request.session.get("anything")

    with django_assert_num_queries(1):
        first = guests.person_of(request)
        assert guests.person_of(request) is first


def test_an_account_asks_no_mailbox(
    one: Browser, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = one.request(user)

    with django_assert_num_queries(0):
        assert guests.person_of(request).account == user


def test_a_stranger_asks_no_mailbox(
    one: Browser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = one.request()
    request.session.get("anything")

    with django_assert_num_queries(0):
        assert guests.person_of(request) == Person()


def test_a_request_without_a_session_is_a_strangers(db: None) -> None:
    assert guests.person_of(RequestFactory().get("/")) == Person()


# The session


def test_a_proof_changes_the_sessions_key(one: Browser, mailbox: Mailbox) -> None:
    """An attacker may have planted the earlier one."""
    request = one.request()
    request.session["basket"] = [1]
    one.keep(request)
    planted = one._key
    one.prove(mailbox)

    assert one._key != planted
    assert one.request().session["basket"] == [1]
    assert not one.request().session.exists(planted)


def test_another_address_empties_the_session(browser: Browser, mailbox: Mailbox) -> None:
    browser.prove(mailbox)
    request = browser.request()
    request.session["basket"] = [1]
    browser.keep(request)

    other = Mailbox.objects.create(email="other@example.com")
    browser.prove(other)

    assert "basket" not in browser.request().session
    assert browser.person.guest is not None
    assert browser.person.guest.email == "other@example.com"


def test_so_it_does_after_the_other_proof_ended(one: Browser, mailbox: Mailbox) -> None:
    one.prove(mailbox, now=timezone.now() - timedelta(hours=13))
    request = one.request()
    request.session["basket"] = [1]
    one.keep(request)
    one.prove(Mailbox.objects.create(email="other@example.com"))

    assert "basket" not in one.request().session


def test_so_does_a_proof_after_an_account_that_is_gone(
    one: Browser, mailbox: Mailbox, user: User
) -> None:
    request = one.request()
    login(request, user)
    request.session["basket"] = [1]
    one.keep(request)
    user.delete()
    one.prove(mailbox)

    session = one.request().session
    assert "basket" not in session
    assert SESSION_KEY not in session


def test_the_same_address_keeps_the_session(one: Browser, mailbox: Mailbox) -> None:
    one.prove(mailbox)
    request = one.request()
    request.session["basket"] = [1]
    one.keep(request)
    first = one.person.guest
    one.prove(mailbox)
    again = one.person.guest

    assert one.request().session["basket"] == [1]
    assert first is not None
    assert again is not None
    assert first.proof == again.proof, "so that a repeat stays one"


def test_another_purchase_replaces_the_proof(
    one: Browser, mailbox: Mailbox, waiting: Grant
) -> None:
    one.prove(mailbox)
    first = one.person.guest
    one.prove(mailbox, purchase=waiting.purchase)
    second = one.person.guest

    assert first is not None
    assert second is not None
    assert second.purchase_id == waiting.purchase_id
    assert second.proof != first.proof


# Accounts


def test_signing_in_ends_the_proof(browser: Browser, mailbox: Mailbox, user: User) -> None:
    browser.prove(mailbox)
    request = browser.request()
    login(request, user)
    browser.keep(request)
    assert guests.person_of(request).account == user

    # An account that is gone leaves its session, in which no guest may turn up again.
    assert browser.person == Person()
    request = browser.request(user)
    logout(request)
    browser.keep(request)
    assert browser.person == Person()


def test_an_account_hides_a_guest(one: Browser, mailbox: Mailbox, user: User) -> None:
    """Such as one that a middleware of the project's own recognises, without a login."""
    one.prove(mailbox)

    assert guests.person_of(one.request(user)) == Person(user)


def test_who_is_signed_in_proves_nothing(one: Browser, mailbox: Mailbox, user: User) -> None:
    request = one.request(user)
    guest = guest_of(mailbox).guest
    assert guest is not None
    guests.prove(request, guest)

    assert guests.person_of(request) == Person(user)
    assert not request.session.items()


def test_a_login_without_a_request_is_none_of_its_business(db: None) -> None:
    guests.end_at_login(request=None, user=None)
    guests.end_at_login(request=RequestFactory().get("/"), user=None)


# "I'm done"


def test_a_guest_who_is_done_leaves_nothing(browser: Browser, mailbox: Mailbox) -> None:
    browser.prove(mailbox)
    request = browser.request()
    request.session["ordered_by"] = "Gisela"
    guests.forget(request)

    assert guests.person_of(request) == Person()
    assert not request.session.items()
    (ended,) = guests.ended_guests(request)
    assert ended.email == mailbox.email
    assert guests.ended_guests(request) == []


def test_a_stranger_who_is_done_keeps_the_basket(one: Browser) -> None:
    request = one.request()
    request.session["basket"] = [1]
    guests.forget(request)

    assert request.session["basket"] == [1]


def test_an_account_that_is_done_stays_signed_in(
    one: Browser, mailbox: Mailbox, user: User
) -> None:
    one.prove(mailbox)
    request = one.request(user)
    request.session["basket"] = [1]
    guests.forget(request)

    assert request.session["basket"] == [1]
    assert guests.person_of(request) == Person(user)
    request.user = AnonymousUser()
    assert guests.person_of(request) == Person()
