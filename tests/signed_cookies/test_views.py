"""The endpoints that set and remove signed cookies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from cf_protected.services.cookie_scopes import MAX_SETS
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, DownKeySource, GivenKeySource
from tests.keys import signing_key
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.jar import Jar
from tests.signed_cookies.memory import forget

ONE = "/downloads/assets/course-1/cookies/"
ALL = "/downloads/cookies/"
REMOVE = "/downloads/cookies/remove/"


def paths(jar: Jar) -> set[str]:
    return {path for _, _, path in jar.kept}


@pytest.fixture
def post(buyer: Client, jar: Jar) -> Any:
    """POST as the buyer and keep the cookies."""

    def post(url: str, data: Any = None, **options: Any) -> Any:
        response = buyer.post(url, data or {}, **options)
        jar.take(response)
        return response

    return post


@pytest.mark.usefixtures("course_grant")
def test_one_assets_cookies(post: Any, jar: Jar) -> None:
    response = post(ONE)

    assert (response.status_code, response.content) == (204, b"")
    assert len(jar.sent_to("/course-1/a.ts")) == 4
    assert paths(jar) == {"/course-1/"}


@pytest.mark.usefixtures("course_grant")
def test_no_cache_keeps_them(post: Any) -> None:
    response = post(ONE)

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"


@pytest.mark.usefixtures("course_grant")
def test_they_are_counted_and_logged(post: Any, user: User, course: AssetFile) -> None:
    post(ONE, headers={"User-Agent": "Firefox"}, REMOTE_ADDR="203.0.113.9")

    row = Download.objects.get()
    assert (row.file, row.user, row.user_agent) == (course, user, "Firefox")
    assert (row.ip_address, row.outcome) == ("203.0.113.0", Download.Outcome.ISSUED)
    assert Grant.objects.get().downloads_used == 1


@pytest.mark.usefixtures("course_grant")
def test_narrowed_to_a_folder(post: Any, jar: Jar) -> None:
    post(ONE, {"folder": "part-2/"})

    assert paths(jar) == {"/course-1/part-2/"}


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize("folder", ["part-2", "../course-10/", "./", "/", "//", "a//b/", "a\0/"])
def test_a_folder_that_is_none(post: Any, jar: Jar, folder: str) -> None:
    response = post(ONE, {"folder": folder})

    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert (jar.kept, Download.objects.count()) == ({}, 0)


def test_an_asset_without_folders_has_its_files_opened(
    post: Any, jar: Jar, grant: Grant, file: AssetFile, other_file: AssetFile
) -> None:
    post(f"/downloads/assets/{file.asset.slug}/cookies/")

    assert paths(jar) == {f"/{file.key}", f"/{other_file.key}"}
    assert "CloudFront-Expires" in jar.sent_to(f"/{file.key}")


@pytest.mark.usefixtures("course_grant")
def test_an_asset_with_a_folder_has_no_other_file_opened(
    post: Any, jar: Jar, course: AssetFile
) -> None:
    AssetFile.objects.create(asset=course.asset, key="slides.pdf")

    post(ONE)

    assert paths(jar) == {"/course-1/"}


@pytest.mark.usefixtures("both_granted")
def test_several_assets_at_once(post: Any, jar: Jar) -> None:
    response = post(ALL, {"asset": ["course-1", "course-10"]})

    assert response.status_code == 204
    assert paths(jar) == {"/course-1/", "/course-10/"}


@pytest.mark.usefixtures("course_grant", "neighbour")
def test_all_that_are_named_or_none(post: Any, jar: Jar) -> None:
    response = post(ALL, {"asset": ["course-1", "course-10"]})

    assert (response.status_code, jar.kept) == (403, {})
    assert response.context["asset"].slug == "course-10"
    assert Download.objects.get().reason == Reason.NO_GRANT


@pytest.mark.usefixtures("neighbour", "grant")
def test_all_that_somebody_can_open(
    post: Any, jar: Jar, user: User, course_grant: Grant, make_folder: MakeFolder
) -> None:
    services.grant(make_folder("counted/").asset, user, max_downloads=3)
    services.grant(make_folder("draft/", state=Asset.State.DRAFT).asset, user)
    soon = timezone.now() + timedelta(hours=1)
    services.grant(make_folder("soon/", available_from=soon).asset, user)
    services.grant(make_folder("part/").asset, user)

    response = post(ALL)

    assert response.status_code == 204
    assert paths(jar) == {"/course-1/", "/part/"}


def test_somebody_who_has_nothing(post: Any, jar: Jar) -> None:
    response = post(ALL)

    assert (response.status_code, jar.kept) == (204, {})


def test_the_queries_of_all_do_not_grow_with_what_is_refused(
    buyer: Client, user: User, make_folder: MakeFolder
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            buyer.post(ALL)
        return len(captured)

    services.grant(make_folder("counted/").asset, user, max_downloads=3)
    before = queries()
    for number in range(5):
        services.grant(make_folder(f"counted-{number}/").asset, user, max_downloads=3)

    assert queries() == before


@pytest.mark.parametrize("url", [ONE, ALL, REMOVE])
def test_get_does_nothing(buyer: Client, course_grant: Grant, url: str) -> None:
    """It is counted, and any other site could ask with an <img>."""
    assert buyer.get(url).status_code == 405
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize(("method", "url"), [("post", ONE), ("delete", ONE), ("post", REMOVE)])
def test_csrf_protection_holds(user: User, method: str, url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert getattr(client, method)(url).status_code == 403
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize("url", [ONE, REMOVE])
def test_a_form_leads_on(post: Any, url: str) -> None:
    response = post(url, {"next": "/watch/course-1/"})

    assert (response.status_code, response["Location"]) == (303, "/watch/course-1/")
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://evil.example/", False),
        ("//evil.example/", False),
        ("javascript:alert(1)", False),
        ("http://testserver/watch/", True),
    ],
)
def test_a_form_does_not_lead_astray(post: Any, url: str, secure: bool) -> None:
    response = post(ONE, {"next": url}, secure=secure)

    assert (response.status_code, "Location" in response) == (204, False)


@pytest.mark.usefixtures("course")
def test_a_refusal_says_why(post: Any, jar: Jar) -> None:
    response = post(ONE)

    assert (response.status_code, jar.kept) == (403, {})
    assert response.context["decision"].reason == Reason.NO_GRANT
    assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("course_grant")
def test_before_the_release_it_says_from_when(post: Any, jar: Jar) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(hours=1))

    response = post(ONE)

    assert (response.status_code, jar.kept) == (403, {})
    assert response.context["decision"].reason == Reason.NOT_RELEASED
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course")
def test_nobody_learns_what_exists(post: Any, configure: Configure) -> None:
    configure(REFUSAL_STATUS=404)

    there, not_there = post(ONE), post("/downloads/assets/none/cookies/")

    assert there.status_code == not_there.status_code == 404
    assert there.content.replace(b"course-1", b"none") == not_there.content


@pytest.mark.usefixtures("course")
def test_strangers_sign_in_and_come_back_to_the_page(client: Client, configure: Configure) -> None:
    """Not to this URL: a login leads on with GET."""
    configure(REFUSAL_STATUS=404)

    there, not_there = client.post(ONE), client.post("/downloads/assets/none/cookies/")

    assert there["Location"] == "/login/?next=/downloads/assets/course-1/"
    assert not_there["Location"] == "/login/?next=/downloads/assets/none/"
    assert client.post(ALL)["Location"] == "/login/?next=/downloads/"
    assert client.post(ONE, {"next": "/watch/"})["Location"] == "/login/?next=/watch/"
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course")
def test_strangers_may_have_what_is_for_all(client: Client, jar: Jar, configure: Configure) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    response = client.post(ONE)
    jar.take(response)

    assert response.status_code == 204
    assert paths(jar) == {"/course-1/"}


@pytest.mark.parametrize("data", [{"asset": "none"}, {"asset": ["none", "course-1"]}])
def test_an_asset_that_is_not_there(post: Any, course_grant: Grant, data: Any) -> None:
    assert post(ALL, data).status_code == 404


@pytest.mark.parametrize("url", [ALL, "/downloads/cookies/remove/"])
@pytest.mark.parametrize("slug", ["course-1\0", "Kurs 1", ""])
def test_what_can_be_no_assets_name(post: Any, course_grant: Grant, url: str, slug: str) -> None:
    """PostgreSQL can't even be asked about the first one."""
    assert post(url, {"asset": ["course-1", slug]}).status_code == 404


def test_an_asset_without_files(post: Any, user: User, asset: Asset) -> None:
    services.grant(asset, user)

    assert post(f"/downloads/assets/{asset.slug}/cookies/").status_code == 404


@pytest.mark.usefixtures("course_grant")
def test_an_outage_is_a_503(post: Any, use_key_source: Configure) -> None:
    use_key_source(DownKeySource)

    response = post(ONE)

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
def test_too_many_other_cookies(buyer: Client, post: Any, jar: Jar) -> None:
    buyer.cookies["basket"] = "x" * 12_000

    response = post(ONE)

    assert (response.status_code, jar.kept) == (400, {})
    assert b"12288 fit in" in response.content
    assert Download.objects.count() == 0


def test_an_asset_with_too_many_files(post: Any, jar: Jar, user: User, asset: Asset) -> None:
    services.grant(asset, user)
    for number in range(41):
        AssetFile.objects.create(asset=asset, key=f"{number}.pdf")

    response = post(f"/downloads/assets/{asset.slug}/cookies/")

    assert (response.status_code, jar.kept) == (400, {})
    assert b"41 sets of cookies" in response.content
    assert Download.objects.count() == 0


@pytest.mark.usefixtures("course_grant")
def test_one_set_is_one_signature(post: Any, use_key_source: Configure) -> None:
    key = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=key)

    post(ONE)

    assert key.signatures == 1


@pytest.mark.usefixtures("course_grant")
@pytest.mark.parametrize(("method", "url"), [("delete", ONE), ("delete", ALL), ("post", REMOVE)])
def test_removing(buyer: Client, post: Any, jar: Jar, method: str, url: str) -> None:
    post(ONE, {"folder": "part-2/"})

    response = getattr(buyer, method)(url)
    jar.take(response)

    assert (response.status_code, jar.kept) == (204, {})


@pytest.mark.usefixtures("both_granted")
def test_removing_what_is_named(buyer: Client, post: Any, jar: Jar) -> None:
    post(ALL)

    jar.take(buyer.delete(f"{ALL}?asset=course-10"))
    assert paths(jar) == {"/course-1/"}

    post(REMOVE, {"asset": "course-1"})
    assert paths(jar) == set()


@pytest.mark.usefixtures("course_grant")
def test_removing_what_the_browser_forgot(buyer: Client, post: Any, jar: Jar) -> None:
    post(ONE)
    forget(buyer)

    jar.take(buyer.delete(ONE))

    assert jar.kept == {}


@pytest.mark.parametrize("url", [ONE, f"{ALL}?asset=course-1", ALL])
def test_removing_tells_nobody_the_key(buyer: Client, course: AssetFile, url: str) -> None:
    response = buyer.delete(url)

    assert (response.status_code, list(response.cookies)) == (204, [])
    assert buyer.delete("/downloads/assets/none/cookies/").status_code == 204


def test_strangers_may_remove(client: Client, course: AssetFile, configure: Configure) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    jar = Jar({})
    jar.take(client.post(ONE))

    jar.take(client.delete(ONE))

    assert jar.kept == {}


@pytest.mark.usefixtures("course_grant")
def test_the_oldest_sets_make_room(post: Any, jar: Jar) -> None:
    """Whatever the order in which the browser sends what it remembers."""
    folders = [f"part-{number}/" for number in range(MAX_SETS + 5)]
    for folder in folders:
        post(ONE, {"folder": folder})

    assert paths(jar) == {f"/course-1/{folder}" for folder in folders[5:]}
