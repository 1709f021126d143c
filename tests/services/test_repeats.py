"""The same person's next request for the same file is the same download, for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.access import Decision, DownloadRefused
from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from cf_protected.person import Person
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Listen, Verify, use_up

WINDOW = timedelta(minutes=30)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def first(user: User, file: AssetFile) -> datetime:
    """When the user downloaded the file, with one of two downloads."""
    now = timezone.now()
    services.grant(file.asset, user, starts_at=now - WINDOW, max_downloads=2)
    services.issue_url(user, file, now=now)
    return now


def used() -> int:
    return Grant.objects.get().downloads_used


def test_inside_the_window_it_is_the_same_download(
    user: User, file: AssetFile, first: datetime, verify: Verify
) -> None:
    again = services.issue_url(user, file, now=first + WINDOW - MOMENT)

    assert again.download is None
    assert (used(), Download.objects.count()) == (1, 1)
    verify(again.url)


def test_from_its_end_on_it_is_another(user: User, file: AssetFile, first: datetime) -> None:
    again = services.issue_url(user, file, now=first + WINDOW)

    assert again.download is not None
    assert (used(), Download.objects.count()) == (2, 2)


def test_a_repeat_does_not_prolong_the_window(user: User, file: AssetFile, first: datetime) -> None:
    services.issue_url(user, file, now=first + WINDOW / 2)

    assert services.issue_url(user, file, now=first + WINDOW).download is not None


def test_the_window_is_a_setting(
    user: User, file: AssetFile, first: datetime, configure: Configure
) -> None:
    configure(REPEAT_WINDOW=timedelta(minutes=5))

    assert services.issue_url(user, file, now=first + timedelta(minutes=5)).download is not None


@pytest.mark.parametrize("since", [-WINDOW / 2, -MOMENT, timedelta(0), MOMENT])
def test_without_a_window_nothing_is_a_repeat(
    user: User, file: AssetFile, first: datetime, configure: Configure, since: timedelta
) -> None:
    configure(REPEAT_WINDOW=timedelta(0))

    # Requests at the same time needn't be counted in the order of their clocks.
    assert services.issue_url(user, file, now=first + since).download is not None


def test_a_clock_that_was_wrong_makes_no_repeats(
    user: User, file: AssetFile, first: datetime
) -> None:
    """The server's clock was a day ahead, and is right again."""
    Use.objects.update(last_at=first + timedelta(days=1))

    assert services.issue_url(user, file, now=first + MOMENT).download is not None
    assert services.issue_url(user, file, now=first + 2 * MOMENT).download is None
    assert used() == 2


def test_servers_whose_clocks_differ_agree_about_a_repeat(
    user: User, file: AssetFile, first: datetime
) -> None:
    Grant.objects.update(starts_at=first - WINDOW)

    assert services.issue_url(user, file, now=first - timedelta(minutes=1)).download is None
    assert used() == 1


def test_another_file_is_another_download(
    user: User, other_file: AssetFile, first: datetime
) -> None:
    assert services.issue_url(user, other_file, now=first).download is not None
    assert used() == 2


def test_another_persons_is_another_download(
    other_user: User, file: AssetFile, first: datetime
) -> None:
    services.grant(file.asset, other_user, starts_at=first)

    assert services.issue_url(other_user, file, now=first).download is not None


def test_a_refusal_is_logged_once_in_the_window(
    user: User, file: AssetFile, other_file: AssetFile, received: Listen
) -> None:
    signalled = received(signals.download_refused)
    now = timezone.now()

    for moment in (now, now + MOMENT, now + WINDOW - MOMENT):
        assert refusal(user, file, moment) == Reason.NO_GRANT
    assert Download.objects.refused().count() == len(signalled) == 1

    refusal(user, file, now + WINDOW)
    refusal(user, other_file, now)
    assert Download.objects.refused().count() == 3


def test_another_reason_is_logged_too(user: User, file: AssetFile) -> None:
    refusal(user, file, timezone.now())
    services.grant(file.asset, user)
    services.revoke_grants(Grant.objects.all())
    refusal(user, file, timezone.now())

    assert {row.reason for row in Download.objects.refused()} == {"no_grant", "revoked"}


def test_without_a_window_each_refusal_is_logged(
    user: User, file: AssetFile, configure: Configure
) -> None:
    configure(REPEAT_WINDOW=timedelta(0))
    now = timezone.now()

    for _ in range(2):
        refusal(user, file, now)

    assert Download.objects.refused().count() == 2


@pytest.fixture
def used_up(first: datetime) -> datetime:
    """When the user took the last download of the grant."""
    Grant.objects.update(max_downloads=1)
    return first


def refusal(user: User, file: AssetFile, now: datetime) -> str:
    with pytest.raises(DownloadRefused) as refused:
        services.issue_url(user, file, now=now)
    return refused.value.decision.reason


def test_the_last_download_may_be_repeated_inside_the_window(
    user: User, file: AssetFile, used_up: datetime, verify: Verify
) -> None:
    again = services.issue_url(user, file, now=used_up + WINDOW - MOMENT)

    assert again.download is None
    assert again.decision.allowed
    assert (used(), Download.objects.count()) == (1, 1)
    verify(again.url)


def test_the_last_download_may_not_be_repeated_after_the_window(
    user: User, file: AssetFile, used_up: datetime
) -> None:
    assert refusal(user, file, used_up + WINDOW) == Reason.LIMIT_REACHED


def test_the_last_download_lets_no_other_file_in(
    user: User, other_file: AssetFile, used_up: datetime
) -> None:
    assert refusal(user, other_file, used_up) == Reason.LIMIT_REACHED


def test_a_revoked_grant_allows_no_repeat(user: User, file: AssetFile, used_up: datetime) -> None:
    services.revoke_grants(Grant.objects.all())

    assert refusal(user, file, used_up) == Reason.REVOKED


def test_a_used_up_and_a_revoked_grant_allow_no_repeat_of_the_revoked_ones(
    user: User, file: AssetFile, used_up: datetime
) -> None:
    services.revoke_grants(Grant.objects.all())
    use_up(services.grant(file.asset, user, starts_at=used_up, max_downloads=1))

    assert refusal(user, file, used_up) == Reason.LIMIT_REACHED


def test_an_expired_grant_allows_no_repeat(user: User, file: AssetFile, used_up: datetime) -> None:
    now = used_up + timedelta(minutes=2)
    Grant.objects.update(expires_at=now)

    assert refusal(user, file, now) == Reason.EXPIRED


def test_a_repeat_is_the_same_download_on_whichever_grant(user: User, file: AssetFile) -> None:
    for _ in range(2):
        services.grant(file.asset, user, max_downloads=3)

    downloads = [services.issue_url(user, file).download for _ in range(3)]

    assert [download is None for download in downloads] == [False, True, True]
    assert sorted(grant.downloads_used for grant in Grant.objects.all()) == [0, 1]


def test_what_is_bought_again_after_a_refund_is_counted(
    user: User, file: AssetFile, first: datetime
) -> None:
    services.revoke_grants(Grant.objects.all())
    again = services.grant(file.asset, user, starts_at=first, max_downloads=2)

    assert services.issue_url(user, file, now=first + MOMENT).download is not None
    again.refresh_from_db()
    assert again.downloads_used == 1


def test_a_used_up_grant_prolongs_no_rental_that_has_ended(user: User, file: AssetFile) -> None:
    now = timezone.now()
    use_up(services.grant(file.asset, user, starts_at=now, max_downloads=1))
    rental = services.grant(file.asset, user, starts_at=now, expires_at=now + WINDOW / 2)
    assert services.issue_url(user, file, now=now).decision.grant == rental

    assert refusal(user, file, now + WINDOW / 2) == Reason.LIMIT_REACHED


def test_a_file_that_moves_to_another_asset_takes_no_download_along(
    user: User, file: AssetFile, first: datetime
) -> None:
    other = Asset.objects.create(title="Film", slug="film", state=Asset.State.PUBLISHED)
    use_up(services.grant(other, user, starts_at=first, max_downloads=1))
    file.asset = other
    file.save()

    assert refusal(user, file, first + MOMENT) == Reason.LIMIT_REACHED


def test_a_deleted_grant_leaves_its_successor_no_repeat(
    user: User, file: AssetFile, first: datetime
) -> None:
    Grant.objects.get().delete()
    successor = services.grant(file.asset, user, starts_at=first, max_downloads=2)

    assert services.issue_url(user, file, now=first + MOMENT).download is not None
    successor.refresh_from_db()
    assert successor.downloads_used == 1


def test_a_pruned_log_changes_nothing(user: User, file: AssetFile, first: datetime) -> None:
    Download.objects.all().delete()

    assert services.issue_url(user, file, now=first + MOMENT).download is None
    assert used() == 1


def test_a_repeat_on_a_grant_that_ends_in_a_moment_gives_way_to_a_lasting_one(
    user: User, file: AssetFile
) -> None:
    now = timezone.now()
    ends = now + timedelta(minutes=1)
    services.grant(file.asset, user, starts_at=now, expires_at=ends)
    services.issue_url(user, file, now=now)
    lasting = services.grant(file.asset, user, starts_at=now)

    again = services.issue_url(user, file, now=ends - timedelta(seconds=2))

    assert (again.decision.grant, again.download is not None) == (lasting, True)


def test_a_repeat_uses_up_no_download_of_a_grant_that_lasts(user: User, file: AssetFile) -> None:
    now = timezone.now()
    first = services.grant(
        file.asset, user, starts_at=now, expires_at=now + timedelta(minutes=16), max_downloads=9
    )
    lasting = services.grant(file.asset, user, starts_at=now, max_downloads=5)
    assert services.issue_url(user, file, now=now).decision.grant == first

    again = services.issue_url(user, file, now=now + timedelta(minutes=2))

    assert (again.decision.grant, again.download) == (first, None)
    lasting.refresh_from_db()
    assert lasting.downloads_used == 0


def test_an_authorisers_no_to_another_grant_is_no_repeat(
    user: User, other_user: User, file: AssetFile, configure: Configure
) -> None:
    """Such as a site licence with a limit for each day."""
    now = timezone.now()
    services.grant(file.asset, user, starts_at=now, expires_at=now + WINDOW)
    services.issue_url(user, file, now=now)
    licence = services.grant(file.asset, other_user, starts_at=now, max_downloads=5)
    configure(AUTHORIZER=f"{__name__}.refuse_today")

    assert refusal(user, file, now + MOMENT) == Reason.LIMIT_REACHED
    licence.refresh_from_db()
    assert licence.downloads_used == 0


def refuse_today(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    return Decision(False, Reason.LIMIT_REACHED, Grant.objects.latest("pk"))


def test_each_file_of_a_grant_has_its_own_window(
    user: User, file: AssetFile, other_file: AssetFile, first: datetime
) -> None:
    services.issue_url(user, other_file, now=first + WINDOW / 2)

    assert services.issue_url(user, file, now=first + WINDOW - MOMENT).download is None
    assert services.issue_url(user, other_file, now=first + WINDOW).download is None


def test_a_use_says_how_often_and_when(user: User, file: AssetFile, first: datetime) -> None:
    services.issue_url(user, file, now=first + MOMENT)  # a repeat
    services.issue_url(user, file, now=first + WINDOW)

    use = Use.objects.get()
    assert (use.grant, use.user, use.file) == (Grant.objects.get(), None, file)
    assert (use.count, use.last_at) == (2, first + WINDOW)


def test_an_authorisers_own_grant_has_its_repeats(
    user: User, other_user: User, file: AssetFile, configure: Configure
) -> None:
    """Such as a site licence that somebody else holds."""
    services.grant(file.asset, other_user, max_downloads=1)
    configure(AUTHORIZER="tests.doubles.share_all")

    downloads = [services.issue_url(user, file).download for _ in range(2)]

    assert [download is None for download in downloads] == [False, True]
    assert used() == 1


def test_without_a_grant_a_repeat_belongs_to_the_user(
    user: User, other_user: User, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    now = timezone.now()

    moments = [now, now + WINDOW - MOMENT, now + WINDOW]
    downloads = [services.issue_url(user, file, now=moment).download for moment in moments]

    assert [download is None for download in downloads] == [False, True, False]
    assert services.issue_url(other_user, file, now=now).download is not None
    assert {(use.user, use.grant) for use in Use.objects.all()} == {
        (user, None),
        (other_user, None),
    }
