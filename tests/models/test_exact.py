"""Identifiers are compared exactly on every database; only a search ignores capitals."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cf_protected import services
from cf_protected.models import Asset, AssetFile
from tests.accounts.models import User

pytestmark = pytest.mark.django_db

#: Pairs that MariaDB's default collation takes for one text.
ALIKE = [("ABC-1", "abc-1"), ("José", "jose"), ("abc", "abc ")]


@pytest.mark.parametrize("field", ["sku", "slug", "distribution"])
@pytest.mark.parametrize("texts", ALIKE)
def test_an_assets_identifiers(field: str, texts: tuple[str, str]) -> None:
    for number, text in enumerate(texts):
        Asset.objects.create(**{"title": "x", "slug": f"x{number}", field: text})
    for text in texts:
        assert getattr(Asset.objects.get(**{field: text}), field) == text


@pytest.mark.parametrize("texts", ALIKE)
def test_a_files_key(asset: Asset, texts: tuple[str, str]) -> None:
    for text in texts:
        asset.files.create(key=text)
    for text in texts:
        assert AssetFile.objects.get(key=text).key == text


@pytest.mark.parametrize("field", ["sku", "slug"])
def test_the_same_identifier_twice(field: str) -> None:
    Asset.objects.create(**{"title": "x", "slug": "x", field: "ABC"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.create(**{"title": "x", "slug": "y", field: "ABC"})


def test_a_webhook_with_a_sku_in_other_capitals_grants_nothing(asset: Asset, user: User) -> None:
    Asset.objects.update(sku="abc")
    with pytest.raises(Asset.DoesNotExist):
        services.grant("ABC", user)
    assert services.grant("abc", user).asset == asset


def test_keys_as_long_as_s3_takes_differ_in_the_last_letter(asset: Asset) -> None:
    keys = ["é" * 511 + "/" + end for end in "aA"]
    for key in keys:
        asset.files.create(key=key)
    for key in keys:
        assert AssetFile.objects.get(key=key).key == key


def test_a_key_is_found_by_an_index(asset: Asset) -> None:
    asset.files.create(key="a.pdf")
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, AssetFile._meta.db_table)
    assert ["key"] in [one["columns"] for one in constraints.values() if one["index"]]


@pytest.mark.parametrize("lookup", ["icontains", "iexact", "istartswith", "iendswith"])
@pytest.mark.parametrize("field", ["sku", "slug", "distribution"])
def test_a_search_ignores_capitals(field: str, lookup: str) -> None:
    Asset.objects.create(**{"title": "x", "slug": "x", field: "Book-1"})
    found: Any = Asset.objects.filter(**{f"{field}__{lookup}": "bOOK-1"})
    assert found.count() == 1
