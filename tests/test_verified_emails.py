"""Who vouches for an address: what the project says, compared exactly, and nobody by default."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject
from pytest_django import Settings

from cf_protected import conf
from cf_protected.verified_emails import (
    NoEmails,
    UserEmails,
    VerifiedEmails,
    vouched_addresses,
    vouching_user,
    vouching_users,
)
from tests.accounts.models import APIKey, User
from tests.conftest import Configure

pytestmark = pytest.mark.django_db

USER_EMAILS = "cf_protected.verified_emails.UserEmails"


@pytest.fixture
def user_emails(configure: Configure) -> None:
    """The project confirms every address that ``user.email`` holds."""
    configure(VERIFIED_EMAILS={"BACKEND": USER_EMAILS, "OPTIONS": {"confirmed": True}})


class OwnEmails(VerifiedEmails):
    """A project's own. ``held`` are the addresses of each account, by its primary key."""

    held: dict[Any, Any] = {}  # noqa: RUF012 - each test sets its own
    claimed: list[Any] | None = None

    def addresses(self, user: Any) -> Iterable[str]:
        return self.held.get(user.pk, ())

    def users(self, address: str) -> Iterable[Any]:
        return User.objects.filter(pk__in=self.held) if self.claimed is None else self.claimed


@pytest.fixture
def own_emails(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """A project's own class, with the answers that are given here."""
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.OwnEmails"})

    def answer(**answers: Any) -> None:
        for name, value in answers.items():
            monkeypatch.setattr(OwnEmails, name, value)

    return answer


def test_nobody_vouches_by_default(user: User) -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        assert vouched_addresses(user) == []
        assert vouching_user(user.email) is None

    assert [one["sql"] for one in queries if "SELECT" in one["sql"]] == []


def test_nobody_vouches_if_the_project_says_so(user: User, configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": "cf_protected.verified_emails.NoEmails"})

    assert vouched_addresses(user) == []
    assert vouching_user(user.email) is None


@pytest.mark.usefixtures("user_emails", "other_user")
def test_an_account_vouches_for_its_address(user: User) -> None:
    assert vouched_addresses(user) == ["ada@example.com"]
    assert vouching_user("ada@example.com") == user


@pytest.mark.usefixtures("user_emails")
@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@example.com", " ADA@example.com\n"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("Ada@xn--mnchen-3ya.example", "ada@münchen.example"),
        ("o'hara%_@example.com", "O'Hara%_@example.com"),
    ],
)
def test_another_spelling_is_the_same_address(stored: str, asked: str) -> None:
    user = User.objects.create(email=stored)

    assert vouching_user(asked) == user


@pytest.mark.usefixtures("user_emails")
@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("\N{KELVIN SIGN}im@example.com", "kim@example.com"),
        ("kim@example.com", "\N{KELVIN SIGN}im@example.com"),
        ("josé@example.com", "jose@example.com"),
        ("jose@example.com", "josé@example.com"),
        ("mi\N{LATIN SMALL LETTER LONG S}e@example.com", "mise@example.com"),
        ("m\N{LATIN SMALL LETTER DOTLESS I}ke@example.com", "mike@example.com"),
        ("adaX@example.com", "ada_@example.com"),
        ("ada@münchen.example", "ada@munchen.example"),
        ("ada@example.com", "ada"),
        ("ada", "ada@example.com"),
        ("", "ada@example.com"),
        ("ada@example.com", ""),
    ],
    ids=ascii,
)
def test_an_address_that_only_looks_alike_is_nobodys(stored: str, asked: str) -> None:
    User.objects.create(email=stored)

    assert vouching_user(asked) is None


@pytest.mark.usefixtures("user_emails")
@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ("ada@straße.example", "ada@xn--strae-oqa.example"),  # mailed to strasse.example
        ("ada@βόλος.example", "ada@xn--nxasmm1c.example"),
    ],
    ids=ascii,
)
def test_a_domain_whose_confirmation_went_to_another_domain_proves_nothing(
    stored: str, meant: str
) -> None:
    user = User.objects.create(email=stored)

    assert vouched_addresses(user) == []
    assert vouching_user(stored) is None
    assert vouching_user(meant) is None

    user.email = meant
    user.save()
    assert vouching_user(stored) == vouching_user(meant) == user


@pytest.mark.usefixtures("user_emails")
def test_an_account_that_is_not_active_vouches_for_nothing(user: User) -> None:
    User.objects.update(is_active=False)
    user.refresh_from_db()

    assert vouched_addresses(user) == []
    assert vouching_user(user.email) is None


def test_of_two_accounts_neither_gets_the_address(
    user: User, other_user: User, own_emails: Configure
) -> None:
    own_emails(held={user.pk: ["ada@example.com"], other_user.pk: ["Ada@Example.com"]})
    assert vouching_user("ada@example.com") is None

    User.objects.filter(pk=other_user.pk).update(is_active=False)
    assert vouching_user("ada@example.com") == user


def test_an_account_that_is_named_twice_is_one(user: User, own_emails: Configure) -> None:
    own_emails(held={user.pk: ["ada@example.com"] * 2}, claimed=[user, User.objects.get()])

    assert vouched_addresses(user) == ["ada@example.com"]
    assert vouching_user("ada@example.com") == user


def test_both_directions_must_agree(user: User, other_user: User, own_emails: Configure) -> None:
    """A search that found too much, as databases do, gives nobody another's address."""
    own_emails(held={user.pk: ["jose@example.com"]}, claimed=[other_user, user])

    assert vouching_user("jose@example.com") == user
    assert vouching_user("josefa@example.com") is None


def test_what_is_not_an_account_vouches_for_nothing(user: User, own_emails: Configure) -> None:
    own_emails(held={user.pk: [user.email]}, claimed=[APIKey(pk=user.pk), AnonymousUser(), None])

    assert vouching_user(user.email) is None
    assert vouched_addresses(AnonymousUser()) == []
    assert vouched_addresses(User(email="ada@example.com")) == []
    with pytest.raises(TypeError):
        vouched_addresses(APIKey(pk=user.pk))  # type: ignore[arg-type]


@pytest.mark.usefixtures("user_emails")
def test_the_user_of_a_request_is_an_account(user: User) -> None:
    lazy: Any = SimpleLazyObject(lambda: user)

    assert vouched_addresses(lazy) == ["ada@example.com"]


@pytest.mark.usefixtures("user_emails")
def test_an_address_that_was_typed_and_not_saved_proves_nothing(user: User) -> None:
    """A model form sets it, and leaves it there if the form is wrong."""
    user.email = "eve@example.com"

    assert vouched_addresses(user) == ["ada@example.com"]


@pytest.mark.parametrize(
    "addresses", [[None], [7], ["not an address"], [b"ada@example.com"], "ada@example.com", [""]]
)
def test_answers_that_are_no_addresses_vouch_for_nothing(
    user: User, own_emails: Configure, addresses: Any
) -> None:
    own_emails(held={user.pk: addresses})

    assert vouched_addresses(user) == []
    assert vouching_user("ada@example.com") is None


class OneEmail(NoEmails):
    """It vouches after all."""

    def addresses(self, user: Any) -> Iterable[str]:
        return ["ada@example.com"]


def test_a_subclass_of_the_one_that_vouches_for_nobody(user: User, configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.OneEmail"})

    assert vouched_addresses(user) == ["ada@example.com"]


class BrokenEmails(VerifiedEmails):
    """It fails, with the address in the error."""

    error: type[Exception] = RuntimeError

    def addresses(self, user: Any) -> Iterable[str]:
        yield "eve@example.com"
        raise self.error(f"no answer for {user.email}")

    def users(self, address: str) -> Iterable[Any]:
        raise self.error(f"no answer for {address}")


@pytest.mark.parametrize("error", [RuntimeError, KeyError, OSError, ValueError, TypeError])
def test_an_exception_vouches_for_nothing_and_is_logged_without_the_address(
    user: User,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
) -> None:
    monkeypatch.setattr(BrokenEmails, "error", error)
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.BrokenEmails"})

    with caplog.at_level(logging.ERROR, logger="cf_protected"):
        assert vouched_addresses(user) == []
        assert vouching_user(user.email) is None

    assert [record.name for record in caplog.records] == ["cf_protected"] * 2
    start = f"CF_PROTECTED['VERIFIED_EMAILS']: BrokenEmails raised {error.__name__} ({__file__}, "
    assert [one for one in caplog.messages if not one.startswith(start)] == []
    assert "ada" not in caplog.text.replace(__file__, "")
    assert not [record for record in caplog.records if record.exc_info]


class NoTable(VerifiedEmails):
    """Its app was never migrated."""

    def addresses(self, user: Any) -> Iterable[str]:
        return self.users("")

    def users(self, address: str) -> Iterable[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM no_such_table")
        return []


def test_a_query_that_fails_breaks_no_transaction(user: User, configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.NoTable"})

    with transaction.atomic():
        User.objects.create(email="grace@example.com")
        assert vouched_addresses(user) == []
        assert vouching_user(user.email) is None
        assert User.objects.filter(email="grace@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_a_query_that_fails_outside_of_a_transaction(user: User, configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.NoTable"})

    assert vouching_user(user.email) is None
    assert User.objects.count() == 1


@pytest.mark.usefixtures("user_emails")
def test_a_user_model_without_an_email_field_vouches_for_nothing(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(User, "EMAIL_FIELD", "mail")  # which it doesn't have

    assert vouched_addresses(user) == []
    assert vouching_user(user.email) is None
    assert caplog.messages == []


class Replicas:
    """A router that reads where nothing has arrived yet."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        return "replica-that-lags"


@pytest.mark.usefixtures("user_emails")
def test_an_address_that_was_confirmed_just_now_counts(user: User, settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [Replicas()]

    assert vouching_user("ada@example.com") == user


def selects(queries: CaptureQueriesContext) -> int:
    return len([one for one in queries if one["sql"].startswith("SELECT")])


@pytest.mark.usefixtures("user_emails")
def test_finding_the_account_is_one_query(user: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert vouching_user("ada@example.com") == user

    assert selects(queries) == 1


@pytest.mark.usefixtures("user_emails")
def test_the_accounts_of_many_addresses(user: User, other_user: User) -> None:
    """Of a thousand lines that staff pasted, with repeats, capitals and mistakes."""
    strangers = [f"reader-{number}@example.com" for number in range(1100)]
    asked = ["Ada@example.com", *strangers, "ada", "", "\N{KELVIN SIGN}im@example.com"]

    with CaptureQueriesContext(connection) as queries:
        found = vouching_users([*asked, "bob@example.com", "ada@EXAMPLE.com"])

    assert found == {"ada@example.com": user, "bob@example.com": other_user}
    assert selects(queries) == 3


def test_the_accounts_of_no_addresses(own_emails: Configure) -> None:
    own_emails(claimed="nobody is asked")

    assert vouching_users([]) == vouching_users(["ada"]) == {}


def test_a_class_of_ones_own_may_answer_for_many(
    user: User, other_user: User, own_emails: Configure
) -> None:
    held = [("ADA@example.com", user), ("eve@example.com", user), ("bob@example.com", other_user)]
    own_emails(pairs=lambda self, addresses: held)

    found = vouching_users(["ada@example.com", "bob@example.com", "carl@example.com"])

    assert found == {"ada@example.com": user, "bob@example.com": other_user}


@pytest.mark.parametrize("pairs", [None, ["ada@example.com"], [("ada@example.com",)], 7])
def test_pairs_of_the_wrong_shape_vouch_for_nothing(own_emails: Configure, pairs: Any) -> None:
    own_emails(pairs=lambda self, addresses: pairs)

    assert vouching_users(["ada@example.com"]) == {}


@pytest.mark.parametrize("options", [{"confirmed": "False"}, {"confirmed": 1}, {"confirm": True}])
def test_options_that_do_not_fit_are_errors(
    user: User, configure: Configure, options: dict[str, Any]
) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": USER_EMAILS, "OPTIONS": options})

    with pytest.raises(conf.ConfigurationError, match="OPTIONS don't fit UserEmails"):
        vouched_addresses(user)


def test_a_changed_setting_counts_at_once(user: User, configure: Configure) -> None:
    assert vouched_addresses(user) == []

    configure(VERIFIED_EMAILS={"BACKEND": USER_EMAILS})
    assert vouched_addresses(user) == ["ada@example.com"]


def test_only_a_bool_confirms() -> None:
    with pytest.raises(TypeError, match="confirmed must be True or False, not str"):
        UserEmails(confirmed="yes")  # type: ignore[arg-type]
