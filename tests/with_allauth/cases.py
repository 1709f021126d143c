"""With a real django-allauth: what it has verified is vouched for, and nothing else."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cf_protected.verified_emails import vouched_addresses, vouching_user
from tests.accounts.models import User
from tests.conftest import Configure

pytestmark = pytest.mark.django_db

ALLAUTH = {"BACKEND": "cf_protected.verified_emails.AllauthEmails"}
USER_EMAILS = {"BACKEND": "cf_protected.verified_emails.UserEmails"}


@pytest.fixture(autouse=True)
def allauth_emails(configure: Configure) -> None:
    configure(VERIFIED_EMAILS=ALLAUTH)


def add(user: User, email: str, *, verified: bool = True, primary: bool = False) -> EmailAddress:
    return EmailAddress.objects.create(user=user, email=email, verified=verified, primary=primary)


def check_ids() -> list[str]:
    return [str(message.id) for message in run_checks(tags=["cf_protected"])]


def test_signing_up_and_confirming_by_the_mailed_link(client: Client) -> None:
    address = {"email": "Grace@München.example", "password1": "a long password"}
    client.post("/accounts/signup/", address)
    grace = User.objects.get()
    assert vouched_addresses(grace) == []
    assert vouching_user("grace@xn--mnchen-3ya.example") is None

    (link,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[0].body))
    client.post(link)

    assert vouched_addresses(grace) == ["grace@xn--mnchen-3ya.example"]
    assert vouching_user("grace@xn--mnchen-3ya.example") == grace


def test_each_verified_address_of_an_account_counts(user: User, other_user: User) -> None:
    add(user, "ada@example.com", primary=True)
    add(user, "countess@example.org")
    add(user, "stolen@example.net", verified=False)
    add(other_user, "bob@example.com")

    assert vouched_addresses(user) == ["ada@example.com", "countess@example.org"]
    assert vouching_user("Countess@example.org") == user
    assert vouching_user("bob@example.com") == other_user
    assert vouching_user("stolen@example.net") is None


def test_the_address_of_the_user_model_proves_nothing(user: User) -> None:
    assert vouched_addresses(user) == []
    assert vouching_user(user.email) is None


def test_an_unverified_address_does_not_hinder_its_owner(user: User, other_user: User) -> None:
    add(user, "ada@example.com")
    add(other_user, "ada@example.com", verified=False)

    assert vouching_user("ada@example.com") == user


def test_an_account_that_is_not_active_does_not_count(user: User) -> None:
    add(user, "ada@example.com")
    User.objects.update(is_active=False)

    assert vouching_user("ada@example.com") is None


def test_letters_that_only_look_alike(user: User) -> None:
    add(user, "josé@example.com")
    add(user, "\N{KELVIN SIGN}im@example.com")
    add(user, "ada@straße.example")

    assert vouched_addresses(user) == []
    assert vouching_user("jose@example.com") is None
    assert vouching_user("kim@example.com") is None
    assert vouching_user("ada@xn--strae-oqa.example") is None
    assert vouching_user("ada@strasse.example") is None


@pytest.mark.parametrize("stored", ["ada@münchen.example", "ada@xn--mnchen-3ya.example"])
@pytest.mark.parametrize("asked", ["Ada@München.example", "ada@XN--mnchen-3ya.example"])
def test_both_spellings_of_a_domain(user: User, stored: str, asked: str) -> None:
    add(user, stored)

    assert vouched_addresses(user) == ["ada@xn--mnchen-3ya.example"]
    assert vouching_user(asked) == user


def test_capitals_that_allauth_would_not_have_stored_count_for_the_account(user: User) -> None:
    """Only a search for the account, by allauth's index on lower case, may miss them."""
    add(user, "Ada@Example.com")

    assert vouched_addresses(user) == ["ada@example.com"]


def test_an_address_that_is_verified_no_longer(user: User) -> None:
    held = add(user, "ada@example.com")
    held.delete()

    assert vouched_addresses(user) == []
    assert vouching_user("ada@example.com") is None


def test_the_database_looks_an_address_up_by_its_index(user: User) -> None:
    add(user, "ada@example.com")
    with CaptureQueriesContext(connection) as queries:
        assert vouching_user("ada@example.com") == user

    (found,) = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert "UPPER(" not in found.upper()
    assert " IN (" in found


def test_allauth_that_is_installed_passes_the_checks(configure: Configure) -> None:
    assert check_ids() == []

    configure(VERIFIED_EMAILS=USER_EMAILS)
    assert check_ids() == []


@pytest.mark.parametrize("verification", ["optional", "none"])
def test_user_emails_need_mandatory_verification(
    configure: Configure, settings: Settings, verification: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    configure(VERIFIED_EMAILS=USER_EMAILS)
    assert check_ids() == ["cf_protected.E022"]

    configure(VERIFIED_EMAILS=USER_EMAILS | {"OPTIONS": {"confirmed": True}})
    assert check_ids() == []

    configure(VERIFIED_EMAILS=ALLAUTH)
    assert check_ids() == []
