"""Files that aren't stored as sold, and assets that overlap."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection

from cf_protected.models import Asset, AssetFile
from tests.doctor.conftest import BUCKET, LOCATION, Shop, problems, use_bucket


@pytest.fixture
def software(db: None) -> Asset:
    return Asset.objects.create(title="Software", slug="software")


def put(shop: Shop, asset: Asset, key: str, **properties: str) -> AssetFile:
    """A file of the asset whose object has these properties."""
    client = shop.client("s3")
    client.put_object(Bucket=BUCKET, Key=f"{LOCATION}/{key}", Body=b"x", **properties)
    return AssetFile.objects.create(asset=asset, key=key)


def test_an_encoding_that_was_guessed(shop: Shop, software: Asset) -> None:
    put(shop, software, "software-1.0.tar.gz", ContentEncoding="gzip")
    put(shop, software, "dump.sql.gz")

    findings = shop.examine()

    assert problems(findings) == {"encoding": "failed"}
    evidence = findings["encoding"].evidence
    assert evidence.startswith("1 of 2 objects have a Content-Encoding")
    assert "'software-1.0.tar.gz' (gzip)" in evidence


def test_an_encoding_with_any_name(shop: Shop, software: Asset) -> None:
    put(shop, software, "book.pdf", ContentEncoding="br")

    assert "'book.pdf' (br)" in shop.examine()["encoding"].evidence


def test_compressed_files_are_asked_for_first(shop: Shop, software: Asset) -> None:
    put(shop, software, "software-1.0.tar.gz", ContentEncoding="gzip")
    AssetFile.objects.bulk_create(
        AssetFile(asset=software, key=f"{number}.pdf") for number in range(200)
    )

    finding = shop.examine()["encoding"]

    assert finding.evidence.startswith("1 of 100 objects")


@pytest.mark.parametrize(
    ("options", "key", "properties"),
    [
        (
            {"object_parameters": {"ContentEncoding": "br"}},
            "site.css.br",
            {"ContentEncoding": "br"},
        ),
        ({"gzip": True}, "site.css", {"ContentEncoding": "gzip", "ContentType": "text/css"}),
    ],
)
def test_an_encoding_that_the_seller_asked_for(
    shop: Shop, software: Asset, options: dict[str, Any], key: str, properties: dict[str, str]
) -> None:
    use_bucket(shop, **options)
    put(shop, software, key, **properties)

    assert shop.examine()["encoding"].verdict == "ok"


@pytest.mark.parametrize("key", ["site.css.gz", "photo.jpg"])
def test_gzip_doesnt_excuse_what_it_doesnt_compress(shop: Shop, software: Asset, key: str) -> None:
    use_bucket(shop, gzip=True)
    content_type = {"site.css.gz": "text/css", "photo.jpg": "image/jpeg"}[key]
    put(shop, software, key, ContentEncoding="gzip", ContentType=content_type)

    assert shop.examine()["encoding"].verdict == "failed"


def test_a_missing_object_has_no_encoding(shop: Shop, software: Asset) -> None:
    AssetFile.objects.create(asset=software, key="none.tar.gz")

    assert shop.examine()["encoding"].verdict == "ok"


def test_an_object_that_cant_be_asked_for(shop: Shop, software: Asset) -> None:
    put(shop, software, "software-1.0.tar.gz")
    shop.aws.deny("software-1.0.tar.gz")

    finding = shop.examine()["encoding"]

    assert finding.verdict == "unknown"
    assert "s3:GetObject" in finding.evidence


def test_another_kind_of_storage(shop: Shop) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    shop.settings.STORAGES = {**shop.settings.STORAGES, "protected": memory}
    shop.serve(path_prefix="")

    assert shop.examine()["encoding"].verdict == "unknown"


def test_assets_that_overlap(shop: Shop, software: Asset) -> None:
    course = Asset.objects.create(title="Course", slug="course")
    AssetFile.objects.create(asset=course, kind="prefix", key="course/")
    AssetFile.objects.create(asset=software, key="course/premium/book.pdf")

    findings = shop.examine()

    assert problems(findings) == {"overlaps": "failed"}
    expected = "'course/' of 'course' holds 'course/premium/book.pdf' of 'software'"
    assert expected in findings["overlaps"].evidence


def test_many_overlaps_are_counted(shop: Shop, software: Asset) -> None:
    course = Asset.objects.create(title="Course", slug="course")
    AssetFile.objects.create(asset=course, kind="prefix", key="course/")
    AssetFile.objects.bulk_create(
        AssetFile(asset=software, key=f"course/{number}.pdf") for number in range(1200)
    )

    assert shop.examine()["overlaps"].evidence.endswith("; and 997 or more others")


def test_a_database_that_is_down(shop: Shop) -> None:
    def fail(execute: object, *arguments: object) -> None:
        raise OperationalError("The database doesn't answer.")

    with connection.execute_wrapper(fail):
        findings = shop.examine()

    assert problems(findings) == {"encoding": "unknown", "overlaps": "unknown"}
    assert "OperationalError" in findings["overlaps"].evidence
