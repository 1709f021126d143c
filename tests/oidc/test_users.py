"""Which user a subject is, and which it must never become."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
from django.db import connection

from cf_protected.oidc.conf import IssuerSettings
from cf_protected.oidc.models import Identity
from cf_protected.oidc.users import map_user
from tests.accounts.models import User
from tests.waiting import PATIENCE

ISSUER = "https://login.example.com"
ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.django_db


def claims(sub: str = "sub-1", email: Any = None, verified: Any = True) -> dict[str, Any]:
    emails = {} if email is None else {"email": email, "email_verified": verified}
    return {"iss": ISSUER, "sub": sub, **emails}


def settings(unknown: Literal["refuse", "link", "create"] = "refuse") -> IssuerSettings:
    return IssuerSettings(issuer=ISSUER, audience=("api",), unknown_subjects=unknown)


def identify(user: User, sub: str = "sub-1", issuer: str = ISSUER) -> Identity:
    return Identity.objects.create(user=user, subject=sub, issuer=issuer)


# Known subjects


@pytest.mark.parametrize("unknown", ["refuse", "link", "create"])
def test_a_known_subject(user: User, other_user: User, unknown: Any) -> None:
    identify(user)
    identify(other_user, "sub-2")

    assert map_user(claims(email=other_user.email), settings(unknown)) == user


def test_a_known_subject_is_one_query(user: User, django_assert_num_queries: Any) -> None:
    identify(user)

    with django_assert_num_queries(1):
        assert map_user(claims(), settings()) == user


@pytest.mark.parametrize("sub", ["SUB-1", "sub-1 ", "süb-1", "sub-10"])
def test_a_subject_is_compared_exactly(user: User, sub: str) -> None:
    """Whatever the database thinks is alike."""
    identify(user)

    assert map_user(claims(sub), settings()) is None


@pytest.mark.parametrize("sub", ["SUB-1", "sub-1 ", "süb-1"])
def test_subjects_that_look_alike_have_users_of_their_own(user: User, sub: str) -> None:
    identify(user)

    created = map_user(claims(sub, email="new@example.com"), settings("create"))

    assert created is not None
    assert created != user


def test_the_same_subject_of_another_issuer(user: User) -> None:
    identify(user, issuer="https://login.example.com/")

    assert map_user(claims(), settings()) is None


def test_a_subject_goes_with_its_user(user: User) -> None:
    identify(user)
    user.delete()

    assert not Identity.objects.exists()


# Unknown subjects: refuse


def test_an_unknown_subject_is_nobody(user: User) -> None:
    assert map_user(claims(email=user.email), settings()) is None
    assert not Identity.objects.exists()


# Unknown subjects: link


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM"])
def test_linking_by_a_verified_email(user: User, other_user: User, email: str) -> None:
    assert map_user(claims(email=email), settings("link")) == user
    assert Identity.objects.get().user == user


def test_a_link_outlives_the_email(user: User, other_user: User) -> None:
    map_user(claims(email=user.email), settings("link"))

    assert map_user(claims(email=other_user.email), settings("link")) == user
    assert map_user(claims(), settings("link")) == user


@pytest.mark.parametrize("verified", [False, None, "true", "True", 1, [True], {"a": 1}])
def test_an_unverified_email_is_not_linked(user: User, verified: Any) -> None:
    assert map_user(claims(email=user.email, verified=verified), settings("link")) is None
    assert not Identity.objects.exists()


def test_an_email_that_nobody_speaks_of_is_not_linked(user: User) -> None:
    without = {"iss": ISSUER, "sub": "sub-1", "email": user.email}

    assert map_user(without, settings("link")) is None


@pytest.mark.parametrize("email", [None, "", 7, [], "ada", "bob@example.com", "ada@example.com\0"])
def test_emails_of_nobody(user: User, email: Any) -> None:
    assert map_user(claims(email=email), settings("link")) is None


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_staff_are_not_linked(user: User, flag: str) -> None:
    User.objects.update(**{flag: True})

    assert map_user(claims(email=user.email), settings("link")) is None


def test_inactive_users_are_not_linked(user: User) -> None:
    User.objects.update(is_active=False)

    assert map_user(claims(email=user.email), settings("link")) is None


@pytest.mark.skipif(connection.vendor == "mysql", reason="there the two addresses are one")
@pytest.mark.parametrize("active", [True, False])
def test_an_email_that_several_have_is_not_linked(user: User, active: bool) -> None:
    User.objects.create_user("Ada@example.com", "secret", is_active=active)

    assert map_user(claims(email=user.email), settings("link")) is None


@pytest.mark.parametrize(
    ("stored", "claimed"),
    [
        ("mi\u017fe@example.com", "mise@example.com"),
        ("mise@example.com", "mi\u017fe@example.com"),
        ("\u212aim@example.com", "kim@example.com"),
        ("jörg@example.com", "jorg@example.com"),
        ("jörg@example.com", "JÖRG@example.com"),
    ],
)
def test_letters_that_only_look_alike_are_not_linked(stored: str, claimed: str) -> None:
    User.objects.create_user(stored, "secret")

    assert map_user(claims(email=claimed), settings("link")) is None


@pytest.mark.parametrize(
    ("stored", "claimed"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ADA@xn--bcher-kva.example", "ada@BÜCHER.example"),
    ],
)
def test_both_spellings_of_a_domain_are_one_address(stored: str, claimed: str) -> None:
    user = User.objects.create(email=stored)

    assert map_user(claims(email=claimed), settings("create")) is None
    assert map_user(claims(email=claimed), settings("link")) == user


@pytest.mark.parametrize("unknown", ["link", "create"])
def test_a_domain_to_which_mail_may_go_elsewhere_proves_nothing(unknown: Any) -> None:
    """Mail to straße.de may go to strasse.de, whose owner would confirm the address."""
    User.objects.create(email="ada@straße.de")

    for claimed in ("ada@straße.de", "ada@xn--strae-oqa.de", "ada@strasse.de"):
        user = map_user(claims(claimed, email=claimed), settings(unknown))
        assert user is None or user.get_username() == "ada@strasse.de"
    assert User.objects.filter(email="ada@straße.de", oidc_identities=None).exists()


# Unknown subjects: create


def test_a_new_user_with_a_verified_email(user: User) -> None:
    new = map_user(claims(email="Grace@example.com"), settings("create"))

    assert isinstance(new, User)
    assert new.email == "Grace@example.com"
    assert not new.has_usable_password()
    assert not new.is_staff
    assert map_user(claims(), settings("create")) == new
    assert User.objects.count() == 2


@pytest.mark.parametrize("verified", [False, "true"])
def test_no_user_is_made_of_an_unverified_email(verified: Any) -> None:
    """Here the e-mail address is the user name, so there is no user without."""
    fields = claims(email="grace@example.com", verified=verified)

    assert map_user(fields, settings("create")) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com"])
def test_creating_does_not_take_over_an_account(user: User, email: str) -> None:
    assert map_user(claims(email=email), settings("create")) is None
    assert User.objects.get() == user
    assert not Identity.objects.exists()


def test_an_email_that_does_not_fit_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    email = "grace@example.x"  # Django's field refuses the top-level domain

    with caplog.at_level(logging.WARNING, "cf_protected"):
        assert map_user(claims(email=email), settings("create")) is None

    assert caplog.messages == [f"No user for a subject of {ISSUER}: email"]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "email", [f"{'g' * 60}@{'.'.join(['a' * 60] * 4)}.example.com", '"grace"@example.com']
)
def test_what_isnt_an_address_for_grants_is_none_for_users(email: str) -> None:
    assert map_user(claims(email=email), settings("create")) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("unknown", ["link", "create"])
def test_a_user_model_without_an_email(
    user: User, unknown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "EMAIL_FIELD", "mail")  # which it doesn't have

    assert map_user(claims(email=user.email), settings(unknown)) is None
    assert User.objects.get() == user


# Two requests at the same time


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("unknown", ["link", "create"])
def test_threads_that_come_together_are_one_user(unknown: Any) -> None:
    if unknown == "link":
        User.objects.create_user("grace@example.com", "secret")
    barrier = threading.Barrier(8)

    def run(_: int) -> object:
        barrier.wait(PATIENCE)
        try:
            return map_user(claims(email="grace@example.com"), settings(unknown))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(run, range(8)))

    assert users == [User.objects.get()] * 8
    assert Identity.objects.count() == 1


# Django's own user model

OWN_USERS = """
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "cf_protected",
        "cf_protected.oidc",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django

django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from cf_protected.oidc.conf import IssuerSettings
from cf_protected.oidc.users import map_user

call_command("migrate", verbosity=0)
issuer = IssuerSettings("https://login.example.com", ("api",), unknown_subjects="create")


def new(sub, email=None, verified=True):
    return map_user({"sub": sub, "email": email, "email_verified": verified}, issuer)


first, second = new("one"), new("two", "grace@example.com", False)
third = new("three", "grace@example.com")
assert len(first.username) == 37 and first.username.startswith("oidc-"), first.username
assert len({first.username, second.username, third.username}) == 3
assert (first.email, second.email, third.email) == ("", "", "grace@example.com")
assert not first.has_usable_password()
assert new("one") == first
assert new("four", "GRACE@example.com") is None

User.objects.all().delete()
User.objects.create_user(first.username, password="the attacker's")
again = new("one")
assert again.username not in ("", first.username), again  # a taken name keeps no subject out
assert not again.has_usable_password()
assert new("one") == again
assert User.objects.count() == 2
print("done")
"""


def test_users_with_a_user_name() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", OWN_USERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
