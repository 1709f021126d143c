from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import InvalidURL, KeySourceError, UnusableKey
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Listen, Verify, use_up
from tests.doubles import DownKeySource

HOUR = timedelta(hours=1)


def test_the_url_opens_the_file(user: User, grant: Grant, file: AssetFile, verify: Verify) -> None:
    issued = services.issue_url(user, file)

    assert issued.url.startswith("https://downloads.example.com/books/")
    assert "response-content-disposition=attachment" in issued.url
    verify(issued.url)


def test_what_is_issued_says_how_long_and_why(user: User, grant: Grant, file: AssetFile) -> None:
    issued = services.issue_url(user, file)

    assert f"Expires={int(issued.expires_at.timestamp())}&" in issued.url
    assert issued.expires_at >= timezone.now() + timedelta(minutes=14)
    assert (issued.decision.allowed, issued.decision.grant) == (True, grant)


def test_a_download_is_logged(user: User, grant: Grant, file: AssetFile) -> None:
    now = timezone.now()
    viewer = services.Viewer(ip_address="203.0.113.9", user_agent="Firefox")

    issued = services.issue_url(user, file, viewer=viewer, now=now)

    row = Download.objects.get()
    assert row == issued.download
    assert (row.user, row.grant, row.file) == (user, grant, file)
    assert (row.asset_title, row.file_name) == ("Ebook", "Ebook.pdf")
    assert (row.outcome, row.reason) == (Download.Outcome.ISSUED, Reason.GRANTED)
    assert (row.requested_at, row.url_expires_at) == (now, issued.expires_at)
    assert (row.ip_address, row.user_agent) == ("203.0.113.0", "Firefox")


def test_a_download_is_counted(user: User, grant: Grant, file: AssetFile) -> None:
    services.issue_url(user, file)

    grant.refresh_from_db()
    assert grant.downloads_used == 1


def statements(user: User, file: AssetFile) -> list[str]:
    """The kinds of statements that a download makes."""
    with CaptureQueriesContext(connection) as captured:
        services.issue_url(user, file)
    return [query["sql"].split()[0] for query in captured.captured_queries]


def queries(user: User, file: AssetFile) -> list[str]:
    """The same without those of the transaction."""
    kinds = {"SELECT", "UPDATE", "INSERT"}
    return [kind for kind in statements(user, file) if kind in kinds]


def test_the_queries_of_a_download(user: User, grant: Grant, file: AssetFile) -> None:
    # What the user holds and used, the row of its use, the two counts, and the log.
    assert queries(user, file) == ["SELECT", "UPDATE", "INSERT", "UPDATE", "INSERT"]


def test_the_queries_of_a_later_download(
    user: User, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(REPEAT_WINDOW=timedelta(0))
    services.issue_url(user, file)

    assert queries(user, file) == ["SELECT", "UPDATE", "UPDATE", "INSERT"]


def test_a_repeat_writes_nothing_and_opens_no_transaction(
    user: User, grant: Grant, file: AssetFile
) -> None:
    services.issue_url(user, file)

    assert statements(user, file) == ["SELECT"]


def test_a_repeat_without_a_grant_writes_nothing_either(
    user: User, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    services.issue_url(user, file)

    assert statements(user, file) == ["SELECT", "SELECT"]


def test_a_download_is_signalled_once(
    user: User, grant: Grant, file: AssetFile, received: Listen
) -> None:
    issued = received(signals.download_issued)

    services.issue_url(user, file)
    services.issue_url(user, file)  # a repeat

    (sent,) = issued
    assert (sent["sender"], sent["download"]) == (Download, Download.objects.get())


def refused(user: User, file: AssetFile) -> Reason:
    """Ask for the file, which is refused, and return the reason that was logged."""
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(user, file)
    row = Download.objects.get()
    assert row.outcome == Download.Outcome.REFUSED
    assert row.url_expires_at is None
    assert row.reason == refusal.value.decision.reason
    return Reason(row.reason)


def test_without_a_grant_it_is_refused(user: User, file: AssetFile) -> None:
    assert refused(user, file) is Reason.NO_GRANT
    assert Download.objects.get().user == user


def test_with_somebody_elses_grant_it_is_refused(
    other_user: User, grant: Grant, file: AssetFile
) -> None:
    assert refused(other_user, file) is Reason.NO_GRANT


def test_before_the_start_it_is_refused(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, starts_at=timezone.now() + HOUR)

    assert refused(user, file) is Reason.NOT_STARTED


def test_after_the_end_it_is_refused(user: User, file: AssetFile) -> None:
    now = timezone.now()
    services.grant(file.asset, user, starts_at=now - 2 * HOUR, expires_at=now - HOUR)

    assert refused(user, file) is Reason.EXPIRED


def test_after_revoking_it_is_refused(user: User, grant: Grant, file: AssetFile) -> None:
    services.revoke_grants(Grant.objects.all())

    assert refused(user, file) is Reason.REVOKED


def test_beyond_the_limit_it_is_refused(user: User, file: AssetFile) -> None:
    use_up(services.grant(file.asset, user, max_downloads=1))

    assert refused(user, file) is Reason.LIMIT_REACHED


def test_a_draft_is_refused(user: User, grant: Grant, file: AssetFile) -> None:
    file.asset.state = Asset.State.DRAFT

    assert refused(user, file) is Reason.UNPUBLISHED


def test_an_archived_asset_is_downloaded(user: User, grant: Grant, file: AssetFile) -> None:
    file.asset.state = Asset.State.ARCHIVED

    assert services.issue_url(user, file).download is not None


def test_an_inactive_account_is_refused(user: User, grant: Grant, file: AssetFile) -> None:
    user.is_active = False

    assert refused(user, file) is Reason.INACTIVE_USER


def test_a_stranger_is_refused_without_a_row_in_the_log(
    grant: Grant, file: AssetFile, received: Listen
) -> None:
    signalled = received(signals.download_refused)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_url(AnonymousUser(), file)

    assert refusal.value.decision.reason == Reason.ANONYMOUS
    assert (Download.objects.count(), signalled) == (0, [])


def test_a_refusal_is_not_counted(user: User, grant: Grant, file: AssetFile) -> None:
    services.revoke_grants(Grant.objects.all())
    refused(user, file)

    grant.refresh_from_db()
    assert grant.downloads_used == 0


def test_a_refusal_is_signalled_once(user: User, file: AssetFile, received: Listen) -> None:
    signalled = received(signals.download_refused)
    issued = received(signals.download_issued)

    refused(user, file)

    (sent,) = signalled
    assert (sent["sender"], sent["download"]) == (Download, Download.objects.get())
    assert issued == []


def test_a_key_source_that_is_down_counts_and_logs_nothing(
    user: User, grant: Grant, file: AssetFile, use_key_source: Configure, received: Listen
) -> None:
    use_key_source(DownKeySource)
    issued = received(signals.download_issued)

    with pytest.raises(KeySourceError):
        services.issue_url(user, file)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count(), issued) == (0, 0, [])


def test_a_key_that_is_none_counts_and_logs_nothing(
    user: User, grant: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(InlineKeySource, private_key="no key", key_pair_id="K2JCJMDEHXQW5F")

    with pytest.raises(UnusableKey):
        services.issue_url(user, file)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


def test_a_url_that_is_too_long_counts_and_logs_nothing(
    user: User, grant: Grant, file: AssetFile
) -> None:
    file.key = "日" * 900

    with pytest.raises(InvalidURL):
        services.issue_url(user, file)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


@pytest.fixture
def download_from(user: User, grant: Grant, file: AssetFile) -> Callable[[str], Download]:
    def download(address: str) -> Download:
        services.issue_url(user, file, viewer=services.Viewer(ip_address=address))
        return Download.objects.get()

    return download


@pytest.mark.parametrize(
    ("rule", "address", "logged"),
    [
        ("keep", "203.0.113.9", "203.0.113.9"),
        ("keep", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
        ("truncate", "203.0.113.9", "203.0.113.0"),
        ("truncate", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("truncate", "::ffff:203.0.113.9", "203.0.113.0"),
        ("truncate", "fe80::1%eth0", "fe80::"),
        ("keep", "::ffff:203.0.113.9", "203.0.113.9"),
        ("keep", "fe80::1%eth0", "fe80::1"),
        ("keep", "unix:", None),
        ("truncate", "203.0.113.9:52000", None),
        ("drop", "203.0.113.9", None),
        ("drop", "2001:db8:1:2:3:4:5:6", None),
    ],
)
def test_the_address_is_logged_as_the_setting_has_it(
    download_from: Callable[[str], Download],
    configure: Configure,
    rule: str,
    address: str,
    logged: str | None,
) -> None:
    configure(LOG_IP_ADDRESSES=rule)

    assert download_from(address).ip_address == logged


def test_an_address_that_nobody_knows_is_logged_as_none(
    user: User, grant: Grant, file: AssetFile
) -> None:
    services.issue_url(user, file)

    assert Download.objects.get().ip_address is None


def test_a_long_user_agent_is_cut(user: User, grant: Grant, file: AssetFile) -> None:
    services.issue_url(user, file, viewer=services.Viewer(user_agent="x" * 1000))

    assert Download.objects.get().user_agent == "x" * 255


def test_a_user_agent_that_no_database_holds(user: User, grant: Grant, file: AssetFile) -> None:
    services.issue_url(user, file, viewer=services.Viewer(user_agent="Fire\0fox"))

    assert Download.objects.get().user_agent == "Firefox"
