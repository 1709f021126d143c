"""The form of one grant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.signals import pre_save
from django.utils import timezone

from cf_protected import signals
from cf_protected.models import Asset, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser


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
    assert admin.errors == {"__all__": ["The grant has to end after it starts."]}


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


def test_change_to_another_holder(admin: Browser, grant: Grant) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save", user="", email="Bob@example.com")
    grant.refresh_from_db()
    assert (grant.user, grant.email) == (None, "bob@example.com")


def test_saving_without_a_change(admin: Browser, grant: Grant) -> None:
    admin.open("cf_protected_grant_change", grant.pk)
    admin.press("_save")
    (message,) = admin.messages
    assert "was changed successfully" in message


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
