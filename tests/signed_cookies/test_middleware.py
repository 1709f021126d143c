"""Cookies go when the session ends, and are renewed where a page asks for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from cf_protected.services.cookie_scopes import MAX_SETS
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import DownKeySource
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.jar import Jar
from tests.signed_cookies.memory import cookies_of, forget, grow_old, remembered_by

OPEN = "/downloads/cookies/"


@pytest.fixture(autouse=True)
def project(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.signed_cookies.urls"


@pytest.fixture
def opened(buyer: Client, jar: Jar, course_grant: Grant) -> Client:
    """A browser with the course's cookies, which are in the jar."""
    jar.take(buyer.post(OPEN))
    assert jar.kept
    return buyer


def test_logging_out_removes_them(opened: Client, jar: Jar) -> None:
    jar.take(opened.post("/logout/"))

    assert jar.kept == {}


def test_logging_in_as_somebody_else_removes_them(
    opened: Client, jar: Jar, other_user: User
) -> None:
    jar.take(opened.get(f"/login/{other_user.email}/"))

    assert jar.kept == {}


def test_logging_in_again_keeps_them(opened: Client, jar: Jar, user: User) -> None:
    jar.take(opened.get(f"/login/{user.email}/"))
    assert jar.kept != {}

    jar.take(opened.post("/logout/"))
    assert jar.kept == {}


def test_a_password_changed_elsewhere_removes_them(opened: Client, jar: Jar, user: User) -> None:
    user.set_password("another")
    user.save()

    jar.take(opened.get(OPEN.replace("cookies/", "")))

    assert jar.kept == {}


@pytest.mark.parametrize("end", ["inactive", "deleted"])
def test_an_account_that_ended_under_its_session_removes_them(
    opened: Client, jar: Jar, user: User, end: str
) -> None:
    if end == "deleted":
        user.delete()
    else:
        User.objects.update(is_active=False)

    jar.take(opened.get("/downloads/"))

    assert jar.kept == {}


def test_the_next_persons_cookies_stay(
    opened: Client, jar: Jar, other_user: User, course: AssetFile, neighbour: AssetFile
) -> None:
    before = jar.sent_to("/course-1/")
    for folder in (course, neighbour):
        services.grant(folder.asset, other_user)

    jar.take(opened.get(f"/login-and-open/{other_user.email}/"))

    assert len(jar.sent_to("/course-10/")) == len(before) == len(jar.sent_to("/course-1/"))


def test_a_session_without_cookies_ends_in_silence(buyer: Client) -> None:
    assert [name for name in buyer.post("/logout/").cookies if "CloudFront" in name] == []


@pytest.mark.usefixtures("other_user")
@pytest.mark.parametrize("url", ["/async-logout/", "/async-login/bob@example.com/"])
def test_async_sessions_end_too(opened: Client, jar: Jar, url: str) -> None:
    client = AsyncClient()
    client.cookies = opened.cookies

    jar.take(async_to_sync(client.get)(url))

    assert jar.kept == {}


def test_without_the_middleware_a_logout_view_can_remove_them(
    opened: Client, jar: Jar, settings: Settings
) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]

    jar.take(opened.post("/own-logout/"))

    assert jar.kept == {}


def test_a_login_takes_over_what_a_stranger_opened(
    client: Client, jar: Jar, course: AssetFile, user: User, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    jar.take(client.post(OPEN, {"asset": "course-1"}))

    jar.take(client.get(f"/login/{user.email}/"))
    assert jar.kept != {}
    assert {one.owner for one in remembered_by(client)} == {str(user.pk)}

    jar.take(client.post("/logout/"))
    assert jar.kept == {}


def test_a_session_that_expired_ends_them(opened: Client, jar: Jar) -> None:
    Session.objects.all().delete()

    jar.take(opened.get(OPEN.replace("cookies/", "")))

    assert jar.kept == {}
    assert remembered_by(opened) == []


def test_without_the_sessions_cookie_any_page_ends_them(opened: Client, jar: Jar) -> None:
    """A response that was late sets them again after a logout."""
    del opened.cookies[settings.SESSION_COOKIE_NAME]

    jar.take(opened.get("/other-page/"))

    assert jar.kept == {}


def test_a_page_that_renews_ends_the_cookies_of_another_account(
    opened: Client, jar: Jar, other_user: User
) -> None:
    grow_old(opened)
    memory = cookies_of(opened)
    opened.force_login(other_user)
    opened.cookies.load(memory)

    jar.take(opened.get("/page/"))

    assert jar.kept == {}


def test_a_new_password_of_ones_own_keeps_them(opened: Client, jar: Jar) -> None:
    jar.take(opened.get("/new-password/"))
    jar.take(opened.get("/downloads/"))

    assert jar.kept != {}


def test_a_logout_removes_what_the_browser_forgot(opened: Client, jar: Jar) -> None:
    forget(opened)

    jar.take(opened.post("/logout/"))

    assert jar.kept == {}


def test_a_logout_without_the_middleware_removes_what_the_browser_forgot(
    opened: Client, jar: Jar, settings: Settings
) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]
    forget(opened)

    jar.take(opened.post("/own-logout/"))

    assert jar.kept == {}


def test_a_logout_is_silent_about_files_that_were_opened_by_url(
    buyer: Client, file: AssetFile, grant: Grant
) -> None:
    """Their headers would be too many for a proxy's buffer."""
    buyer.get(file.get_absolute_url())

    assert [name for name in buyer.post("/logout/").cookies if "CloudFront" in name] == []


def test_a_logout_is_silent_about_what_expired_long_ago(opened: Client) -> None:
    Use.objects.update(last_at=timezone.now() - timedelta(days=2))
    forget(opened)

    assert [name for name in opened.post("/logout/").cookies if "CloudFront" in name] == []


def test_a_logout_works_for_a_distribution_that_was_removed(
    opened: Client, course: AssetFile, jar: Jar
) -> None:
    Asset.objects.update(distribution="gone")

    response = opened.post("/logout/")
    jar.take(response)

    assert (response.status_code, jar.kept) == (302, {})


def test_a_logout_names_no_more_folders_than_a_browser_keeps(
    opened: Client, user: User, course: AssetFile
) -> None:
    folders = AssetFile.objects.bulk_create(
        AssetFile(asset=course.asset, kind="prefix", key=f"films/{number}/") for number in range(60)
    )
    Use.objects.bulk_create(
        Use(user=user, file=one, last_at=timezone.now() - timedelta(minutes=number))
        for number, one in enumerate(folders)
    )
    forget(opened)

    removed = {one["path"] for one in opened.post("/logout/").cookies.values()} - {"/"}

    assert len(removed) == MAX_SETS
    assert {"/course-1/", "/films/0/"} < removed


def test_a_session_that_nobody_reads_is_not_loaded(opened: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        response = opened.get("/other-page/")

    assert len(captured) == 0
    assert not response.has_header("Vary") or "Cookie" not in response["Vary"]


PAGES = ["/page/", "/class-page/", "/async-page/"]


@pytest.mark.parametrize("url", PAGES)
def test_a_page_that_asks_renews_old_cookies(opened: Client, jar: Jar, url: str) -> None:
    before = jar.sent_to("/course-1/")
    grow_old(opened)

    response = opened.get(url)
    jar.take(response)

    after = jar.sent_to("/course-1/")
    assert response.content == b"playing"
    assert after.keys() == before.keys()
    assert {morsel.value for morsel in response.cookies.values() if morsel.value} >= {
        *after.values()
    }
    (one,) = remembered_by(opened)
    assert one.renew_at > 1


@pytest.mark.parametrize("url", PAGES)
def test_young_cookies_are_left_alone(opened: Client, url: str) -> None:
    assert list(opened.get(url).cookies) == []


def test_no_page_renews_unless_it_asks(opened: Client) -> None:
    grow_old(opened)

    assert list(opened.get("/other-page/").cookies) == []


def test_a_renewal_keeps_what_was_asked_for(buyer: Client, jar: Jar, course_grant: Grant) -> None:
    jar.take(buyer.post("/downloads/assets/course-1/cookies/", {"folder": "part-2/"}))
    grow_old(buyer)

    jar.take(buyer.get("/page/"))

    assert {path for _, _, path in jar.kept} == {"/course-1/part-2/"}


@pytest.mark.parametrize("lost", ["revoked", "deleted"])
def test_what_was_lost_is_removed(opened: Client, jar: Jar, course: AssetFile, lost: str) -> None:
    grow_old(opened)
    if lost == "revoked":
        services.revoke_grants(Grant.objects.all())
    else:
        course.delete()

    response = opened.get("/page/")
    jar.take(response)

    assert (response.content, jar.kept) == (b"playing", {})
    assert remembered_by(opened) == []


def test_a_folder_that_moved_is_followed(opened: Client, jar: Jar, course: AssetFile) -> None:
    grow_old(opened)
    course.key = "elsewhere/"
    course.save()

    jar.take(opened.get("/page/"))

    assert {path for _, _, path in jar.kept} == {"/elsewhere/"}
    assert len(remembered_by(opened)) == 1


@pytest.mark.parametrize("left", [0, 1])
def test_no_counted_download_is_taken(opened: Client, course_grant: Grant, left: int) -> None:
    """Cookies of the last download live out their time."""
    Grant.objects.update(max_downloads=1 + left, downloads_used=1)
    grow_old(opened)

    response = opened.get("/page/")

    assert list(response.cookies) == []
    assert Grant.objects.get().downloads_used == 1
    assert Download.objects.refused().count() == 0


def test_a_counted_grant_that_was_revoked_ends_them(opened: Client, jar: Jar) -> None:
    Grant.objects.update(max_downloads=9)
    services.revoke_grants(Grant.objects.all())
    grow_old(opened)

    jar.take(opened.get("/page/"))

    assert jar.kept == {}


def test_an_outage_does_not_break_the_page(
    opened: Client,
    use_key_source: Configure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    grow_old(opened)
    use_key_source(DownKeySource)

    response = opened.get("/page/")

    assert (response.content, list(response.cookies)) == (b"playing", [])
    assert "/course-1/ weren't renewed: The key store doesn't answer." in caplog.text


def test_one_renewal_does_not_wait_for_another(
    buyer: Client, jar: Jar, user: User, course_grant: Grant, make_folder: MakeFolder
) -> None:
    for key in ("lost/", "kept/"):
        services.grant(make_folder(key).asset, user)
    jar.take(buyer.post(OPEN))
    services.revoke_grants(Grant.objects.filter(asset__slug="lost"))
    grow_old(buyer)

    jar.take(buyer.get("/page/"))

    assert {path for _, _, path in jar.kept} == {"/course-1/", "/kept/"}
