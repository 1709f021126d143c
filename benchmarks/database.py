"""A database of the benchmarks' own, and what it holds: buyers, an asset, files, grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from cf_protected import services
from cf_protected.models import Asset, AssetFile

FILES = 100


@dataclass(frozen=True)
class Shop:
    """An asset with ``FILES`` files, buyers with a grant for it, and a user without one."""

    files: list[AssetFile]
    buyers: list[User]
    stranger: User


@contextmanager
def database() -> Iterator[None]:
    """Make an empty database with all tables, and drop it afterwards."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def database_name() -> str:
    """Return the name under which a server finds the database."""
    return str(connection.settings_dict["NAME"])


def make_shop(buyers: int) -> Shop:
    """Create the asset, its files, the buyers and their grants."""
    asset = Asset.objects.create(title="Ebook", slug="ebook", state=Asset.State.PUBLISHED)
    files = [
        AssetFile(asset=asset, key=f"books/ebook-{number}.pdf", download_name="Ebook.pdf", size=15)
        for number in range(FILES)
    ]
    AssetFile.objects.bulk_create(files)
    users = [User.objects.create_user(f"buyer-{number}") for number in range(buyers)]
    for user in users:
        services.grant(asset, user)
    return Shop(files, users, User.objects.create_user("stranger"))


def signed_in(user: Any) -> Client:
    """Return a client with a session of this user."""
    client = Client()
    client.force_login(user)
    return client


def session_cookie(user: Any) -> str:
    """Return the ``Cookie`` header of this user's browser."""
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={signed_in(user).cookies[name].value}"
