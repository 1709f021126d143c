"""What every test may use: a buyer, an asset with a file, and the storage behind it."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile

from cf_protected import services
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com", "secret")


@pytest.fixture
def asset(db: None) -> Asset:
    return Asset.objects.create(title="Ebook", slug="ebook", state=Asset.State.PUBLISHED)


@pytest.fixture
def file(asset: Asset) -> AssetFile:
    storage = distributions["default"].storage
    key = storage.save("books/ebook.pdf", ContentFile(b"%PDF-1.7 a book"))
    return AssetFile.objects.create(asset=asset, key=key, download_name="Ebook.pdf", size=15)


@pytest.fixture
def grant(user: User, asset: Asset) -> Grant:
    return services.grant(asset, user)
