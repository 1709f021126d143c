"""The form of one grant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.db.models.signals import pre_save
from django.urls import reverse
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent
from tests.accounts.models import User
from tests.admin.browser import Browser, forms_of


def date_and_time(name: str, days: int) -> dict[str, str]:
    """The two fields of a moment some days from now."""
    moment = timezone.localtime() + timedelta(days=days)
    return {f"{name}_0": moment.strftime("%Y-%m-%d"), f"{name}_1": moment.strftime("%H:%M:%S")}


def add(admin: Browser, asset: Asset, **changes: Any) -> None:
    admin.open("cf_protected_grant_add")
    admin.press("_save", asset=asset.pk, **changes)


@pytest.fixture
def created() -> Iterator[list[Grant]]:
    """The grants that ``grant_created`` told of."""
    grants: list[Grant] = []

    def receive(grant: Grant, **kwargs: Any) -> None:
        grants.append(grant)

    signals.grant_created.connect(receive)
    yield grants
    signals.grant_created.disconnect(receive)


def test_for_a_user(
    admin: Browser, superuser: User, asset: Asset, user: User, created: list[Grant]
) -> None:
    add(admin, asset, user=user.pk)
    grant = Grant.objects.get()
    assert (grant.user, grant.asset) == (user, asset)
    assert grant.events.get().actor == superuser
    assert (grant.source, grant.reference, grant.state_at()) == ("manual", None, "active")
    assert created == [grant]


def test_for_an_email_address(admin: Browser, asset: Asset) -> None:
    add(admin, asset, email="Ada@Example.COM")
    grant = Grant.objects.get()
    assert (grant.user, grant.email) == (None, "ada@example.com")


def test_terms(admin: Browser, asset: Asset, user: User) -> None:
    terms = date_and_time("starts_at", 1) | date_and_time("expires_at", 8)
    add(admin, asset, user=user.pk, max_downloads=3, **terms)
    grant = Grant.objects.get()
    assert (grant.state_at(), grant.max_downloads) == ("not_started", 3)
    assert grant.expires_at is not None
    assert grant.expires_at - grant.starts_at == timedelta(days=7)


def test_for_nobody(admin: Browser, asset: Asset, created: list[Grant]) -> None:
    add(admin, asset)
    assert set(admin.errors["__all__"]) == {"Name a user or an e-mail address."}
    assert created == []


def test_for_a_user_and_an_email_address(admin: Browser, asset: Asset, user: User) -> None:
    add(admin, asset, user=user.pk, email="bob@example.com")
    assert admin.errors == {"email": ["Name a user or an e-mail address, not both."]}
    assert not Grant.objects.exists()


def test_end_before_the_start(admin: Browser, asset: Asset, user: User) -> None:
    add(admin, asset, user=user.pk, **date_and_time("expires_at", -1))
    assert admin.errors == {"__all__": ["The grant must end after it starts."]}


def test_a_second_grant_of_the_same(admin: Browser, asset: Asset, user: User) -> None:
    for _ in range(2):
        add(admin, asset, user=user.pk)
    assert list(Grant.objects.values_list("purchase", flat=True)) == [None, None]


def test_number_of_downloads_that_no_database_holds(
    admin: Browser, asset: Asset, user: User
) -> None:
    add(admin, asset, user=user.pk, max_downloads=10**30)
    assert list(admin.errors) == ["max_downloads"]


def test_change_is_no_new_grant(
    admin: Browser, grant: Grant, user: User, created: list[Grant]
) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads=5)
    grant.refresh_from_db()
    assert (grant.max_downloads, created) == (5, [])


def test_asset_holder_purchase_and_history_are_read_only(
    admin: Browser, grant: Grant, user: User, other_user: User, asset: Asset
) -> None:
    before = Grant.objects.values().get()
    other = Asset.objects.create(title="Atlas", slug="atlas")
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press(
        "_save",
        asset=other.pk,
        user=other_user.pk,
        email="Bob@example.com",
        holder="Bob",
        purchase=1,
        seat=1,
        downloads_used=7,
        revoked_at_0="2020-01-01",
        revoked_at_1="12:00",
    )
    assert Grant.objects.values().get() == before


def test_saving_without_a_change_is_no_event(admin: Browser, grant: Grant) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save")
    (message,) = admin.messages
    assert "was changed successfully" in message
    assert list(GrantEvent.objects.values_list("verb", flat=True)) == ["granted"]


def test_changed_terms_are_an_event_with_who_and_what(
    admin: Browser, superuser: User, grant: Grant
) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads=5, **date_and_time("expires_at", 8))
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads="", expires_at_0="2090-12-31", expires_at_1="")
    grant.refresh_from_db()
    assert grant.max_downloads is None
    assert grant.expires_at == datetime(2091, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    events = GrantEvent.objects.filter(verb="changed").order_by("pk")
    assert [event.actor for event in events] == [superuser, superuser]
    terms = [(event.old_terms, event.new_terms) for event in events]
    assert [(old["max_downloads"], new["max_downloads"]) for old, new in terms] == [
        (None, 5),
        (5, None),
    ]


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_an_impossible_limit(
    admin: Browser, grant: Grant, asset: Asset, user: User, limit: str
) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads=limit)
    assert list(admin.errors) == ["max_downloads"]
    add(admin, asset, user=user.pk, max_downloads=limit)
    assert list(admin.errors) == ["max_downloads"]


def test_an_end_before_the_start_of_a_grant(admin: Browser, grant: Grant) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", expires_at_0="2000-01-01")
    assert admin.errors == {"__all__": ["The grant must end after it starts."]}


def test_grants_arent_deleted(admin: Browser, grant: Grant) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    url = reverse("admin:cf_protected_grant_delete", args=[grant.pk])
    assert url not in admin.html
    token = str(admin.page.context["csrf_token"])
    answer = admin.client.post(url, {"csrfmiddlewaretoken": token, "post": "yes"})
    assert answer.status_code == 403
    admin.open("cf_protected_grant_changelist")
    assert "delete_selected" not in admin.html
    assert Grant.objects.get() == grant


@pytest.mark.urls("tests.admin.urls")
def test_deleting_an_asset_or_an_account_deletes_no_grant(
    admin: Browser, asset: Asset, user: User
) -> None:
    services.grant(asset, user, source="acme", reference="line-1")
    admin.open(f"/office/cf_protected/asset/{asset.pk}/delete/")
    assert 'name="post"' not in admin.html  # protected
    admin.open(f"/office/accounts/user/{user.pk}/delete/")
    form = next(form for form in forms_of(admin.html) if "post" in form.values)
    admin.client.post(admin.page.request["PATH_INFO"], form.values)
    assert not User.objects.filter(pk=user.pk).exists()
    (kept,) = Grant.objects.all()
    assert (kept.user, str(kept.purchase)) == (None, "acme line-1")
    assert kept.purchase is not None
    assert kept.purchase.user_id == user.pk


@pytest.fixture
def meanwhile() -> Iterator[None]:
    """Between reading and saving a grant, a download is counted and a webhook revokes it."""

    def change(instance: Grant, **kwargs: Any) -> None:
        Grant.objects.filter(pk=instance.pk).update(
            downloads_used=F("downloads_used") + 1, revoked_at=timezone.now()
        )

    pre_save.connect(change, sender=Grant)
    yield
    pre_save.disconnect(change, sender=Grant)


def test_saving_undoes_no_download_and_no_revocation(
    admin: Browser, grant: Grant, meanwhile: None
) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads=5)
    grant.refresh_from_db()
    assert (grant.max_downloads, grant.downloads_used) == (5, 1)
    assert grant.revoked_at is not None


def test_add_form_asks_nothing_that_has_no_answer_yet(admin: Browser, db: None) -> None:
    admin.open("cf_protected_grant_add")
    assert "Can this person download this?" not in admin.html
    assert "Downloads used" not in admin.html


def test_asset_can_be_chosen_ahead(admin: Browser, asset: Asset) -> None:
    page = admin.open("cf_protected_grant_add", asset=asset.pk)
    assert page.context["adminform"].form["asset"].value() == str(asset.pk)


def test_an_end_that_a_provider_uses_for_never(admin: Browser, asset: Asset, user: User) -> None:
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    grant = services.grant(asset, user, expires_at=never)

    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", max_downloads="5")

    grant.refresh_from_db()
    assert grant.max_downloads == 5
    assert grant.expires_at is not None
    assert grant.expires_at.year == 9999
