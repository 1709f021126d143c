"""All or none are counted and logged, and a renewal takes none that is counted."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import (
    KeySourceError,
)
from cf_protected.models import AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.doubles import DownKeySource
from tests.waiting import PATIENCE


def paths(issued: services.IssuedCookies) -> list[str]:
    return [one.scope.path for one in issued.sets]


def used(grant: Grant) -> int:
    grant.refresh_from_db()
    return grant.downloads_used


@pytest.mark.usefixtures("neighbour")
def test_one_refusal_is_one_for_all(
    user: User, course: AssetFile, course_grant: Grant, neighbour: AssetFile
) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_cookies(user, [course, neighbour])

    assert (refusal.value.decision.reason, refusal.value.asset) == (
        Reason.NO_GRANT,
        neighbour.asset,
    )
    assert used(course_grant) == 0
    assert [row.file for row in Download.objects.all()] == [neighbour]


def test_a_limit_that_does_not_suffice_for_all(
    user: User, course: AssetFile, neighbour: AssetFile
) -> None:
    many = services.grant(course.asset, user, max_downloads=1)
    second = AssetFile.objects.create(asset=course.asset, key="more/", kind=AssetFile.Kind.PREFIX)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_cookies(user, [course, second])

    assert refusal.value.decision.reason == Reason.LIMIT_REACHED
    assert used(many) == 0
    assert [row.outcome for row in Download.objects.all()] == [Download.Outcome.REFUSED]


@pytest.mark.usefixtures("both_granted")
@pytest.mark.parametrize(
    ("authorizer", "reason"),
    [("used_up_meanwhile", Reason.LIMIT_REACHED), ("revoked_meanwhile", Reason.REVOKED)],
)
def test_a_grant_that_is_lost_meanwhile(
    user: User, course: AssetFile, configure: Configure, authorizer: str, reason: Reason
) -> None:
    configure(AUTHORIZER=f"tests.doubles.{authorizer}")

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_cookies(user, AssetFile.objects.all())

    assert refusal.value.decision.reason == reason
    assert Download.objects.issued().count() == 0


def test_a_key_source_that_is_down_counts_nothing(
    user: User, course: AssetFile, course_grant: Grant, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    with pytest.raises(KeySourceError):
        services.issue_cookies(user, [course])

    assert (used(course_grant), Download.objects.count()) == (0, 0)


def test_a_repeat_is_signed_and_not_counted(
    user: User, course: AssetFile, course_grant: Grant, received: Listen
) -> None:
    sent = received(signals.download_issued)
    services.issue_cookies(user, [course])

    again = services.issue_cookies(user, [course])

    assert (len(again.sets), again.downloads) == (1, ())
    assert (used(course_grant), Download.objects.count(), len(sent)) == (1, 1, 1)


@pytest.mark.usefixtures("both_granted")
def test_grants_are_locked_in_one_order(
    user: User, course: AssetFile, neighbour: AssetFile
) -> None:
    """Else two requests could wait for each other, and the database would end one of them."""

    def locked(*files: AssetFile) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            services.issue_cookies(user, files)
        updates = [query["sql"] for query in captured if query["sql"].startswith("UPDATE")]
        assert len(updates) == 2
        return updates

    assert locked(course, neighbour) == locked(neighbour, course)


def test_nobody_is_refused(course: AssetFile) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_cookies(AnonymousUser(), [course])
    assert refusal.value.decision.reason == Reason.ANONYMOUS


def test_half_of_the_lifetime_counts_from_the_release(
    user: User, course: AssetFile, course_grant: Grant
) -> None:
    release = timezone.now().replace(microsecond=0) + timedelta(hours=3)
    course.asset.available_from = release

    (one,) = services.issue_cookies(user, [course]).sets

    assert one.renew_at - release == one.expires_at - one.renew_at


def test_renewing_takes_no_counted_download(user: User, course: AssetFile) -> None:
    grant = services.grant(course.asset, user, max_downloads=5)

    assert services.renew_cookies(user, course) is None
    assert (used(grant), Download.objects.count()) == (0, 0)


def test_renewing_without_a_limit(user: User, course: AssetFile, course_grant: Grant) -> None:
    renewed = services.renew_cookies(user, course, folder="part-2/")

    assert renewed is not None
    assert paths(renewed) == ["/course-1/part-2/"]


def test_renewing_asks_the_authoriser(user: User, course: AssetFile) -> None:
    with pytest.raises(DownloadRefused):
        services.renew_cookies(user, course)
    assert Download.objects.get().outcome == Download.Outcome.REFUSED


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize("authorizer", ["used_up_meanwhile", "revoked_meanwhile"])
def test_renewing_takes_none_that_came_to_be_counted_meanwhile(
    user: User, course: AssetFile, configure: Configure, authorizer: str
) -> None:
    configure(AUTHORIZER=f"tests.doubles.{authorizer}")

    with pytest.raises(DownloadRefused):
        services.renew_cookies(user, course)
    assert Download.objects.issued().count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_last_download_is_taken_once(user: User, course: AssetFile) -> None:
    """Each of ten requests asks for another folder of an asset with three downloads left."""
    grant = services.grant(course.asset, user, max_downloads=3)
    folders = [
        AssetFile.objects.create(asset=course.asset, key=f"folder-{number}/", kind="prefix")
        for number in range(10)
    ]
    barrier = threading.Barrier(len(folders))

    def ask(folder: AssetFile) -> str:
        barrier.wait(PATIENCE)
        try:
            services.issue_cookies(user, [folder])
        except DownloadRefused as refusal:
            return refusal.decision.reason
        finally:
            connections.close_all()
        return "issued"

    with ThreadPoolExecutor(len(folders)) as threads:
        answers = Counter(threads.map(ask, folders, timeout=60))

    assert answers == {"issued": 3, Reason.LIMIT_REACHED: 7}
    assert used(grant) == 3
