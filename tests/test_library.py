"""The buyer's own pages: the library and the page of an asset."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import DownKeySource
from tests.pages import text

LIBRARY = "/downloads/"
EBOOK = "/downloads/assets/ebook/"


def give(user: User, number: int, files: int = 1) -> Asset:
    """Sell the user one more asset."""
    asset = Asset.objects.create(
        title=f"Book {number:03}", slug=f"book-{number}", state=Asset.State.PUBLISHED
    )
    AssetFile.objects.bulk_create(
        AssetFile(asset=asset, key=f"books/{number}-{part}.pdf") for part in range(files)
    )
    services.grant(asset, user)
    return asset


def test_the_library_lists_what_the_person_has_with_its_files(
    buyer: Client, grant: Grant, file: AssetFile, other_file: AssetFile
) -> None:
    page = text(buyer.get(LIBRARY))

    assert f'<a href="{grant.asset.get_absolute_url()}">Ebook</a>' in page
    # Neither Turbo nor htmx may fetch what counts as a download.
    attributes = 'rel="nofollow" data-turbo="false" hx-boost="false"'
    assert f'<a href="{file.get_absolute_url()}" {attributes}>Ebook.pdf</a>' in page
    assert f'<a href="{other_file.get_absolute_url()}" {attributes}>appendix.pdf</a>' in page
    assert "<small>15 bytes</small>" in page


def test_the_library_never_shows_a_key_or_a_signature(
    buyer: Client, grant: Grant, other_file: AssetFile
) -> None:
    page = text(buyer.get(LIBRARY)) + text(buyer.get(EBOOK))

    assert "books/" not in page
    assert "Signature" not in page


def test_looking_at_the_library_counts_nothing(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    buyer.get(LIBRARY)
    buyer.get(EBOOK)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


def test_the_library_says_until_when_and_how_often(
    buyer: Client, user: User, file: AssetFile
) -> None:
    services.grant(
        file.asset, user, max_downloads=3, expires_at=timezone.now() + timedelta(days=9999)
    )

    for page in (text(buyer.get(LIBRARY)), text(buyer.get(EBOOK))):
        assert re.search(r"Yours until \w+\.? \d+, 20\d\d, [^<]+ CES?T", page)
        assert "3 of 3 downloads left." in page


def test_the_library_says_why_something_cannot_be_downloaded(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    services.revoke_grants(Grant.objects.all())

    page = text(buyer.get(LIBRARY))

    assert "Ebook" in page
    assert "Your access was withdrawn, for example because of a refund." in page
    assert file.get_absolute_url() not in page
    assert EBOOK not in page


def test_an_asset_held_twice_is_listed_once(
    buyer: Client, user: User, grant: Grant, file: AssetFile
) -> None:
    services.grant(file.asset, user, max_downloads=3)

    assert text(buyer.get(LIBRARY)).count("<section") == 1


def test_an_empty_library_says_so(buyer: Client) -> None:
    response = buyer.get(LIBRARY)

    assert response.status_code == 200
    assert "There is nothing here yet." in text(response)


def test_an_asset_without_files_says_so(buyer: Client, grant: Grant) -> None:
    assert "The files will follow." in text(buyer.get(LIBRARY))
    assert "The files will follow." in text(buyer.get(EBOOK))


def test_what_others_have_is_never_seen(buyer: Client, other_user: User, file: AssetFile) -> None:
    services.grant(file.asset, other_user)
    services.grant(file.asset, email="ada@example.com")

    assert "Ebook" not in text(buyer.get(LIBRARY))
    assert buyer.get(EBOOK).status_code == 403


def test_a_long_library_has_pages(buyer: Client, user: User) -> None:
    for number in range(51):
        give(user, number)

    first, second = text(buyer.get(LIBRARY)), text(buyer.get(LIBRARY, {"page": 2}))

    assert first.count("<section") == 50
    assert '<a href="?page=2" rel="next">Next</a>' in first
    assert second.count("<section") == 1
    assert "Book 050" in second
    assert '<a href="?page=1" rel="prev">Previous</a>' in second


@pytest.mark.parametrize("page", ["3", "0", "x"])
def test_a_page_that_does_not_exist_is_not_found(buyer: Client, page: str) -> None:
    assert buyer.get(LIBRARY, {"page": page}).status_code == 404


def queries(buyer: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert buyer.get(path).status_code == 200
    return len(captured)


def test_the_queries_of_the_library_do_not_grow_with_it(buyer: Client, user: User) -> None:
    give(user, 0)
    before = queries(buyer, LIBRARY)

    for number in range(1, 40):
        give(user, number, files=3)

    # Session, user, how many, the assets, their files, the grants.
    assert (before, queries(buyer, LIBRARY)) == (6, 6)


def test_the_queries_of_an_asset_do_not_grow_with_its_files(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    before = queries(buyer, EBOOK)

    AssetFile.objects.bulk_create(
        AssetFile(asset=file.asset, key=f"{number}.pdf") for number in range(100)
    )

    # Session, user, the asset, the grants twice, how many files, those of the page.
    assert (before, queries(buyer, EBOOK)) == (7, 7)


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ((2090, 12, 1), "Yours until Nov. 30, 2090, 11:59 p.m. CET"),
        ((2090, 7, 1), "Yours until June 30, 2090, 11:59 p.m. CEST"),
        ((2090, 12, 1, 12), "Yours until Dec. 1, 2090, noon CET"),
        ((2090, 12, 1, 0, 1), "Yours until Dec. 1, 2090, 12:01 a.m. CET"),
    ],
)
def test_an_end_is_shown_with_its_last_day_and_time_zone(
    buyer: Client, user: User, file: AssetFile, end: tuple[int, int, int], shown: str
) -> None:
    expires_at = datetime(*end, tzinfo=ZoneInfo("Europe/Berlin"))
    services.grant(file.asset, user, expires_at=expires_at)

    for page in (text(buyer.get(LIBRARY)), text(buyer.get(EBOOK))):
        assert shown in page


def test_the_downloads_of_several_grants_are_added_up(
    buyer: Client, user: User, file: AssetFile
) -> None:
    for _ in range(2):
        services.grant(file.asset, user, max_downloads=1)

    for page in (text(buyer.get(LIBRARY)), text(buyer.get(EBOOK))):
        assert "2 of 2 downloads left." in page

    buyer.get(file.get_absolute_url())
    assert "1 of 2 downloads left." in text(buyer.get(EBOOK))


def test_with_one_grant_without_a_limit_nothing_is_counted_down(
    buyer: Client, user: User, grant: Grant, file: AssetFile
) -> None:
    services.grant(file.asset, user, max_downloads=1, expires_at=timezone.now() + timedelta(1))

    page = text(buyer.get(EBOOK))
    assert "downloads left" not in page
    assert "Yours until" not in page


def test_a_mailed_link_survives_another_slug(buyer: Client, grant: Grant, file: AssetFile) -> None:
    mailed = grant.asset.get_absolute_url()
    Asset.objects.update(slug="another")

    assert "Ebook" in text(buyer.get(mailed))
    assert buyer.get(EBOOK).status_code == 404
    assert buyer.get("/downloads/assets/another/").status_code == 200


def test_a_slug_may_look_like_an_id(buyer: Client, grant: Grant) -> None:
    slug = "0b0c9b3e-58c2-4c5a-9d11-6f5d3a6d4c11"
    Asset.objects.update(slug=slug)

    assert buyer.get(f"/downloads/assets/{slug}/").status_code == 200


def test_a_refusal_on_the_page_is_logged_once(buyer: Client, user: User, asset: Asset) -> None:
    """Mails lead there, so support looks for it."""
    for _ in range(2):
        assert buyer.get(asset.get_absolute_url()).status_code == 403

    (row,) = Download.objects.refused()
    assert (row.user, row.asset, row.file, row.reason) == (user, asset, None, "no_grant")
    assert (row.asset_title, row.file_name, str(row)) == ("Ebook", "", "Ebook: refused")


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"X-Sec-Purpose": "prefetch"}])
def test_a_prefetch_of_the_page_logs_nothing(
    buyer: Client, asset: Asset, headers: dict[str, str]
) -> None:
    buyer.get(EBOOK, headers=headers)
    buyer.head(EBOOK)

    assert not Download.objects.exists()


@pytest.mark.parametrize("path", [EBOOK, "{file}"])
def test_a_draft_is_a_404_for_those_who_never_had_it(
    buyer: Client, file: AssetFile, path: str
) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)

    draft = buyer.get(path.format(file=file.get_absolute_url()))
    unknown = buyer.get("/downloads/assets/unknown/")

    assert draft.status_code == unknown.status_code == 404
    assert draft["Cache-Control"] == unknown["Cache-Control"] == "private, no-store"
    assert "Ebook" not in text(draft)
    if path == EBOOK:
        assert draft.content == unknown.content


def test_a_buyer_of_a_draft_is_told_that_it_is_one(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)

    assert "available at the moment" in text(buyer.get(EBOOK))


@pytest.fixture
def pictures(asset: Asset, grant: Grant) -> list[AssetFile]:
    """The asset has two thousand of them."""
    return AssetFile.objects.bulk_create(
        AssetFile(asset=asset, key=f"pictures/{number:05}.jpg", position=number)
        for number in range(2_000)
    )


def test_the_page_of_an_asset_with_many_files_has_pages(
    buyer: Client, pictures: list[AssetFile]
) -> None:
    first, last = text(buyer.get(EBOOK)), text(buyer.get(EBOOK, {"page": 20}))

    assert first.count("<li>") == last.count("<li>") == 100
    assert "00099.jpg</a>" in first
    assert "00100.jpg" not in first
    assert '<nav aria-label="Pages">' in first
    assert '<span aria-current="page"> Page 1 of 20 </span>' in first
    assert '<a href="?page=2" rel="next">Next</a> <a href="?page=20">Last</a>' in first
    assert '<a href="?page=1">First</a> <a href="?page=19" rel="prev">Previous</a>' in last
    assert "01999.jpg</a>" in last
    assert len(first) < 50_000


@pytest.mark.parametrize("page", ["21", "0", "x"])
def test_a_page_of_files_that_does_not_exist_is_not_found(
    buyer: Client, pictures: list[AssetFile], page: str
) -> None:
    assert buyer.get(EBOOK, {"page": page}).status_code == 404


def test_an_asset_with_few_files_has_one_page(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert "<nav" not in text(buyer.get(EBOOK))


def test_the_library_shows_the_first_files_of_each_asset(
    buyer: Client, user: User, pictures: list[AssetFile]
) -> None:
    for number in range(3):
        give(user, number, files=20)

    page = text(buyer.get(LIBRARY))

    assert page.count("<li>") == 4 * 20
    assert "00019.jpg</a>" in page
    assert "00020.jpg" not in page
    assert (
        f'<a href="{Asset.objects.get(slug="ebook").get_absolute_url()}">All files of Ebook</a>'
        in page
    )
    assert page.count("All files of") == 1


def test_the_queries_of_the_library_do_not_grow_with_the_files(
    buyer: Client, pictures: list[AssetFile]
) -> None:
    assert queries(buyer, LIBRARY) == 6


@pytest.fixture
def outage(file: AssetFile, settings: Settings, use_key_source: Configure) -> None:
    settings.STORAGES = settings.STORAGES | {"protected": {"BACKEND": "tests.doubles.DownStorage"}}
    use_key_source(DownKeySource)
    with pytest.raises(OSError, match="doesn't answer"):
        distributions["default"].storage.exists(file.key)


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("path", [LIBRARY, EBOOK])
def test_the_pages_do_without_the_storage_and_the_key(
    buyer: Client, grant: Grant, file: AssetFile, path: str
) -> None:
    response = buyer.get(path)

    assert response.status_code == 200
    assert file.get_absolute_url() in text(response)


@pytest.mark.parametrize("path", [LIBRARY, EBOOK])
def test_the_pages_stay_out_of_shared_caches(buyer: Client, grant: Grant, path: str) -> None:
    assert "private" in buyer.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", [LIBRARY, EBOOK])
def test_nobody_is_sent_to_the_login_page(client: Client, asset: Asset, path: str) -> None:
    response = client.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize("path", [LIBRARY, EBOOK])
def test_the_pages_are_only_read(buyer: Client, grant: Grant, path: str) -> None:
    assert buyer.post(path).status_code == 405
    assert buyer.head(path).status_code == 200


def test_an_unknown_asset_is_not_found(buyer: Client) -> None:
    assert buyer.get("/downloads/assets/video/").status_code == 404


def test_the_page_of_an_asset_shows_its_description(buyer: Client, grant: Grant) -> None:
    Asset.objects.update(description="First line.\n\nSecond line.")

    assert "<p>First line.</p> <p>Second line.</p>" in text(buyer.get(EBOOK))


@pytest.mark.parametrize("path", [LIBRARY, EBOOK])
def test_what_staff_write_is_escaped(
    buyer: Client, grant: Grant, file: AssetFile, path: str
) -> None:
    evil = "<script>alert('1')</script>"
    Asset.objects.update(title=evil, description=evil)
    AssetFile.objects.update(name=evil)

    page = text(buyer.get(path))

    assert page.count("&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;") >= 2
    assert "<script" not in page


def test_a_project_overrides_the_base_template(buyer: Client, settings: Settings) -> None:
    engine = settings.TEMPLATES[0]
    base = "{% block content %}{% endblock %} of the shop"
    loaders = [
        ("django.template.loaders.locmem.Loader", {"cf_protected/base.html": base}),
        "django.template.loaders.app_directories.Loader",
    ]
    options = engine["OPTIONS"] | {"loaders": loaders}
    settings.TEMPLATES = [{"BACKEND": engine["BACKEND"], "OPTIONS": options}]

    assert text(buyer.get(LIBRARY)).endswith("of the shop")
