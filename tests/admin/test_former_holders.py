"""A former holder is found, and the page tells to whom their grants were given, and when."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import AdminSite
from django.db import connection
from django.urls import reverse

from cf_protected import services
from cf_protected.admin import GrantAdmin
from cf_protected.admin.desk.cases import Case
from cf_protected.models import Asset, Grant, GrantEvent
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import count_queries

PERSON = "cf_protected_grant_person"
DAY = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))

Give = Callable[..., None]


@pytest.fixture
def give(superuser: User) -> Give:
    """Transfer all grants."""

    def transfer(user: User | None = None, email: str = "", reason: str = "mistyped") -> None:
        grants = Grant.objects.all()
        services.transfer(grants, user, email=email, reason=reason, actor=superuser, now=DAY)

    return transfer


def words(admin: Browser) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", admin.html)).split())


def find(admin: Browser, text: str) -> str:
    """Search from the page's own form. The query to which it leads."""
    url = reverse(f"admin:{PERSON}")
    admin.page = admin.client.get(url, {"q": text}, follow=True)
    return str(admin.page.request["QUERY_STRING"])


def test_an_old_address_without_a_purchase(admin: Browser, asset: Asset, give: Give) -> None:
    services.grant(asset, email="old@example.com")
    give(email="new@example.com")
    assert find(admin, "OLD@example.com") == "email=old%40example.com"
    assert "Ebook was given to new@example.com on March 1, 2026" in words(admin)
    assert 'href="?email=new%40example.com"' in admin.html
    assert "mistyped" in words(admin)
    assert "No grants." in words(admin)


def test_a_former_account(
    admin: Browser, asset: Asset, user: User, other_user: User, give: Give
) -> None:
    services.grant(asset, user)
    give(other_user)
    assert find(admin, user.email) == f"user={user.pk}"
    assert f"Ebook was given to {other_user.email} on March 1, 2026" in words(admin)
    assert f'href="?user={other_user.pk}"' in admin.html


def test_an_address_from_which_an_account_claimed(admin: Browser, asset: Asset, user: User) -> None:
    services.grant(asset, email="old@example.com", source="acme", reference="1")
    services.claim(user, "old@example.com", now=DAY)
    assert find(admin, "old@example.com") == "email=old%40example.com"
    assert "Ebook was given to ada@example.com on March 1, 2026" in words(admin)


def test_a_claim_of_ones_own_address_gives_nothing_away(
    admin: Browser, asset: Asset, user: User
) -> None:
    services.grant(asset, email="ada@example.com")
    services.claim(user, "ada@example.com")
    assert find(admin, "ada@example.com") == f"user={user.pk}"
    assert "was given to" not in words(admin)


def test_an_account_that_only_states_the_old_address_doesnt_hide_it(
    admin: Browser, asset: Asset, user: User, give: Give
) -> None:
    services.grant(asset, email="ada@example.com")
    give(email="new@example.com")
    find(admin, "ada@example.com")
    assert f'href="?user={user.pk}"' in admin.html
    assert 'href="?email=ada%40example.com"' in admin.html


def test_what_came_back_isnt_given_away(admin: Browser, asset: Asset, give: Give) -> None:
    services.grant(asset, email="old@example.com")
    give(email="new@example.com")
    give(email="old@example.com")
    admin.open(PERSON, email="old@example.com")
    assert "was given to" not in words(admin)
    admin.open(PERSON, email="new@example.com")
    assert "Ebook was given to old@example.com" in words(admin)


def test_what_was_given_away_twice_is_told_once(admin: Browser, asset: Asset, give: Give) -> None:
    services.grant(asset, email="old@example.com")
    for email in ("b@example.com", "old@example.com", "c@example.com"):
        give(email=email)
    admin.open(PERSON, email="old@example.com")
    assert words(admin).count("was given to") == 1
    assert "was given to c@example.com" in words(admin)


@pytest.mark.parametrize("text", ["ol@example.com", "old@example.org", "nobody@example.com"])
def test_others_are_still_unknown(admin: Browser, asset: Asset, give: Give, text: str) -> None:
    services.grant(asset, email="old@example.com")
    give(email="new@example.com")
    assert find(admin, text).startswith("q=")
    assert "No person or purchase was found." in words(admin)


def test_a_new_holder_whose_account_was_deleted(
    admin: Browser, asset: Asset, other_user: User, give: Give
) -> None:
    services.grant(asset, email="old@example.com")
    give(other_user)
    other_user.delete()
    admin.open(PERSON, email="old@example.com")
    assert "Ebook was given to a deleted account on" in words(admin)


class NoGrants(GrantAdmin):
    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).none()


def test_a_project_that_hides_a_grant_hides_where_it_went(
    asset: Asset, superuser: User, rf: Any, give: Give
) -> None:
    services.grant(asset, email="old@example.com")
    give(email="new@example.com")
    request = rf.get("/")
    request.user = superuser
    about = NoGrants(Grant, AdminSite())._about(request, Case(email="old@example.com"))
    assert about["page"].given == []
    assert about["page"].events == []


def test_queries_dont_grow(admin: Browser, asset: Asset, user: User, give: Give) -> None:
    services.grant(asset, email="old@example.com")
    give(user)
    page = f"{reverse(f'admin:{PERSON}')}?email=old%40example.com"
    before = count_queries(admin, page)
    for number in range(20):
        other = Asset.objects.create(title=str(number), slug=f"a{number}")
        services.grant(other, email="old@example.com", source="acme", reference=str(number))
    give(user)
    assert count_queries(admin, page) == before


@pytest.mark.parametrize("column", ["old_user_id", "old_email"])
def test_former_holders_are_found_by_an_index(db: None, column: str) -> None:
    with connection.cursor() as cursor:
        table = GrantEvent._meta.db_table
        constraints = connection.introspection.get_constraints(cursor, table)
    indexes = [one["columns"] for one in constraints.values() if one["index"]]
    assert column in [columns[0] for columns in indexes]
