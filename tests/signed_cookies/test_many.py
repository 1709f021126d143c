"""More assets, files and folders than fit, and what it costs to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import CookiesTooLarge
from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from cf_protected.services.cookie_scopes import MAX_SETS
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.conftest import Configure
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.jar import Jar

ALL = "/downloads/cookies/"

MakeAssets = Callable[..., list[str]]


@pytest.fixture
def make_assets(db: None) -> MakeAssets:
    """Make assets with many single files each, or folders."""

    def make(number: int, files: int, *, kind: str = "object", prefix: str = "a") -> list[str]:
        end = "/" if kind == "prefix" else ".pdf"
        assets = Asset.objects.bulk_create(
            Asset(title=f"{prefix}-{n}", slug=f"{prefix}-{n}", state="published")
            for n in range(number)
        )
        AssetFile.objects.bulk_create(
            AssetFile(asset=asset, kind=kind, key=f"{asset.slug}/{n}{end}")
            for asset in assets
            for n in range(files)
        )
        return [asset.slug for asset in assets]

    return make


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is asked of the database."""
    asked: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield asked
    asked += [query["sql"] for query in captured.captured_queries]


def reads_files(asked: list[str]) -> bool:
    return any("assetfile" in one and "download_name" in one for one in asked)


def post(client: Client, way: str, slugs: list[str]) -> Any:
    if way == "api":
        return call(client, "POST", "cookies/", {"assets": slugs})
    return client.post(ALL, {"asset": slugs})


each_way = pytest.mark.parametrize("way", ["api", "form"])


def grant_all(user: User, **values: Any) -> None:
    Grant.objects.bulk_create(
        Grant(asset=asset, user=user, **values) for asset in Asset.objects.order_by("pk")
    )


@each_way
def test_a_stranger_makes_the_database_read_no_file(
    client: Client, make_assets: MakeAssets, way: str
) -> None:
    few, many = make_assets(1, 1, prefix="few"), make_assets(100, 30)
    with statements() as cheap:
        post(client, way, few)

    with statements() as asked:
        response = post(client, way, many)

    assert response.status_code == (401 if way == "api" else 302)
    assert len(asked) == len(cheap) <= 2
    assert not reads_files(asked)


@each_way
def test_without_a_grant_no_file_is_read(buyer: Client, make_assets: MakeAssets, way: str) -> None:
    few, many = make_assets(1, 1, prefix="few"), make_assets(100, 30)
    with statements() as cheap:
        post(buyer, way, few)
    Download.objects.all().delete()

    with statements() as asked:
        response = post(buyer, way, many)

    assert response.status_code == 403
    assert len(asked) == len(cheap)
    assert not reads_files(asked)
    assert Download.objects.refused().count() == 1


@each_way
def test_too_many_files_cost_as_little_as_a_few_too_many(
    buyer: Client, user: User, make_assets: MakeAssets, way: str
) -> None:
    few, many = make_assets(1, MAX_SETS + 1, prefix="few"), make_assets(1, 2000)
    grant_all(user)
    with statements() as cheap:
        post(buyer, way, few)

    with statements() as asked:
        response = post(buyer, way, many)

    assert response.status_code == (409 if way == "api" else 400)
    assert len(asked) == len(cheap) <= 7
    assert not Download.objects.exists()


@each_way
def test_repeats_of_too_many_files_are_not_looked_up_one_by_one(
    buyer: Client, user: User, make_assets: MakeAssets, way: str
) -> None:
    """Each of them may be repeated, although no download is left."""
    (slug,) = make_assets(1, 300)
    grant_all(user, max_downloads=300, downloads_used=300)
    grant = Grant.objects.get()
    Download.objects.bulk_create(
        Download(user=user, file=file, grant=grant, outcome="issued", reason="granted")
        for file in AssetFile.objects.all()
    )

    with statements() as asked:
        response = post(buyer, way, [slug])

    assert response.status_code == (409 if way == "api" else 400)
    assert len(asked) <= 7


def test_code_of_the_project_pays_as_little(user: User, make_assets: MakeAssets) -> None:
    make_assets(1, 2000)
    files = list(AssetFile.objects.select_related("asset"))
    grant_all(user, max_downloads=2000, downloads_used=2000)

    with statements() as asked, pytest.raises(CookiesTooLarge, match="2000 sets"):
        services.issue_cookies(user, files)

    assert len(asked) == 1


def test_strangers_are_not_told_how_many_files_there_are(make_assets: MakeAssets) -> None:
    make_assets(1, 50)

    for asker in (AnonymousUser(), User.objects.create_user("eve@example.com")):
        with pytest.raises(DownloadRefused):
            services.issue_cookies(asker, AssetFile.objects.all())
        with pytest.raises(DownloadRefused):
            services.named_files(asker, slugs=["a-0"])


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["asset", "file"])
def test_too_many_names_ask_the_database_nothing(client: Client, name: str) -> None:
    values = [f"{n:08}-0000-4000-8000-000000000000" for n in range(101)]

    with statements() as asked:
        response = client.post(ALL, {name: values})

    assert (response.status_code, asked) == (400, [])
    assert b"at most 100" in response.content


def test_files_in_a_folder_that_is_named_too_need_no_set(
    buyer: Client, user: User, course: AssetFile, course_grant: Grant, jar: Jar
) -> None:
    AssetFile.objects.bulk_create(
        AssetFile(asset=course.asset, kind="prefix", key=f"{course.key}part-{n}/")
        for n in range(60)
    )

    response = buyer.post(ALL, {"asset": "course-1"})
    jar.take(response)

    assert response.status_code == 204
    assert {path for _, _, path in jar.kept} == {"/course-1/"}


def test_of_too_many_folders_the_latest_are_opened(
    buyer: Client, user: User, make_assets: MakeAssets, jar: Jar
) -> None:
    slugs = make_assets(60, 1, kind="prefix")
    grant_all(user)

    response = buyer.post(ALL)
    jar.take(response)

    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert {path for _, _, path in jar.kept} == {f"/{slug}/0/" for slug in slugs[20:]}
    names = response.content.decode().partition(": ")[2].split(", ")
    assert sorted(names) == sorted(slugs[:20])
    assert "no-store" in response["Cache-Control"]


def test_what_was_left_out_opens_by_name(
    buyer: Client, user: User, make_assets: MakeAssets, jar: Jar
) -> None:
    make_assets(60, 1, kind="prefix")
    grant_all(user)
    jar.take(buyer.post(ALL))

    response = buyer.post(ALL, {"asset": "a-3"})
    jar.take(response)

    assert response.status_code == 204
    assert len(jar.sent_to("/a-3/0/")) == 4
    assert len({path for _, _, path in jar.kept}) == MAX_SETS


def test_a_form_with_too_many_folders_leads_on_and_says_so(
    buyer: Client, user: User, make_assets: MakeAssets, jar: Jar
) -> None:
    make_assets(41, 1, kind="prefix")
    grant_all(user)

    response = buyer.post(ALL, {"next": "/downloads/"})
    jar.take(response)

    assert (response.status_code, response["Location"]) == (303, "/downloads/")
    assert len({path for _, _, path in jar.kept}) == MAX_SETS
    (message,) = get_messages(response.wsgi_request)
    assert str(message).endswith("one by one: a-0")


def test_a_project_without_messages_works_too(
    buyer: Client, user: User, make_assets: MakeAssets, settings: Settings
) -> None:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "messages" not in one]
    make_assets(41, 1, kind="prefix")
    grant_all(user)

    assert buyer.post(ALL, {"next": "/downloads/"}).status_code == 303


def test_the_statements_do_not_grow_with_the_folders_that_are_left_out(
    buyer: Client, user: User, make_assets: MakeAssets
) -> None:
    make_assets(41, 1, kind="prefix")
    grant_all(user)
    with statements() as cheap:
        buyer.post(ALL)
    Download.objects.all().delete()
    make_assets(300, 1, kind="prefix", prefix="more")
    Grant.objects.all().delete()
    grant_all(user)

    with statements() as asked:
        response = buyer.post(ALL)

    assert response.status_code == 200
    assert len(asked) == len(cheap)
    # A long answer is cut.
    assert response.content.decode().endswith(", …")


@pytest.mark.usefixtures("course_grant")
def test_a_folder_that_no_browser_takes_closes_no_other(
    buyer: Client, user: User, make_folder: MakeFolder, jar: Jar
) -> None:
    long = make_folder("x" * 1020 + "/", slug="long")
    gone = make_folder("gone/", distribution="gone")
    for file in (long, gone):
        services.grant(file.asset, user)
    AssetFile.objects.filter(pk=long.pk).update(key="ü" * 500 + "/")

    response = buyer.post(ALL)
    jar.take(response)

    assert response.status_code == 200
    assert response.content.endswith(b"one by one: long")
    assert {path for _, _, path in jar.kept} == {"/course-1/"}


@pytest.mark.usefixtures("course_grant")
def test_a_folder_whose_cookies_would_hide_others_is_left_out(
    buyer: Client, user: User, make_folder: MakeFolder, settings: Settings, jar: Jar
) -> None:
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    both = {"default": default, "video": default}
    settings.CF_PROTECTED = settings.CF_PROTECTED | {"DISTRIBUTIONS": both}
    inner = make_folder("course-1/videos/", distribution="video")
    services.grant(inner.asset, user)

    response = buyer.post(ALL)
    jar.take(response)

    assert response.status_code == 200
    assert response.content.endswith(b"one by one: course-1")
    assert {path for _, _, path in jar.kept} == {"/course-1/videos/"}


def test_nothing_that_fits_is_said_too(buyer: Client, user: User, make_folder: MakeFolder) -> None:
    file = make_folder("x/", slug="long")
    services.grant(file.asset, user)
    AssetFile.objects.update(key="ü" * 500 + "/")

    response = buyer.post(ALL)

    assert (response.status_code, response.content[-4:]) == (200, b"long")


@each_way
def test_an_asset_of_too_many_folders_is_opened_by_its_files(
    buyer: Client, user: User, make_assets: MakeAssets, jar: Jar, way: str
) -> None:
    slugs = make_assets(1, 60, kind="prefix")
    grant_all(user)
    ids = [str(file.uuid) for file in AssetFile.objects.order_by("pk")[:2]]

    refused = post(buyer, way, slugs)
    assert "name some of their files" in refused.content.decode()

    if way == "api":
        response = call(buyer, "POST", "cookies/", {"files": ids})
    else:
        response = buyer.post(ALL, {"file": ids})
    jar.take(response)

    assert response.status_code == (200 if way == "api" else 204)
    assert {path for _, _, path in jar.kept} == {"/a-0/0/", "/a-0/1/"}

    jar.take(buyer.delete(f"{ALL}?file={ids[0]}"))
    assert {path for _, _, path in jar.kept} == {"/a-0/1/"}


@pytest.mark.parametrize("text", ["", "1", "\0", "x" * 36])
def test_what_can_be_no_files_name(buyer: Client, text: str) -> None:
    assert buyer.post(ALL, {"file": text}).status_code == 404


def _delete(client: Client, method: str, path: str) -> Any:
    return client.delete(f"/downloads/{path}")


@each_way
def test_removing_the_cookies_of_many_folders_fits_into_a_header(
    buyer: Client, user: User, make_assets: MakeAssets, way: str
) -> None:
    """What was opened last is among them."""
    make_assets(1, 300, kind="prefix")
    grant_all(user)
    opened = AssetFile.objects.order_by("pk")[7]
    last_at = timezone.now() - timedelta(minutes=1)
    Use.objects.create(user=user, file=opened, last_at=last_at)

    ask = call if way == "api" else _delete
    response = ask(buyer, "DELETE", "cookies/?asset=a-0")

    removed = {morsel["path"] for morsel in response.cookies.values()}
    assert len(removed) == MAX_SETS
    assert f"/{opened.key}" in removed


def test_the_reasons_stay_those_of_the_authoriser(
    buyer: Client, user: User, make_assets: MakeAssets, configure: Configure
) -> None:
    """Before the number of files."""
    (slug,) = make_assets(1, 50)
    Asset.objects.update(available_from=timezone.now() + timedelta(hours=1))
    services.grant(Asset.objects.get(), user)

    response = buyer.post(ALL, {"asset": slug})

    assert (response.status_code, response.context["decision"].reason) == (403, "not_released")
    configure(REFUSAL_STATUS=404)
    Grant.objects.all().delete()
    assert reason(post(buyer, "api", [slug])) == "not_found"
