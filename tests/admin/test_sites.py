"""Admin sites with and without the project's users."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.test import RequestFactory
from django.urls import reverse

from cf_protected.admin import GrantAdmin
from cf_protected.models import Asset, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser, forms_of
from tests.admin.urls import plain

pytestmark = pytest.mark.urls("tests.admin.urls")


def autocomplete(admin: Browser, site: str, field: str, term: str) -> Any:
    url = reverse(f"{site}:autocomplete")
    query = {"app_label": "cf_protected", "model_name": "grant", "field_name": field, "term": term}
    return admin.open(url, **query)


@pytest.mark.django_db  # from Django 6.1 on the check of JSON fields asks SQLite
def test_checks_are_clean() -> None:
    assert checks.run_checks(app_configs=None) == []


@pytest.mark.parametrize("site", ["admin", "office"])
def test_asset_is_completed(admin: Browser, asset: Asset, site: str) -> None:
    Asset.objects.create(title="Atlas", slug="atlas")
    answer = autocomplete(admin, site, "asset", "ebo")
    assert answer.json()["results"] == [{"id": str(asset.pk), "text": "Ebook"}]


def test_user_is_completed_where_users_can_be_searched(
    admin: Browser, user: User, other_user: User
) -> None:
    answer = autocomplete(admin, "office", "user", "ada")
    assert answer.json()["results"] == [{"id": str(user.pk), "text": "ada@example.com"}]
    assert "admin-autocomplete" in _user_widget("office", admin)


def test_user_is_a_raw_id_elsewhere(admin: Browser, user: User) -> None:
    assert autocomplete(admin, "admin", "user", "ada").status_code == 403
    assert '<input type="text" name="user"' in _user_widget("admin", admin)


def _user_widget(site: str, admin: Browser) -> str:
    page = admin.open(reverse(f"{site}:cf_protected_grant_add"))
    return str(page.context["adminform"].form["user"])


def test_user_is_a_raw_id_where_users_cant_be_searched(superuser: User) -> None:
    request = RequestFactory().get("/")
    request.user = superuser
    form = GrantAdmin(Grant, plain).get_form(request)()
    assert "vForeignKeyRawIdAdminField" in str(form["user"])


def test_grant_is_added_with_a_completed_user(admin: Browser, asset: Asset, user: User) -> None:
    admin.open(reverse("office:cf_protected_grant_add"))
    admin.press("_save", asset=asset.pk, user=user.pk)
    assert Grant.objects.get().user == user


def test_holder_is_linked_to_their_account(admin: Browser, grant: Grant, user: User) -> None:
    admin.open(reverse("office:cf_protected_grant_change", args=[grant.pk]))
    assert f'<a href="/office/cf_protected/grant/person/?user={user.pk}">' in admin.html
    admin.open(f"/office/cf_protected/grant/person/?user={user.pk}")
    assert f'<a href="/office/accounts/user/{user.pk}/change/">' in admin.html
    assert 'href="/admin/' not in admin.html


def test_asset_without_a_grant_admin(admin: Browser, asset: Asset) -> None:
    admin.open(reverse("plain:cf_protected_asset_change", args=[asset.pk]))
    assert "?asset__id__exact=" not in admin.html


def test_links_stay_on_the_site(admin: Browser, asset: Asset, grant: Grant) -> None:
    admin.open(reverse("office:cf_protected_asset_change", args=[asset.pk]))
    assert f'href="/office/cf_protected/grant/?asset__id__exact={asset.pk}"' in admin.html


def test_bulk_pages_stay_on_the_site(admin: Browser, asset: Asset) -> None:
    admin.open(reverse("office:cf_protected_asset_changelist"))
    admin.choose("grant_to_people", asset)
    assert len(forms_of(admin.html)) > 0
    assert 'href="/office/' in admin.html
    assert 'href="/admin/' not in admin.html
