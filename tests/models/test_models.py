from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Purchase, Use
from tests.accounts.models import User


def test_an_asset_reads_as_its_title(asset: Asset) -> None:
    assert str(asset) == "Ebook"


def test_an_asset_has_its_page(asset: Asset) -> None:
    assert asset.get_absolute_url() == f"/downloads/assets/{asset.uuid}/"


def test_an_asset_starts_as_a_draft(db: None) -> None:
    assert Asset.objects.create(title="Soon", slug="soon").state == Asset.State.DRAFT


def test_assets_may_go_without_a_sku(asset: Asset) -> None:
    other = Asset.objects.create(title="Video", slug="video")

    assert (asset.sku, other.sku) == (None, None)


def test_a_sku_is_unique(asset: Asset) -> None:
    Asset.objects.create(title="Video", slug="video", sku="SKU-1")

    with pytest.raises(IntegrityError):
        Asset.objects.create(title="Film", slug="film", sku="SKU-1")


def test_an_asset_that_was_granted_cannot_be_deleted(grant: Grant) -> None:
    with pytest.raises(ProtectedError):
        grant.asset.delete()


def test_a_file_has_a_link_without_its_key(file: AssetFile) -> None:
    assert file.get_absolute_url() == f"/downloads/files/{file.uuid}/"


@pytest.mark.parametrize(
    ("fields", "shown", "saved_as"),
    [
        ({}, "part 1.pdf", "part 1.pdf"),
        ({"name": "Part one"}, "Part one", "part 1.pdf"),
        ({"download_name": "One.pdf"}, "One.pdf", "One.pdf"),
        ({"name": "Part one", "download_name": "One.pdf"}, "Part one", "One.pdf"),
    ],
)
def test_the_names_of_a_file(fields: dict[str, str], shown: str, saved_as: str) -> None:
    file = AssetFile(key="books/part 1.pdf", **fields)

    assert (str(file), file.display_name, file.file_name) == (shown, shown, saved_as)


def test_files_come_by_position(asset: Asset) -> None:
    for position in (3, 1, 2):
        AssetFile.objects.create(asset=asset, key=f"{position}.pdf", position=position)

    assert [file.key for file in asset.files.all()] == ["1.pdf", "2.pdf", "3.pdf"]


@pytest.mark.parametrize("key", ["a\nb.pdf", "a/../b.pdf", "./a.pdf", "\ud800.pdf"])
def test_a_key_that_no_url_carries_is_refused(asset: Asset, key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AssetFile(asset=asset, key=key).clean_fields()

    assert list(refused.value.message_dict) == ["key"]


@pytest.mark.parametrize("key", ["/a.pdf", "a b+c'%#?*\".pdf", "Bücher/日本.pdf", "a//b"])
def test_a_strange_key_is_taken(asset: Asset, key: str) -> None:
    AssetFile(asset=asset, key=key).clean_fields()


@pytest.mark.parametrize("name", ["../passwd", "a\\b.pdf", "a\r\nb.pdf", "a\x7f.pdf"])
def test_a_download_name_that_no_browser_takes_is_refused(asset: Asset, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AssetFile(asset=asset, key="a.pdf", download_name=name).clean_fields()

    assert list(refused.value.message_dict) == ["download_name"]


def test_a_grant_reads_as_what_and_whose(grant: Grant) -> None:
    assert str(grant) == "Ebook for ada@example.com"


def test_a_grant_without_an_account_reads_as_its_address(asset: Asset) -> None:
    assert str(services.grant(asset, email="eve@example.com")) == "Ebook for eve@example.com"


def test_the_downloads_left() -> None:
    assert Grant(max_downloads=None, downloads_used=3).downloads_left is None
    assert Grant(max_downloads=5, downloads_used=3).downloads_left == 2
    assert Grant(max_downloads=2, downloads_used=3).downloads_left == 0


def test_a_grant_needs_a_holder(asset: Asset) -> None:
    with pytest.raises(ValidationError, match="Name a user or an e-mail address"):
        Grant(asset=asset).full_clean()


def test_a_grant_outlives_its_holders_account(user: User, grant: Grant) -> None:
    user.delete()

    grant.refresh_from_db()
    assert (grant.user, grant.holder) == (None, "a deleted account")
    grant.full_clean()  # staff can still revoke it


def test_a_grant_ends_after_it_starts(user: User, asset: Asset) -> None:
    now = timezone.now()

    with pytest.raises(ValidationError, match="must end after it starts"):
        Grant(asset=asset, user=user, starts_at=now, expires_at=now).full_clean()


def test_the_database_wants_an_end_after_the_start_too(user: User, asset: Asset) -> None:
    now = timezone.now()

    with pytest.raises(IntegrityError):
        Grant.objects.create(asset=asset, user=user, starts_at=now, expires_at=now)


def test_a_reference_is_granted_once_for_an_asset(user: User, asset: Asset) -> None:
    purchase = Purchase.objects.create(source="shop", reference="7")
    Grant.objects.create(asset=asset, user=user, purchase=purchase)

    with pytest.raises(IntegrityError):
        Grant.objects.create(asset=asset, user=user, purchase=purchase)


def test_grants_without_a_reference_may_be_many(user: User, asset: Asset) -> None:
    for _ in range(2):
        Grant(asset=asset, user=user).full_clean()
        Grant.objects.create(asset=asset, user=user)

    assert Grant.objects.count() == 2


def test_a_download_outlives_user_grant_file_and_asset(
    user: User, grant: Grant, file: AssetFile
) -> None:
    keys = user.pk, grant.pk, file.pk
    services.issue_url(user, file)

    user.delete()
    grant.delete()
    file.asset.delete()

    row = Download.objects.get()
    assert (row.user, row.grant, row.file) == (None, None, None)
    assert (row.user_id, row.grant_id, row.file_id) == keys
    assert (row.asset_title, row.file_name) == ("Ebook", "Ebook.pdf")
    assert str(row) == "Ebook.pdf: issued"


@pytest.mark.parametrize("relations", [(), ("user", "grant", "file")])
def test_what_was_deleted_is_none_however_the_log_is_read(
    user: User, grant: Grant, file: AssetFile, relations: tuple[str, ...]
) -> None:
    services.issue_url(user, file)
    user.delete()
    grant.delete()
    file.delete()

    joined = Download.objects.select_related(*relations) if relations else Download.objects.all()
    for rows in (joined, Download.objects.prefetch_related("user", "grant", "file")):
        (row,) = rows
        assert (row.user, row.grant, row.file) == (None, None, None)


def test_deleting_reads_and_writes_nothing_of_the_log(
    user: User, grant: Grant, file: AssetFile
) -> None:
    services.issue_url(user, file)

    with CaptureQueriesContext(connection) as captured:
        file.delete()
        grant.delete()
        user.delete()

    log = connection.ops.quote_name("cf_protected_download")
    assert [query["sql"] for query in captured if log in query["sql"]] == []


def test_a_use_goes_with_its_grant_or_its_user(
    user: User, other_user: User, grant: Grant, file: AssetFile
) -> None:
    Use.objects.create(user=other_user, file=file)
    services.issue_url(user, file)

    grant.delete()
    other_user.delete()

    assert not Use.objects.exists()


def test_the_newest_download_comes_first(user: User, file: AssetFile) -> None:
    now = timezone.now()
    for minutes in (2, 1, 3):
        Download.objects.create(
            file_name=str(minutes), requested_at=now - timedelta(minutes=minutes), reason=""
        )

    assert [row.file_name for row in Download.objects.all()] == ["1", "2", "3"]
