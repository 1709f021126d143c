from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import Storage, storages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.accounts.models import User
from tests.admin.browser import Browser

Staff = Callable[..., Browser]


@pytest.fixture(autouse=True)
def storage(settings: Settings) -> Storage:
    """The distribution's storage, empty."""
    settings.STORAGES = dict(settings.STORAGES)
    return storages["protected"]


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root@example.com", "secret")


@pytest.fixture
def admin(superuser: User) -> Browser:
    return Browser(superuser)


@pytest.fixture
def staff(db: None) -> Staff:
    """A member of staff with these permissions and no others."""

    def make(*codenames: str) -> Browser:
        user = User.objects.create_user("staff@example.com", "secret", is_staff=True)
        permissions = Permission.objects.filter(codename__in=codenames)
        user.user_permissions.set(permissions)
        assert len(permissions) == len(codenames)
        return Browser(user)

    return make


def count_queries(browser: Browser, name: str) -> int:
    """How many queries this page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert browser.open(name).status_code == 200
    return len(queries)


def objects_in(storage: Storage, folder: str = "") -> list[str]:
    """The names of everything that the storage has."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return []
    names = [f"{folder}{name}" for name in files]
    return names + [name for one in folders for name in objects_in(storage, f"{folder}{one}/")]
