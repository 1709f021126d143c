"""The list of grants: searched, filtered, and cheap."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import count_queries


def listed(admin: Browser, **query: object) -> list[Grant]:
    page = admin.open("cf_protected_grant_changelist", **query)
    assert page.status_code == 200
    return list(page.context["cl"].queryset)


@pytest.fixture
def by_state(asset: Asset, user: User) -> dict[str, Grant]:
    """A grant in each state; the revoked one would be expired as well."""
    now = timezone.now()
    long_ago, past, future = now - timedelta(9), now - timedelta(1), now + timedelta(1)
    grants = {
        "active": services.grant(asset, user, max_downloads=2),
        "not_started": services.grant(asset, user, starts_at=future),
        "expired": services.grant(asset, user, starts_at=long_ago, expires_at=past),
        "revoked": services.grant(asset, user, starts_at=long_ago, expires_at=past),
        "used_up": services.grant(asset, user, max_downloads=1),
    }
    Grant.objects.filter(max_downloads__isnull=False).update(downloads_used=1)
    services.revoke_grants(Grant.objects.filter(pk=grants["revoked"].pk))
    return grants


@pytest.mark.parametrize("state", Grant.State.values)
def test_state_filter(admin: Browser, by_state: dict[str, Grant], state: str) -> None:
    assert listed(admin, state=state) == [by_state[state]]


def test_states_are_shown(admin: Browser, by_state: dict[str, Grant]) -> None:
    listed(admin)
    for label in Grant.State.labels:
        assert f'<td class="field-state">{label}</td>' in admin.html


@pytest.mark.parametrize("state", ["", "for_user", "delete", "no-such-state"])
def test_unknown_state_filters_nothing(
    admin: Browser, by_state: dict[str, Grant], state: str
) -> None:
    assert len(listed(admin, state=state)) == len(by_state)


def test_state_filter_with_a_search(admin: Browser, by_state: dict[str, Grant]) -> None:
    assert listed(admin, state="expired", q="ada@example.com") == [by_state["expired"]]
    assert listed(admin, state="expired", q="ada@example") == []


def test_filter_by_source(admin: Browser, asset: Asset, user: User, grant: Grant) -> None:
    bought = services.grant(asset, user, source="stripe", reference="line-1")
    assert listed(admin, purchase__source="stripe") == [bought]


@pytest.mark.parametrize(
    "query",
    ["ADA@example.com", "Guest@Example.COM", "ebo", "slug-of-it", "SKU-7", "line-1"],
)
def test_search(admin: Browser, user: User, other_user: User, query: str) -> None:
    asset = Asset.objects.create(title="The Ebook", slug="slug-of-it", sku="SKU-7")
    other = Asset.objects.create(title="Atlas", slug="atlas")
    decoy = services.grant(other, other_user)
    if query == "ADA@example.com":
        wanted = services.grant(other, user)
    elif query == "Guest@Example.COM":
        wanted = services.grant(other, email="guest@example.com")
    elif query == "line-1":
        wanted = services.grant(other, other_user, source="stripe", reference="line-1")
    else:
        wanted = services.grant(asset, other_user)
    assert listed(admin, q=query) == [wanted]
    assert decoy.pk != wanted.pk


def test_downloads_of_how_many(admin: Browser, by_state: dict[str, Grant]) -> None:
    listed(admin, state="active")
    assert '<td class="field-downloads">1 / 2</td>' in admin.html
    listed(admin, state="expired")
    assert '<td class="field-downloads">0</td>' in admin.html


def test_end(admin: Browser, by_state: dict[str, Grant]) -> None:
    listed(admin, state="expired", o="-5")
    day = timezone.localtime(by_state["expired"].expires_at)
    assert f'<td class="field-expires">{day:%m/%d/%Y}</td>' in admin.html
    listed(admin, state="active")
    assert '<td class="field-expires">-</td>' in admin.html


def test_queries_dont_grow(admin: Browser, grant: Grant) -> None:
    before = count_queries(admin, "cf_protected_grant_changelist")
    for number in range(50):
        asset = Asset.objects.create(title=str(number), slug=f"a{number}")
        holder = User.objects.create_user(f"{number}@example.com")
        services.grant(asset, holder)
    assert count_queries(admin, "cf_protected_grant_changelist") == before


def test_queries_of_the_asset_list_dont_grow(admin: Browser, asset: Asset) -> None:
    before = count_queries(admin, "cf_protected_asset_changelist")
    for number in range(50):
        Asset.objects.create(title=str(number), slug=f"a{number}").files.create(key="a")
    assert count_queries(admin, "cf_protected_asset_changelist") == before
