"""The headers, and what is removed and replaced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.cookies import Morsel
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from cf_protected import services
from cf_protected.distributions import distributions
from cf_protected.models import AssetFile
from cf_protected.services.cookie_scopes import MAX_SETS
from cf_protected.signed_cookies.jar import (
    NAMES,
    remove_cookies,
    remove_scopes,
    set_cookies,
)
from cf_protected.signed_cookies.memory import Remembered, remembered
from tests.accounts.models import User
from tests.conftest import Configure
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.jar import Jar

OpenCourse = Callable[..., None]

pytestmark = pytest.mark.usefixtures("course_grant")

SESSION_STORE = import_module(settings.SESSION_ENGINE).SessionStore


@pytest.fixture
def request_(rf: RequestFactory) -> HttpRequest:
    """A request with a session."""
    request = rf.get("/")
    request.session = SESSION_STORE()
    return request


def signed(response: HttpResponse) -> dict[str, Morsel[str]]:
    """CloudFront's cookies in the response, by what tells them apart."""
    return {key: one for key, one in response.cookies.items() if one.key in NAMES}


def set_for(request: HttpRequest, user: User, *files: AssetFile, **options: Any) -> HttpResponse:
    response = HttpResponse()
    set_cookies(request, response, services.issue_cookies(user, files, **options))
    return response


@pytest.fixture
def open_course(request_: HttpRequest, jar: Jar, user: User, course: AssetFile) -> OpenCourse:
    """Set the course's cookies in the jar."""
    return lambda **options: jar.take(set_for(request_, user, course, **options))


def test_the_attributes(request_: HttpRequest, user: User, course: AssetFile) -> None:
    response = set_for(request_, user, course)

    for morsel in signed(response).values():
        if morsel.value:
            assert morsel["path"] == "/course-1/"
            assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
            assert (morsel["max-age"], morsel["expires"], morsel["domain"]) == ("", "", "")


def test_the_domain_and_samesite_are_the_distributions(
    request_: HttpRequest, user: User, course: AssetFile, configure: Configure
) -> None:
    configure({"COOKIE_DOMAIN": "example.com", "COOKIE_SAMESITE": "Strict"})

    (morsel, *_) = set_for(request_, user, course).cookies.values()

    assert (morsel["domain"], morsel["samesite"]) == ("example.com", "Strict")


def test_over_http_they_are_not_secure(
    request_: HttpRequest, user: User, course: AssetFile, configure: Configure
) -> None:
    configure({"SCHEME": "http"})

    response = set_for(request_, user, course)

    assert [one["secure"] for one in signed(response).values()] == [False] * len(NAMES)


def test_a_folder_has_four_cookies_and_no_leftover(
    request_: HttpRequest, jar: Jar, user: User, course: AssetFile
) -> None:
    jar.take(set_for(request_, user, course))

    assert jar.names("/course-1/a.ts") == [
        "CloudFront-Hash-Algorithm",
        "CloudFront-Key-Pair-Id",
        "CloudFront-Policy",
        "CloudFront-Signature",
    ]


def test_with_sha1_the_hash_of_an_earlier_set_goes(
    jar: Jar, open_course: OpenCourse, configure: Configure
) -> None:
    open_course()
    configure({"HASH_ALGORITHM": "SHA1"})

    open_course()

    assert "CloudFront-Hash-Algorithm" not in jar.sent_to("/course-1/")


def test_a_path_that_needs_encoding(
    request_: HttpRequest, user: User, make_folder: MakeFolder
) -> None:
    file = make_folder("Kurs; größer, schöner/")
    services.grant(file.asset, user)

    (morsel, *_) = set_for(request_, user, file).cookies.values()

    assert morsel["path"] == "/Kurs%3B%20gr%C3%B6%C3%9Fer%2C%20sch%C3%B6ner/"


def test_several_sets_stand_side_by_side(
    request_: HttpRequest, jar: Jar, user: User, course: AssetFile, neighbour: AssetFile
) -> None:
    for file in (course, neighbour):
        services.grant(file.asset, user)

    jar.take(set_for(request_, user, course, neighbour))

    one, other = jar.sent_to("/course-1/a"), jar.sent_to("/course-10/a")
    assert len(one) == len(other) == 4
    assert one["CloudFront-Policy"] != other["CloudFront-Policy"]
    assert jar.sent_to("/course-100/a") == {}


def test_shared_caches_do_not_keep_them(
    request_: HttpRequest, user: User, course: AssetFile
) -> None:
    assert set_for(request_, user, course)["Cache-Control"] == "private"


def test_what_is_remembered_of_a_set(request_: HttpRequest, user: User, course: AssetFile) -> None:
    issued = services.issue_cookies(user, [course], folder="part-2/", bind_to_ip=False)

    set_cookies(request_, HttpResponse(), issued)

    (one,) = issued.sets
    renew_at = round(one.renew_at.timestamp(), 3)
    assert remembered(request_) == [
        Remembered(one.scope, renew_at, course.pk, "part-2/", False, "")
    ]


def test_without_a_session_they_are_set_and_remembered(
    rf: RequestFactory, jar: Jar, user: User, course: AssetFile
) -> None:
    request = rf.get("/")

    jar.take(set_for(request, user, course))

    assert len(jar.sent_to("/course-1/")) == 4
    assert [one.file_id for one in remembered(request)] == [course.pk]


def test_removing_empties_the_jar(
    request_: HttpRequest, jar: Jar, user: User, course: AssetFile
) -> None:
    jar.take(set_for(request_, user, course, folder="part-2/"))
    response = HttpResponse()

    remove_cookies(request_, response)
    jar.take(response)

    assert jar.kept == {}
    assert remembered(request_) == []


def test_removing_names_the_very_same_attributes(
    request_: HttpRequest, user: User, course: AssetFile, configure: Configure
) -> None:
    configure({"COOKIE_DOMAIN": ".example.com", "COOKIE_SAMESITE": "None"})
    was = set_for(request_, user, course)
    # Whoever set them may have had other settings.
    configure({"COOKIE_DOMAIN": None, "COOKIE_SAMESITE": "Lax"})
    removed = HttpResponse()

    remove_cookies(request_, removed)

    names = ("domain", "path", "secure", "httponly", "samesite")
    assert len(signed(removed)) == len(NAMES)
    for key, morsel in signed(removed).items():
        assert [morsel[name] for name in names] == [was.cookies[key][name] for name in names]
        assert (morsel.value, morsel["max-age"]) == ("", 0)
        assert morsel["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_scopes_are_removed_without_a_memory(
    rf: RequestFactory, jar: Jar, user: User, course: AssetFile
) -> None:
    request, response = rf.get("/"), HttpResponse()
    jar.take(set_for(request, user, course))

    remove_cookies(request, response, services.cookie_scopes([course]))
    jar.take(response)

    assert jar.kept == {}


def test_removing_one_folder_leaves_the_others(
    request_: HttpRequest, jar: Jar, user: User, course: AssetFile, neighbour: AssetFile
) -> None:
    for file in (course, neighbour):
        services.grant(file.asset, user)
    jar.take(set_for(request_, user, course, folder="part-2/"))
    jar.take(set_for(request_, user, neighbour))
    response = HttpResponse()

    remove_scopes(request_, response, services.cookie_scopes([course]))
    jar.take(response)

    assert {path for _, _, path in jar.kept} == {"/course-10/"}
    assert [one.file_id for one in remembered(request_)] == [neighbour.pk]


@pytest.mark.parametrize(("first", "then"), [("", "part-2/"), ("part-2/", ""), ("a/", "a/b/")])
def test_what_is_set_last_replaces_what_it_overlaps(
    request_: HttpRequest, jar: Jar, open_course: OpenCourse, first: str, then: str
) -> None:
    open_course(folder=first)

    open_course(folder=then)

    assert {path for _, _, path in jar.kept} == {f"/course-1/{then}"}
    assert len(jar.sent_to(f"/course-1/{then}")) == 4
    assert [one.folder for one in remembered(request_)] == [then]


def test_the_same_folder_is_remembered_once(
    request_: HttpRequest, user: User, course: AssetFile
) -> None:
    set_for(request_, user, course)
    set_for(request_, user, course)

    assert len(remembered(request_)) == 1


def test_sets_inside_a_wider_one_go(
    rf: RequestFactory, jar: Jar, user: User, course: AssetFile
) -> None:
    part = AssetFile.objects.create(
        asset=course.asset, key="course-1/part-2/", kind=AssetFile.Kind.PREFIX
    )
    jar.take(set_for(rf.get("/"), user, part))

    jar.take(set_for(rf.get("/"), user, part, course))

    assert {path for _, _, path in jar.kept} == {"/course-1/"}


def test_the_oldest_sets_make_room(
    request_: HttpRequest, jar: Jar, user: User, course: AssetFile
) -> None:
    """Browsers would drop some of them too, but not a whole set."""
    paths = [f"/course-1/part-{number}/" for number in range(MAX_SETS + 5)]
    for path in paths:
        jar.take(set_for(request_, user, course, folder=path.removeprefix("/course-1/")))

    assert {path for _, _, path in jar.kept} == {*paths[5:]}
    assert [one.scope.path for one in remembered(request_)] == paths[5:]


def test_half_of_the_lifetime_is_remembered(
    request_: HttpRequest, user: User, course: AssetFile
) -> None:
    issued = services.issue_cookies(user, [course])
    (one,) = issued.sets

    half = distributions["default"].settings.cookie_lifetime / 2
    left = one.expires_at - one.renew_at
    assert half <= left <= half + timedelta(minutes=3)  # half of a step on top


def test_an_asgi_server_gets_every_header(
    request_: HttpRequest, user: User, course: AssetFile
) -> None:
    response = set_for(request_, user, course, folder="a/")
    set_cookies(request_, response, services.issue_cookies(user, [course], folder="b/"))
    messages: list[Any] = []

    async def send(message: object) -> None:
        messages.append(message)

    async_to_sync(ASGIHandler().send_response)(response, send)

    headers = [value.decode() for name, value in messages[0]["headers"] if name == b"Set-Cookie"]
    sent = [header for header in headers if header.startswith("CloudFront-")]
    assert len(sent) == 2 * len(NAMES)
    assert [one.partition(";")[2] for one in sent if one.startswith("CloudFront-Policy=")] == [
        f" HttpOnly; Path=/course-1/{folder}/; SameSite=Lax; Secure" for folder in "ab"
    ]
