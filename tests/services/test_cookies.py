"""Which cookies are signed for what."""

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
    CookiesTooLarge,
    InvalidURL,
    KeySourceError,
    SigningError,
)
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.doubles import DownKeySource
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.verifying import opens
from tests.waiting import PATIENCE


def paths(issued: services.IssuedCookies) -> list[str]:
    return [one.scope.path for one in issued.sets]


def used(grant: Grant) -> int:
    grant.refresh_from_db()
    return grant.downloads_used


def test_a_folder(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    assert one.scope == (None, "/course-1/", True, "Lax")
    assert opens(one, "/course-1/")
    assert opens(one, "/course-1/a.ts")
    assert opens(one, "/course-1/part-2/b.ts?quality=high")


def test_no_neighbour(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    for path in ("/course-10/a.ts", "/course-1", "/course-1%2Fa.ts", "/", "/Course-1/a.ts"):
        assert not opens(one, path)


def test_the_policy_is_custom_for_a_folder(
    user: User, course: AssetFile, course_grant: Grant
) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    assert "CloudFront-Policy" in one.cookies
    assert "CloudFront-Expires" not in one.cookies


def test_a_folder_inside_it(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course], folder="part 2/").sets

    assert one.scope.path == "/course-1/part%202/"
    assert opens(one, "/course-1/part%202/a.ts")
    assert not opens(one, "/course-1/part%2020/a.ts")
    assert not opens(one, "/course-1/a.ts")


def test_one_object_has_exact_cookies(user: User, grant: Grant, file: AssetFile) -> None:
    (one,) = services.issue_cookies(user, [file]).sets

    assert one.scope.path == f"/{file.key}"
    assert "CloudFront-Expires" in one.cookies
    assert opens(one, f"/{file.key}")
    assert not opens(one, f"/{file.key}?x=1")
    assert not opens(one, f"/{file.key}.bak")


def test_the_location_of_a_bucket_is_part_of_the_path(
    user: User, course: AssetFile, course_grant: Grant, configure: Configure
) -> None:
    configure({"PATH_PREFIX": "media/"})

    (one,) = services.issue_cookies(user, [course]).sets

    assert one.scope.path == "/media/course-1/"
    assert not opens(one, "/course-1/a.ts")


def test_a_key_with_wildcards_opens_itself(user: User, make_folder: MakeFolder) -> None:
    folder = make_folder("what?*/", slug="what")
    services.grant(folder.asset, user)

    (one,) = services.issue_cookies(user, [folder]).sets

    assert opens(one, "/what%3F%2A/a.ts")
    assert not opens(one, "/what1x/a.ts")


@pytest.mark.parametrize("folder", ["part-2", "/part-2/", "a//b/", "../", "a/../../", ".", "\n/"])
def test_a_folder_that_is_none(
    user: User, course: AssetFile, course_grant: Grant, folder: str
) -> None:
    with pytest.raises(InvalidURL):
        services.issue_cookies(user, [course], folder=folder)
    assert used(course_grant) == 0


@pytest.mark.usefixtures("both_granted", "grant")
def test_only_one_folder_can_be_narrowed(
    user: User, course: AssetFile, neighbour: AssetFile, file: AssetFile
) -> None:
    for files in ([course, neighbour], [file]):
        with pytest.raises(SigningError, match="Only one folder"):
            services.issue_cookies(user, files, folder="part-2/")


def test_no_files_are_an_error(user: User) -> None:
    with pytest.raises(SigningError, match="no files"):
        services.issue_cookies(user, [])


def test_as_many_sets_as_browsers_keep(user: User, asset: Asset, grant: Grant) -> None:
    files = [
        AssetFile.objects.create(asset=asset, key=f"{number}/", kind="prefix")
        for number in range(41)
    ]

    assert len(services.issue_cookies(user, files[:40]).sets) == 40
    with pytest.raises(CookiesTooLarge, match="41 sets of cookies, and browsers keep at most 40"):
        services.issue_cookies(user, files)
    assert Download.objects.count() == 40


@pytest.mark.parametrize(("length", "works"), [(1022, True), (1023, False)])
def test_a_path_as_long_as_browsers_take(
    user: User, make_folder: MakeFolder, length: int, works: bool
) -> None:
    folder = make_folder("x" * length + "/", slug="long")
    services.grant(folder.asset, user)

    if works:
        (one,) = services.issue_cookies(user, [folder]).sets
        assert len(one.scope.path) == 1024
        assert max(len(name) + len(value) for name, value in one.cookies.items()) < 4096
    else:
        with pytest.raises(CookiesTooLarge, match="has 1025 bytes in a URL"):
            services.issue_cookies(user, [folder])


def test_letters_that_take_nine_bytes_each(user: User, make_folder: MakeFolder) -> None:
    folder = make_folder("日" * 120 + "/", slug="long")
    services.grant(folder.asset, user)

    with pytest.raises(CookiesTooLarge, match="1082 bytes"):
        services.issue_cookies(user, [folder])


def test_beside_other_cookies(user: User, course: AssetFile, course_grant: Grant) -> None:
    cookies = services.issue_cookies(user, [course]).sets[0].cookies
    own = sum(len(f"{name}={value}; ") for name, value in cookies.items())
    left = 20_480 - 8_192 - own

    assert services.issue_cookies(user, [course], cookie_bytes=left).sets
    # ECDSA signatures differ in length, but that of the same policy is remembered.
    with pytest.raises(CookiesTooLarge, match="12289"):
        services.issue_cookies(user, [course], cookie_bytes=left + 1)


def test_what_is_too_large_tells_a_stranger_nothing(user: User, asset: Asset) -> None:
    files = [AssetFile.objects.create(asset=asset, key=f"{number}.pdf") for number in range(41)]

    with pytest.raises(DownloadRefused):
        services.issue_cookies(user, files, folder="../")


# Counted, logged and refused


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
    user: User, course: AssetFile, neighbour: AssetFile, configure: Configure
) -> None:
    """Else two requests could wait for each other, and the database would end one of them."""
    configure(REPEAT_WINDOW=timedelta(0))

    def locked(*files: AssetFile) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            services.issue_cookies(user, files)
        update = f"UPDATE {connection.ops.quote_name('cf_protected_grant')} "
        updates = [query["sql"] for query in captured if query["sql"].startswith(update)]
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
