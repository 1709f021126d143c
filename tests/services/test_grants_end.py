"""Nothing that is signed outlives the grant it was signed for, or begins after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused, explain
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.person import Person
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def ends_in(user: User, file: AssetFile, now: datetime, left: timedelta, **terms: object) -> Grant:
    return services.grant(file.asset, user, starts_at=now - HOUR, expires_at=now + left, **terms)


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def test_a_url_ends_with_its_grant(user: User, file: AssetFile, now: datetime) -> None:
    grant = ends_in(user, file, now, 30 * SECOND)

    issued = services.issue_url(user, file, now=now)

    assert issued.expires_at == whole(grant.expires_at)
    assert f"Expires={int(issued.expires_at.timestamp())}&" in issued.url
    assert Download.objects.get().url_expires_at == issued.expires_at


def test_a_large_file_ends_with_its_grant(
    user: User, file: AssetFile, now: datetime, configure: Configure
) -> None:
    configure({"MIN_DOWNLOAD_SPEED": 1})
    file.size = 12 * 3600
    grant = ends_in(user, file, now, HOUR)

    assert services.issue_url(user, file, now=now).expires_at == whole(grant.expires_at)


def test_cookies_end_with_their_grant(user: User, stream: AssetFile, now: datetime) -> None:
    stream.duration = 2 * HOUR
    grant = ends_in(user, stream, now, 30 * SECOND)

    (one,) = services.issue_cookies(user, [stream], now=now).sets

    assert one.expires_at == whole(grant.expires_at)
    assert now < one.renew_at < one.expires_at


def test_renewed_cookies_end_with_their_grant(user: User, stream: AssetFile, now: datetime) -> None:
    grant = ends_in(user, stream, now, 30 * SECOND)

    renewed = services.renew_cookies(user, stream, now=now)

    assert renewed is not None
    assert renewed.expires_at == whole(grant.expires_at)


def test_the_signatures_of_tags_end_with_the_grant(
    user: User, file: AssetFile, now: datetime
) -> None:
    grant = ends_in(user, file, now, 30 * SECOND)

    url = services.Access(user, now=now).signed_url(file)

    assert url is not None
    assert f"Expires={int(whole(grant.expires_at).timestamp())}&" in url


def test_tokens_end_with_the_grant(user: User, stream: AssetFile, now: datetime) -> None:
    grant = ends_in(user, stream, now, 30 * SECOND)
    by_tag = services.Access(user, now=now).playlist_token(stream)
    issued = services.issue_playlist_token(user, stream, now=now)

    assert by_tag is not None
    assert issued.expires_at == whole(grant.expires_at)
    for token in (by_tag, issued.token):
        assert services.read_playlist_token(token, stream, now=whole(grant.expires_at)) is None
        before = whole(grant.expires_at) - SECOND
        assert services.read_playlist_token(token, stream, now=before) is not None


@pytest.mark.parametrize("left", [MINUTE, HOUR, 2 * HOUR])
def test_nothing_is_signed_that_would_begin_after_the_grant(
    user: User, file: AssetFile, stream: AssetFile, now: datetime, left: timedelta
) -> None:
    file.asset.available_from = stream.asset.available_from = now + 2 * HOUR
    ends_in(user, file, now, left)

    for issue in (
        lambda: services.issue_url(user, file, now=now),
        lambda: services.issue_cookies(user, [stream], now=now),
    ):
        with pytest.raises(DownloadRefused) as refusal:
            issue()
        assert refusal.value.decision.reason == Reason.ENDS_TOO_SOON
    assert Grant.objects.get().downloads_used == 0


def test_a_start_before_the_grants_end_is_signed_until_then(
    user: User, file: AssetFile, now: datetime
) -> None:
    grant = ends_in(user, file, now, HOUR)

    issued = services.issue_url(user, file, date_greater_than=now + HOUR - MINUTE, now=now)

    assert issued.expires_at == whole(grant.expires_at)


@pytest.mark.parametrize("start", [HOUR, HOUR + SECOND])
def test_a_start_at_the_grants_end_is_refused(
    user: User, file: AssetFile, now: datetime, start: timedelta
) -> None:
    ends_in(user, file, now, HOUR)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file, date_greater_than=now + start, now=now)

    assert refusal.value.decision.reason == Reason.ENDS_TOO_SOON


def test_in_the_grants_last_second_there_is_nothing_left_to_sign(
    user: User, file: AssetFile, now: datetime
) -> None:
    now = whole(now) + SECOND / 4
    ends_in(user, file, now, SECOND / 4)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file, now=now)

    assert refusal.value.decision.reason == Reason.EXPIRED


def test_a_grant_that_ends_while_the_key_is_fetched_is_refused(
    user: User, file: AssetFile, stream: AssetFile, now: datetime
) -> None:
    asked = now - 10 * SECOND
    ends_in(user, file, asked, 5 * SECOND)

    for issue in (
        lambda: services.issue_url(user, file, now=asked),
        lambda: services.issue_cookies(user, [stream], now=asked),
    ):
        with pytest.raises(DownloadRefused) as refusal:
            issue()
        assert refusal.value.decision.reason == Reason.EXPIRED
    assert services.Access(user, now=asked).signed_url(file) is None
    assert Download.objects.refused().count() == Download.objects.count() == 2
    assert Grant.objects.get().downloads_used == 0


def test_of_several_grants_the_one_that_lasts_longest_is_taken(
    user: User, file: AssetFile, now: datetime
) -> None:
    ends_in(user, file, now, 30 * SECOND)
    lasting = services.grant(file.asset, user, starts_at=now - HOUR)

    issued = services.issue_url(user, file, now=now)

    assert issued.decision.grant == lasting
    assert issued.expires_at >= now + 15 * MINUTE


def test_a_grant_that_lasts_is_taken_where_another_ends_in_a_moment(
    user: User, file: AssetFile, now: datetime
) -> None:
    ends_in(user, file, now, 8 * SECOND)
    lasting = services.grant(file.asset, user, starts_at=now - HOUR, max_downloads=5)

    issued = services.issue_url(user, file, now=now)

    assert issued.decision.grant == lasting
    assert issued.expires_at >= now + 15 * MINUTE


def test_a_grant_that_lasts_is_taken_where_another_ends_before_the_release(
    user: User, file: AssetFile, now: datetime
) -> None:
    file.asset.available_from = now + HOUR
    ends_in(user, file, now, 30 * MINUTE)
    lasting = services.grant(file.asset, user, starts_at=now - HOUR, max_downloads=5)

    assert services.issue_url(user, file, now=now).decision.grant == lasting


@pytest.mark.parametrize("release", [timedelta(0), HOUR])
def test_a_grant_that_ends_soon_is_taken_where_another_ends_before_anything_begins(
    user: User, file: AssetFile, now: datetime, release: timedelta
) -> None:
    now = whole(now)
    file.asset.available_from = now + release
    ends_in(user, file, now, release + SECOND / 2)
    later = ends_in(user, file, now, release + 3 * MINUTE, max_downloads=5)

    issued = services.issue_url(user, file, now=now)

    assert issued.decision.grant == later
    assert issued.expires_at == later.expires_at


def test_a_page_shows_no_uncounted_signature_of_a_counted_grant_that_lasts(
    user: User, file: AssetFile, now: datetime
) -> None:
    ends_in(user, file, now, 8 * SECOND)
    services.grant(file.asset, user, starts_at=now - HOUR, max_downloads=5)

    assert services.Access(user, now=now).signed_url(file) is None


def test_a_buyer_is_told_that_the_grant_ends_before_the_release(
    user: User, file: AssetFile, now: datetime
) -> None:
    file.asset.available_from = now + 2 * HOUR
    ends_in(user, file, now, HOUR)

    decision = services.authorize_download(user, file, ahead=False, now=now)

    assert decision.reason == Reason.ENDS_TOO_SOON
    assert explain(decision).startswith("Your access ends on ")


def test_the_authoriser_is_asked_twice_at_most_however_many_files(
    user: User, file: AssetFile, other_file: AssetFile, now: datetime, configure: Configure
) -> None:
    asked.clear()
    configure(AUTHORIZER=f"{__name__}.remember")
    ends_in(user, file, now, 8 * SECOND)
    services.grant(file.asset, user, starts_at=now - HOUR)

    access = services.Access(user, now=now)
    urls = [access.signed_url(one) for one in (file, other_file) * 3]

    assert None not in urls
    assert [len(grants) for grants in asked] == [2, 1]


asked: list[list[Grant]] = []


def remember(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    """Decide as always, preferring the grant that ends first."""
    held = sorted(grants, key=lambda one: one.expires_at or now + timedelta(days=1))
    asked.append(held)
    return Decision(True, Reason.GRANTED, held[0])
