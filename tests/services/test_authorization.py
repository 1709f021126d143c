"""The project's own authoriser, and what changes between its answer and the count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Verify


def refusal(user: User, file: AssetFile) -> DownloadRefused:
    with pytest.raises(DownloadRefused) as refused:
        services.issue_url(user, file)
    return refused.value


def test_it_may_allow_without_a_grant(
    user: User, file: AssetFile, configure: Configure, verify: Verify
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    issued = services.issue_url(user, file)

    verify(issued.url)
    row = Download.objects.get()
    assert (row.user, row.grant, row.outcome) == (user, None, Download.Outcome.ISSUED)


def test_what_it_allows_without_a_grant_is_not_counted(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    services.issue_url(user, file)

    grant.refresh_from_db()
    assert grant.downloads_used == 0


def test_what_it_allows_without_a_grant_is_logged_once_a_window(
    user: User, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    for _ in range(2):
        services.issue_url(user, file)

    assert Download.objects.count() == 1


def test_it_may_allow_nobody_in_particular(
    file: AssetFile, configure: Configure, verify: Verify
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    issued = services.issue_url(AnonymousUser(), file)

    verify(issued.url)
    assert Download.objects.get().user is None


def test_two_strangers_are_two_downloads(file: AssetFile, configure: Configure) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    for _ in range(2):
        services.issue_url(AnonymousUser(), file)

    assert Download.objects.count() == 2


def test_it_may_refuse_for_a_reason_of_its_own(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.only_adults")

    refused = refusal(user, file)

    assert refused.decision.reason == "minor"
    assert Download.objects.get().reason == "minor"


def test_a_grant_revoked_meanwhile_is_refused_as_revoked(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.revoked_meanwhile")

    assert refusal(user, file).decision.reason == Reason.REVOKED
    row = Download.objects.get()
    assert (row.outcome, row.reason) == (Download.Outcome.REFUSED, Reason.REVOKED)


def test_a_grant_used_up_meanwhile_is_refused_as_used_up(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.used_up_meanwhile")

    refused = refusal(user, file)

    assert refused.decision.reason == Reason.LIMIT_REACHED
    assert refused.decision.grant is not None
    assert refused.decision.grant.downloads_left == 0
    assert Download.objects.get().reason == Reason.LIMIT_REACHED


def test_access_decides_for_a_page_from_one_query(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assets = [
        Asset.objects.create(title=str(n), slug=str(n), state=Asset.State.PUBLISHED)
        for n in range(9)
    ]
    for asset in assets[::2]:
        services.grant(asset, user)

    with django_assert_num_queries(1):
        access = services.Access(user)
        allowed = [access.decide(asset).allowed for asset in assets * 2]

    assert allowed == [True, False] * 4 + [True] + [True, False] * 4 + [True]


def test_access_may_be_asked_about_another_moment(user: User, asset: Asset) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    services.grant(asset, user, starts_at=tomorrow)

    assert not services.Access(user).decide(asset).allowed
    assert services.Access(user, now=tomorrow).decide(asset).allowed
    assert services.authorize(user, asset, now=tomorrow).allowed


def test_access_signs_without_a_trace(
    user: User, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    url = services.Access(user).signed_url(file)

    assert url is not None
    verify(url)
    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


def test_access_signs_nothing_for_others(other_user: User, grant: Grant, file: AssetFile) -> None:
    assert services.Access(other_user).signed_url(file) is None


def test_access_signs_nothing_where_downloads_are_counted(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, max_downloads=3)

    assert services.Access(user).signed_url(file) is None
