"""Identities: linking a user's account elsewhere by hand."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cf_protected.oidc.models import Identity
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import Staff, admin, count_queries, staff, superuser

__all__ = ["admin", "staff", "superuser"]

ISSUER = "https://login.example.com/"


@pytest.fixture
def identity(user: User) -> Identity:
    return Identity.objects.create(user=user, issuer=ISSUER, subject="auth0|5f7c")


def test_linking_an_account(admin: Browser, user: User) -> None:
    admin.open("cf_protected_oidc_identity_add")
    admin.press("_save", user=user.pk, issuer=ISSUER, subject=" auth0|5f7c ")
    linked = Identity.objects.get()
    assert (linked.user, linked.issuer, linked.subject) == (user, ISSUER, "auth0|5f7c")
    assert str(linked) == f"auth0|5f7c at {ISSUER}"


def test_a_subject_belongs_to_one_user(
    admin: Browser, identity: Identity, other_user: User
) -> None:
    admin.open("cf_protected_oidc_identity_add")
    admin.press("_save", user=other_user.pk, issuer=ISSUER, subject=identity.subject)
    assert admin.errors == {"__all__": ["This subject belongs to a user already."]}
    assert Identity.objects.get() == identity


@pytest.mark.parametrize("query", ["5f7c", "ada@exam"])
def test_search(admin: Browser, identity: Identity, other_user: User, query: str) -> None:
    Identity.objects.create(user=other_user, issuer=ISSUER, subject="another")
    page = admin.open("cf_protected_oidc_identity_changelist", q=query)
    assert list(page.context["cl"].queryset) == [identity]


def test_filter_by_issuer(admin: Browser, identity: Identity, other_user: User) -> None:
    Identity.objects.create(user=other_user, issuer="https://sso.example.com", subject="bob")
    page = admin.open("cf_protected_oidc_identity_changelist", issuer=ISSUER)
    assert list(page.context["cl"].queryset) == [identity]


@pytest.mark.urls("tests.admin.urls")
def test_the_user_is_completed_where_users_can_be_searched(admin: Browser, user: User) -> None:
    query = {"app_label": "cf_protected_oidc", "model_name": "identity", "field_name": "user"}
    answer = admin.open(reverse("office:autocomplete"), term="ada", **query)
    assert answer.json()["results"] == [{"id": str(user.pk), "text": "ada@example.com"}]


def test_the_user_is_a_raw_id_elsewhere(admin: Browser) -> None:
    page = admin.open("cf_protected_oidc_identity_add")
    widget = str(page.context["adminform"].form["user"])
    assert '<input type="text" name="user"' in widget


def test_permissions_of_grants_do_not_reach_identities(staff: Staff, identity: Identity) -> None:
    browser = staff("add_grant", "change_grant", "change_asset")
    assert browser.open("cf_protected_oidc_identity_changelist").status_code == 403


def test_queries_do_not_grow(admin: Browser, identity: Identity) -> None:
    before = count_queries(admin, "cf_protected_oidc_identity_changelist")
    for number in range(50):
        user = User.objects.create_user(f"{number}@example.com")
        Identity.objects.create(user=user, issuer=ISSUER, subject=str(number))
    assert count_queries(admin, "cf_protected_oidc_identity_changelist") == before
