"""From when, from where and how long signatures open what they are for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import AccessDenied, InvalidCondition
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from cf_protected.services.terms import agree_on_terms, make_request
from tests.accounts.models import User
from tests.conftest import Configure

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
VIEWER = services.Viewer("203.0.113.7")
YES = Decision(True, Reason.GRANTED)

Check = Callable[..., None]
pytestmark = pytest.mark.usefixtures("grant")


@pytest.fixture
def open_at() -> Check:
    """Raises unless the edge would serve the URL then and there."""

    def check(url: str, at: datetime | None = None, viewer_ip: str = "203.0.113.7") -> None:
        key = distributions["default"].key_source.get_signing_key()
        verifier = CloudFrontVerifier({key.key_pair_id: key.public_key})
        verifier.verify(url, viewer_ip=viewer_ip, now=at)

    return check


def policy_of(url: str) -> dict[str, Any]:
    """The conditions in the URL's policy."""
    (text,) = parse_qs(urlsplit(url).query)["Policy"]
    policy = json.loads(base64.b64decode(text.translate(str.maketrans("-_~", "+=/"))))
    conditions: dict[str, Any] = policy["Statement"][0]["Condition"]
    return conditions


# Bound to an address


def test_by_default_nothing_is_bound(user: User, file: AssetFile, open_at: Check) -> None:
    url = services.issue_url(user, file, viewer=VIEWER).url

    assert "Policy=" not in url
    open_at(url, viewer_ip="198.51.100.1")


def test_an_asset_binds_its_urls(user: User, file: AssetFile, open_at: Check) -> None:
    file.asset.bind_to_ip = True

    url = services.issue_url(user, file, viewer=VIEWER).url

    assert policy_of(url)["IpAddress"] == {"AWS:SourceIp": "203.0.113.7/32"}
    open_at(url)
    with pytest.raises(AccessDenied):
        open_at(url, viewer_ip="203.0.113.8")


@pytest.mark.parametrize(("asset_binds", "call_binds"), [(False, True), (True, False)])
def test_a_call_decides_otherwise(
    user: User, file: AssetFile, asset_binds: bool, call_binds: bool
) -> None:
    file.asset.bind_to_ip = asset_binds

    url = services.issue_url(user, file, viewer=VIEWER, bind_to_ip=call_binds).url

    assert ("Policy=" in url) == call_binds


def test_a_network_in_place_of_an_address(
    user: User, file: AssetFile, configure: Configure, open_at: Check
) -> None:
    configure({"IP_PREFIX_LENGTH": 24})

    url = services.issue_url(user, file, viewer=VIEWER, bind_to_ip=True).url

    assert policy_of(url)["IpAddress"] == {"AWS:SourceIp": "203.0.113.0/24"}
    open_at(url, viewer_ip="203.0.113.200")
    with pytest.raises(AccessDenied):
        open_at(url, viewer_ip="203.0.114.7")


def test_ipv4_that_came_over_ipv6(user: User, file: AssetFile) -> None:
    viewer = services.Viewer("::ffff:203.0.113.7")

    url = services.issue_url(user, file, viewer=viewer, bind_to_ip=True).url

    assert policy_of(url)["IpAddress"] == {"AWS:SourceIp": "203.0.113.7/32"}


IPV6 = ["2001:db8::7", "fe80::1%eth0", "::1"]
NO_ADDRESS = [None, "", "unknown", "unix:", "203.0.113"]


@pytest.mark.parametrize("address", [*IPV6, *NO_ADDRESS])
def test_who_can_not_be_bound_is_refused(user: User, file: AssetFile, address: str | None) -> None:
    file.asset.bind_to_ip = True

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file, viewer=services.Viewer(address))

    assert refusal.value.decision.reason == Reason.ADDRESS_NOT_BOUND
    assert Grant.objects.get().downloads_used == 0


@pytest.mark.parametrize("address", IPV6)
def test_ipv6_viewers_may_go_unbound(
    user: User, file: AssetFile, configure: Configure, address: str
) -> None:
    configure({"IPV6_VIEWERS": "unbound"})

    viewer = services.Viewer(address)
    url = services.issue_url(user, file, viewer=viewer, bind_to_ip=True).url

    assert "Policy=" not in url


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_an_unknown_address_never_goes_unbound(
    user: User, file: AssetFile, configure: Configure, address: str | None
) -> None:
    configure({"IPV6_VIEWERS": "unbound"})

    with pytest.raises(DownloadRefused):
        services.issue_url(user, file, viewer=services.Viewer(address), bind_to_ip=True)


def test_with_unbound_ipv6_those_of_ipv4_are_bound_all_the_same(
    user: User, file: AssetFile, configure: Configure
) -> None:
    configure({"IPV6_VIEWERS": "unbound"})

    assert "Policy=" in services.issue_url(user, file, viewer=VIEWER, bind_to_ip=True).url


def test_without_a_viewer_nothing_bound_is_signed(user: User, file: AssetFile) -> None:
    file.asset.bind_to_ip = True

    assert services.Access(user).signed_url(file) is None
    assert not services.authorize_download(user, file).allowed
    assert services.authorize_download(user, file, viewer=VIEWER).allowed


# From a time on


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@pytest.fixture
def release(file: AssetFile) -> datetime:
    """The asset's, in two hours."""
    file.asset.available_from = whole(timezone.now()) + 2 * HOUR
    file.asset.save()
    return file.asset.available_from


def test_it_opens_with_the_release_and_no_second_earlier(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    url = services.issue_url(user, file).url

    for early in (timezone.now(), release - HOUR, release - SECOND):
        with pytest.raises(AccessDenied):
            open_at(url, early)
    open_at(url, release)


def test_a_release_inside_a_second_waits_for_it(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    file.asset.available_from = release + SECOND / 2

    url = services.issue_url(user, file).url

    with pytest.raises(AccessDenied):
        open_at(url, release)
    open_at(url, release + SECOND)


def test_its_lifetime_begins_with_the_release(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    issued = services.issue_url(user, file)

    assert release + timedelta(minutes=14) <= issued.expires_at <= release + HOUR
    open_at(issued.url, release + timedelta(minutes=14))


def test_after_the_release_nothing_is_left_of_it(
    user: User, file: AssetFile, release: datetime
) -> None:
    file.asset.available_from = timezone.now() - SECOND

    assert "Policy=" not in services.issue_url(user, file).url


def test_a_call_may_start_later_than_the_asset(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    later = release + HOUR

    url = services.issue_url(user, file, date_greater_than=later).url

    with pytest.raises(AccessDenied):
        open_at(url, release + SECOND)
    open_at(url, later)


def test_a_call_never_starts_before_the_asset(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    url = services.issue_url(user, file, date_greater_than=release - HOUR).url

    with pytest.raises(AccessDenied):
        open_at(url, release - SECOND)


@pytest.mark.parametrize("at", [None, datetime(2020, 1, 1, tzinfo=UTC)])
def test_a_start_that_has_passed_is_none(user: User, file: AssetFile, at: datetime | None) -> None:
    assert "Policy=" not in services.issue_url(user, file, date_greater_than=at).url


def furthest_start(now: datetime) -> datetime:
    """The last one at which the present key is sure to be trusted."""
    settings = distributions["default"].settings
    source, clocks = settings.key_source, timedelta(minutes=5)
    replaced_key = source.lifetime + source.stale_limit + clocks
    return now + settings.rotation_overlap - settings.longest_lifetime - replaced_key


def test_a_start_beyond_the_keys_life_is_refused(file: AssetFile) -> None:
    request = make_request(AnonymousUser())
    settings = distributions["default"].settings
    file.asset.available_from = start = furthest_start(request.now)
    assert agree_on_terms(request, file, YES, settings).starts_at == start

    file.asset.available_from += SECOND
    with pytest.raises(DownloadRefused) as refusal:
        agree_on_terms(request, file, YES, settings)
    assert refusal.value.decision.reason == Reason.NOT_RELEASED


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (None, Reason.NOT_RELEASED),
        (datetime(2999, 1, 1, tzinfo=UTC), Reason.ENDS_TOO_SOON),
    ],
)
def test_what_is_never_released_is_refused(
    user: User, file: AssetFile, end: datetime | None, reason: Reason
) -> None:
    Grant.objects.update(expires_at=end)
    file.asset.available_from = datetime.max.replace(tzinfo=UTC)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file)

    assert refusal.value.decision.reason == reason


def test_the_refusal_says_from_when_and_is_not_logged(user: User, file: AssetFile) -> None:
    file.asset.available_from = datetime(2090, 5, 1, 10, tzinfo=UTC)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file)

    assert "2090" in refusal.value.decision.message
    assert (Grant.objects.get().downloads_used, Download.objects.count()) == (0, 0)


def test_a_no_stays_what_it_is(user: User, file: AssetFile) -> None:
    services.revoke_grants(Grant.objects.all())
    file.asset.bind_to_ip = True

    assert services.authorize_download(user, file).reason == Reason.REVOKED


def test_what_is_not_ahead_waits_for_the_release(
    user: User, file: AssetFile, release: datetime
) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file, ahead=False)

    assert refusal.value.decision.reason == Reason.NOT_RELEASED
    assert Download.objects.count() == 0
    assert services.issue_url(user, file, ahead=False, now=release).starts_at is None
    assert services.issue_url(user, file).starts_at == release


def test_cookies_and_playlists_have_the_same_conditions(
    user: User, file: AssetFile, release: datetime, open_at: Check
) -> None:
    asset = Asset.objects.get()
    asset.bind_to_ip = True
    folder = AssetFile.objects.create(asset=asset, key="course/", kind=AssetFile.Kind.PREFIX)

    (one,) = services.issue_cookies(user, [folder], viewer=VIEWER).sets

    key = distributions["default"].key_source.get_signing_key()
    verifier = CloudFrontVerifier({key.key_pair_id: key.public_key})
    url = distributions["default"].url("course/a.ts")

    def verify(at: datetime, viewer_ip: str) -> None:
        verifier.verify(url, cookies=one.cookies, viewer_ip=viewer_ip, now=at)

    verify(release, "203.0.113.7")
    for at, address in [(release - SECOND, "203.0.113.7"), (release, "203.0.113.8")]:
        with pytest.raises(AccessDenied):
            verify(at, address)


def test_tags_show_no_signature_before_the_release(
    user: User, file: AssetFile, release: datetime
) -> None:
    access = services.Access(user, viewer=VIEWER)

    assert access.signed_url(file) is None
    later = services.Access(user, viewer=VIEWER, now=release)
    assert later.signed_url(file) is not None


def test_a_start_without_a_time_zone_is_an_invalid_condition(
    user: User, grant: Grant, file: AssetFile
) -> None:
    naive = timezone.now().replace(tzinfo=None)

    with pytest.raises(InvalidCondition, match="date_greater_than"):
        services.issue_url(user, file, date_greater_than=naive)
