"""The download view: the ways to the file, and what the answers look like."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant
from cf_protected.views.file import Unmeasured
from tests.accounts.models import User
from tests.conftest import Configure, Verify, use_up
from tests.doubles import DownKeySource

PREFETCHES = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "prefetch;anonymous-client-ip"},
    {"Sec-Purpose": "prerender"},
    {"Purpose": "prerender"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
    {"X-Moz": "Prefetch"},
    {"HX-Preloaded": "true"},
]


def traces(grant: Grant) -> tuple[int, int]:
    """The downloads counted on the grant, and the rows in the log."""
    grant.refresh_from_db()
    return grant.downloads_used, Download.objects.count()


@pytest.fixture
def limited(user: User, file: AssetFile) -> Grant:
    return services.grant(file.asset, user, max_downloads=3)


def test_a_download_is_a_303_to_a_url_that_opens_the_file(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 303
    assert response["Location"].startswith(f"https://downloads.example.com/{quote(file.key)}?")
    verify(response["Location"])


def test_a_download_is_kept_out_of_caches_and_referers(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    response = buyer.get(file.get_absolute_url())

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response.content == b""


def test_a_download_is_counted_and_logged(buyer: Client, grant: Grant, file: AssetFile) -> None:
    buyer.get(file.get_absolute_url(), headers={"User-Agent": "Firefox"}, REMOTE_ADDR="203.0.113.9")

    assert traces(grant) == (1, 1)
    row = Download.objects.get()
    assert (row.ip_address, row.user_agent) == ("203.0.113.0", "Firefox")


def test_a_connection_without_an_address_is_fine(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    assert buyer.get(file.get_absolute_url(), REMOTE_ADDR="").status_code == 303
    assert Download.objects.get().ip_address is None


def test_a_second_click_is_the_same_download(
    buyer: Client, limited: Grant, file: AssetFile
) -> None:
    statuses = [buyer.get(file.get_absolute_url()).status_code for _ in range(5)]

    assert statuses == [303] * 5
    assert traces(limited) == (1, 1)


def test_the_queries_of_a_click(
    buyer: Client, grant: Grant, file: AssetFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # The session, the user, the file, and what services.issue_url needs.
    with django_assert_num_queries(3 + 7):
        buyer.get(file.get_absolute_url())


@pytest.mark.parametrize("range_", ["bytes=0-", "bytes=0-0", "bytes=5-9,12-"])
def test_asking_for_a_range_is_no_way_around_the_count(
    buyer: Client, limited: Grant, file: AssetFile, range_: str
) -> None:
    response = buyer.get(file.get_absolute_url(), headers={"Range": range_})

    assert response.status_code == 303
    assert traces(limited) == (1, 1)


def test_asking_for_a_range_is_no_way_around_the_limit(
    buyer: Client, user: User, file: AssetFile
) -> None:
    use_up(services.grant(file.asset, user, max_downloads=1))

    response = buyer.get(file.get_absolute_url(), headers={"Range": "bytes=0-"})

    assert response.status_code == 403
    assert Download.objects.refused().count() == 1


@pytest.mark.parametrize("headers", PREFETCHES)
def test_a_prefetch_is_neither_counted_nor_logged(
    buyer: Client, limited: Grant, file: AssetFile, headers: dict[str, str]
) -> None:
    response = buyer.get(file.get_absolute_url(), headers=headers)

    assert response.status_code == 503
    assert "Location" not in response
    assert response["Cache-Control"] == "private, no-store"
    assert traces(limited) == (0, 0)


def test_a_prefetch_that_would_be_refused_is_not_logged(buyer: Client, file: AssetFile) -> None:
    buyer.get(file.get_absolute_url(), headers={"Sec-Purpose": "prefetch"})

    assert not Download.objects.exists()


@pytest.mark.parametrize("headers", [{"X-Sec-Purpose": "prefetch"}])
def test_a_prefetch_of_turbo_makes_the_click_a_navigation(
    buyer: Client, limited: Grant, file: AssetFile, headers: dict[str, str]
) -> None:
    """Turbo shows at the click what it prefetched, unless that says otherwise."""
    response = buyer.get(file.get_absolute_url(), headers=headers)

    assert (response.status_code, traces(limited)) == (200, (0, 0))
    assert '<meta name="turbo-visit-control" content="reload">' in response.content.decode()
    assert "Signature" not in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("destination", ["image", "style", "script", "font", "IMAGE", "other"])
def test_a_part_of_a_page_uses_up_no_download(
    buyer: Client, limited: Grant, file: AssetFile, destination: str
) -> None:
    headers = {"Sec-Fetch-Dest": destination, "Sec-Fetch-Site": "cross-site"}
    response = buyer.get(file.get_absolute_url(), headers=headers)

    assert response.status_code == 403
    assert traces(limited) == (0, 0)


def test_a_part_of_a_page_is_shown_uncounted_where_there_is_no_limit(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    response = buyer.get(file.get_absolute_url(), headers={"Sec-Fetch-Dest": "image"})

    assert response.status_code == 303
    verify(response["Location"])
    assert traces(grant) == (0, 0)


@pytest.mark.parametrize("destination", ["document", "empty", "audio", "video", "track", ""])
def test_what_a_person_asked_for_is_counted(
    buyer: Client, limited: Grant, file: AssetFile, destination: str
) -> None:
    headers = {"Sec-Fetch-Dest": destination, "Sec-Fetch-Site": "cross-site"}

    assert buyer.get(file.get_absolute_url(), headers=headers).status_code == 303
    assert traces(limited) == (1, 1)


@pytest.mark.parametrize(
    ("site", "counted"), [("same-origin", 1), ("same-site", 1), ("cross-site", 0)]
)
def test_a_frame_is_a_persons_but_for_other_sites(
    buyer: Client, limited: Grant, file: AssetFile, site: str, counted: int
) -> None:
    headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": site}
    buyer.get(file.get_absolute_url(), headers=headers)

    assert traces(limited) == (counted, counted)


@pytest.mark.parametrize("terms", [{}, {"max_downloads": 3}])
def test_head_describes_the_file_without_a_signature_or_a_trace(
    buyer: Client, user: User, file: AssetFile, terms: dict[str, int]
) -> None:
    grant = services.grant(file.asset, user, **terms)

    response = buyer.head(file.get_absolute_url())

    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == "15"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="Ebook.pdf"'
    assert response["Cache-Control"] == "private, no-store"
    assert "Location" not in response
    assert "Signature" not in str(response.headers)
    assert traces(grant) == (0, 0)


@pytest.mark.parametrize("status", [403, 404])
def test_a_part_of_a_page_shows_no_more_than_a_click(
    client: Client,
    other_user: User,
    file: AssetFile,
    configure: Configure,
    status: int,
) -> None:
    configure(REFUSAL_STATUS=status)
    unknown = f"/downloads/files/{uuid.UUID(int=0)}/"
    headers = {"Sec-Fetch-Dest": "image"}

    def answers() -> list[int]:
        paths = (file.get_absolute_url(), unknown)
        return [client.get(path, headers=headers).status_code for path in paths]

    assert answers() == ([302, 302] if status == 404 else [302, 404])
    client.force_login(other_user)
    assert answers() == [status, 404]
    assert not Download.objects.exists()


def test_head_says_inline_where_the_edge_does(
    buyer: Client, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure({"CONTENT_DISPOSITION": "inline"})

    response = buyer.head(file.get_absolute_url())

    assert response["Content-Disposition"] == 'inline; filename="Ebook.pdf"'


def test_head_leaves_out_a_size_that_is_not_known(
    buyer: Client, grant: Grant, other_file: AssetFile, settings: Settings
) -> None:
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware", *settings.MIDDLEWARE]

    response = buyer.head(other_file.get_absolute_url())

    assert response.status_code == 200
    assert "Content-Length" not in response


def test_head_without_a_size_can_be_sent_by_an_asgi_server() -> None:
    async def chunks() -> list[bytes]:
        return [chunk async for chunk in Unmeasured(content_type="text/plain")]

    assert asyncio.run(chunks()) == []


def test_head_takes_the_stored_type(buyer: Client, grant: Grant, file: AssetFile) -> None:
    AssetFile.objects.update(content_type="application/epub+zip")

    assert buyer.head(file.get_absolute_url())["Content-Type"] == "application/epub+zip"


def test_who_probes_first_gets_the_download(
    buyer: Client, limited: Grant, file: AssetFile, verify: Verify
) -> None:
    buyer.head(file.get_absolute_url())
    response = buyer.get(file.get_absolute_url())

    verify(response["Location"])
    assert traces(limited) == (1, 1)


def test_head_takes_a_compressed_file_for_bytes(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    AssetFile.objects.update(download_name="software-1.0.tar.gz", content_type="")

    response = buyer.head(file.get_absolute_url())

    assert response["Content-Type"] == "application/octet-stream"
    assert "Content-Encoding" not in response


def test_head_says_what_get_would_where_the_last_download_may_be_repeated(
    buyer: Client, limited: Grant, file: AssetFile, other_file: AssetFile
) -> None:
    Grant.objects.update(max_downloads=1)
    buyer.get(file.get_absolute_url())

    assert buyer.head(file.get_absolute_url()).status_code == 200
    assert buyer.get(file.get_absolute_url()).status_code == 303
    assert buyer.head(other_file.get_absolute_url()).status_code == 403
    assert buyer.get(other_file.get_absolute_url()).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
def test_other_methods_are_not_allowed(
    buyer: Client, grant: Grant, file: AssetFile, method: str
) -> None:
    response = getattr(buyer, method)(file.get_absolute_url())

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert traces(grant) == (0, 0)


def test_options_leaves_no_trace(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert buyer.options(file.get_absolute_url()).status_code == 200
    assert traces(grant) == (0, 0)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("id_", [uuid.UUID(int=0), "ebook", "1", "../../etc/passwd"])
def test_an_unknown_id_is_not_found(buyer: Client, method: str, id_: object) -> None:
    assert getattr(buyer, method)(f"/downloads/files/{id_}/").status_code == 404


def test_the_page_without_a_key_is_a_503(
    buyer: Client, grant: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert response["Cache-Control"] == "private, no-store"
    assert "please try again in a minute" in response.content.decode()


def test_without_a_key_nothing_is_counted_or_logged(
    buyer: Client, limited: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    buyer.get(file.get_absolute_url())

    assert traces(limited) == (0, 0)


def test_head_needs_no_key(
    buyer: Client, grant: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    assert buyer.head(file.get_absolute_url()).status_code == 200


def test_without_a_key_the_log_says_why(
    buyer: Client,
    grant: Grant,
    file: AssetFile,
    use_key_source: Configure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_key_source(DownKeySource)

    buyer.get(file.get_absolute_url())

    (record,) = [record for record in caplog.records if record.name == "cf_protected"]
    assert record.levelname == "ERROR"
    assert "The key store doesn't answer." in record.getMessage()
    assert file.get_absolute_url() in record.getMessage()


def test_after_the_outage_it_works_again(
    buyer: Client, grant: Grant, file: AssetFile, settings: Any, use_key_source: Configure
) -> None:
    working = settings.CF_PROTECTED
    use_key_source(DownKeySource)
    buyer.get(file.get_absolute_url())

    settings.CF_PROTECTED = working

    assert buyer.get(file.get_absolute_url()).status_code == 303


def test_the_lifetime_is_in_the_url(
    buyer: Client, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure({"URL_LIFETIME": timedelta(days=7)})

    location = buyer.get(file.get_absolute_url())["Location"]

    row = Download.objects.get()
    assert row.url_expires_at is not None
    assert row.url_expires_at - row.requested_at >= timedelta(days=7)
    assert f"Expires={int(row.url_expires_at.timestamp())}&" in location
