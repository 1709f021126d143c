"""Staff try files: by a permission, logged as that, and counted nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Verify


@pytest.fixture
def tester(db: None) -> User:
    user = User.objects.create_user("tester@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="try_files"))
    return user


@pytest.fixture
def folder(asset: Asset) -> AssetFile:
    return AssetFile.objects.create(asset=asset, key="film/", kind="prefix", entry="main.m3u8")


def test_it_needs_no_grant_and_is_logged_as_tried(
    tester: User, file: AssetFile, verify: Verify
) -> None:
    issued = services.try_file(tester, file)
    verify(issued.url)
    row = Download.objects.get()
    assert (row.user, row.reason, row.outcome) == (tester, "staff", "issued")
    assert row.get_reason_display() == "Tried by staff"


def test_each_trial_is_logged_and_none_is_counted(
    tester: User, file: AssetFile, asset: Asset
) -> None:
    grant = services.grant(asset, tester, max_downloads=1)
    for _ in range(3):
        services.try_file(tester, file)
    assert Grant.objects.get(pk=grant.pk).downloads_used == 0
    assert not Use.objects.exists()
    assert Download.objects.count() == 3


@pytest.mark.parametrize("state", Asset.State.values)
def test_an_asset_in_any_state_and_before_its_release(
    tester: User, file: AssetFile, verify: Verify, state: str
) -> None:
    Asset.objects.update(state=state, available_from=timezone.now() + timedelta(days=9))
    verify(services.try_file(tester, AssetFile.objects.select_related("asset").get()).url)


def test_a_folder(tester: User, folder: AssetFile) -> None:
    (opened,) = services.try_folder(tester, folder).sets
    assert opened.file == folder
    assert Download.objects.get().reason == Reason.STAFF


def test_a_trial_keeps_the_addresses_to_which_the_asset_is_bound(
    tester: User, file: AssetFile
) -> None:
    Asset.objects.update(bind_to_ip=True)
    with pytest.raises(DownloadRefused) as refused:
        services.try_file(tester, AssetFile.objects.select_related("asset").get())
    assert refused.value.decision.reason == Reason.ADDRESS_NOT_BOUND


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_staff": False}, Reason.NO_GRANT),
        ({"is_active": False}, Reason.INACTIVE_USER),
    ],
)
def test_only_active_staff(
    tester: User, file: AssetFile, fields: dict[str, bool], reason: Reason
) -> None:
    User.objects.filter(pk=tester.pk).update(**fields)
    with pytest.raises(DownloadRefused) as refused:
        services.try_file(User.objects.get(pk=tester.pk), file)
    assert refused.value.decision.reason == reason
    assert Download.objects.get().outcome == "refused"


def test_staff_without_the_permission_even_with_a_grant(file: AssetFile, asset: Asset) -> None:
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    services.grant(asset, staff)
    for attempt in (services.try_file, services.try_folder):
        with pytest.raises(DownloadRefused):
            attempt(staff, file)
    assert not Download.objects.issued().exists()


def test_strangers(file: AssetFile) -> None:
    with pytest.raises(DownloadRefused) as refused:
        services.try_file(services.Person(), file)
    assert refused.value.decision.reason == Reason.ANONYMOUS


def refuse(*args: object) -> Decision:
    return Decision(False, "closed")


def test_the_authoriser_of_the_project_decides_about_buyers_only(
    tester: User, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.services.test_trials.refuse")
    assert services.try_file(tester, file).decision.reason == Reason.STAFF


def test_the_permission_opens_nothing_outside_a_trial(tester: User, file: AssetFile) -> None:
    with pytest.raises(DownloadRefused):
        services.issue_url(tester, file)
