"""A guest's cookies end with the proof: when it ends, is replaced, or somebody signs in."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant, Mailbox
from cf_protected.services.mailboxes import end_links
from tests.accounts.models import User
from tests.conftest import Configure, prove
from tests.signed_cookies.jar import Jar
from tests.signed_cookies.memory import forget, grow_old, remembered_by

OPEN = "/downloads/cookies/"
DONE = "/downloads/done/"
ANY = "/downloads/"


@pytest.fixture(autouse=True)
def project(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.signed_cookies.urls"


@pytest.fixture
def waits(mailbox: Mailbox, course: AssetFile) -> Grant:
    """The course waits for the mailbox."""
    return services.grant(course.asset, email=mailbox.email, source="shop", reference="course")


@pytest.fixture
def opened(visitor: Client, jar: Jar, waits: Grant) -> Client:
    """A guest's browser with the course's cookies, which are in the jar."""
    jar.take(visitor.post(OPEN))
    assert jar.kept
    return visitor


def test_a_guest_opens_folders(opened: Client) -> None:
    (one,) = remembered_by(opened)
    assert one.owner.startswith("guest ")
    assert Download.objects.get().email == "guest@example.com"


def test_the_memory_names_neither_the_proof_nor_the_address(opened: Client) -> None:
    (one,) = remembered_by(opened)

    assert "@" not in one.owner
    assert opened.session["cf_protected.proof"]["id"] not in one.owner


def test_being_done_removes_them(opened: Client, jar: Jar) -> None:
    jar.take(opened.post(DONE))

    assert jar.kept == {}


def test_being_done_removes_what_the_browser_forgot(opened: Client, jar: Jar) -> None:
    forget(opened)
    jar.take(opened.post(DONE))

    assert jar.kept == {}


@pytest.mark.parametrize("end", ["expired", "ended", "gone"])
def test_the_end_of_the_proof_removes_them(
    opened: Client, jar: Jar, mailbox: Mailbox, end: str
) -> None:
    if end == "expired":
        session = opened.session
        session["cf_protected.proof"] |= {"until": timezone.now().timestamp()}
        session.save()
    elif end == "ended":
        end_links(mailbox.email)
    else:
        mailbox.delete()

    jar.take(opened.get(ANY))

    assert jar.kept == {}


def test_signing_in_removes_them(opened: Client, jar: Jar, user: User) -> None:
    jar.take(opened.get(f"/login/{user.email}/"))

    assert jar.kept == {}


def test_an_async_login_does_too(opened: Client, jar: Jar, user: User) -> None:
    client = AsyncClient()
    client.cookies = opened.cookies

    jar.take(async_to_sync(client.get)(f"/async-login/{user.email}/"))

    assert jar.kept == {}


def test_what_the_account_opens_at_once_stays(
    opened: Client, jar: Jar, user: User, course: AssetFile
) -> None:
    services.grant(course.asset, user)

    jar.take(opened.get(f"/login-and-open/{user.email}/"))

    assert jar.sent_to("/course-1/")
    assert {one.owner for one in remembered_by(opened)} == {str(user.pk)}


def test_another_address_removes_them(opened: Client, jar: Jar) -> None:
    prove(opened, Mailbox.objects.create(email="other@example.com"))

    jar.take(opened.get(ANY))

    assert jar.kept == {}


def test_another_purchase_removes_them(opened: Client, jar: Jar, waits: Grant) -> None:
    prove(opened, Mailbox.objects.get(), purchase=waits.purchase)

    jar.take(opened.get(ANY))

    assert jar.kept == {}


def test_the_same_proof_again_keeps_them(opened: Client, jar: Jar, mailbox: Mailbox) -> None:
    prove(opened, mailbox)

    jar.take(opened.get(ANY))

    assert jar.kept != {}


def test_a_guest_takes_over_what_a_stranger_opened(
    client: Client, jar: Jar, course: AssetFile, mailbox: Mailbox, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    jar.take(client.post(OPEN, {"asset": "course-1"}))
    prove(client, mailbox)
    jar.take(client.get(ANY))
    assert jar.kept != {}

    jar.take(client.post(DONE))
    assert jar.kept == {}


def test_a_page_renews_a_guests_cookies(opened: Client, jar: Jar) -> None:
    grow_old(opened)

    renewed = opened.get("/page/")

    assert any("CloudFront" in name for name in renewed.cookies)
    jar.take(renewed)
    assert jar.sent_to("/course-1/")
    assert remembered_by(opened)[0].renew_at > 1


def test_renewal_asks_about_the_guest(opened: Client, jar: Jar, user: User) -> None:
    services.claim(user, "guest@example.com")
    grow_old(opened)

    jar.take(opened.get("/page/"))

    assert jar.kept == {}


def test_a_guest_removes_them_by_hand(opened: Client, jar: Jar) -> None:
    forget(opened)
    jar.take(opened.post("/downloads/cookies/remove/", {"asset": "course-1"}))

    assert jar.kept == {}


def test_signed_cookie_sessions(
    settings: Settings, client: Client, jar: Jar, waits: Grant, mailbox: Mailbox
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    prove(client, mailbox)
    jar.take(client.post(OPEN))
    assert jar.kept

    jar.take(client.post(DONE))

    assert jar.kept == {}
    assert client.get(ANY)["Location"].startswith("/login/")


def test_a_limited_course_is_not_renewed_unasked(opened: Client, jar: Jar) -> None:
    Grant.objects.update(max_downloads=5)
    before = Grant.objects.get().downloads_used
    grow_old(opened)

    jar.take(opened.get("/page/"))

    assert jar.kept != {}
    assert Grant.objects.get().downloads_used == before


def test_a_strangers_request_without_a_proof_is_left_alone(client: Client, db: None) -> None:
    assert [name for name in client.post(DONE).cookies if "CloudFront" in name] == []
