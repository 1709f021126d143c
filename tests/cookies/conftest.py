"""Courses: assets whose file is a folder, and a buyer of one of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.cookies.jar import Jar

MakeFolder = Callable[..., AssetFile]


@pytest.fixture
def make_folder(db: None) -> MakeFolder:
    """Make an asset with one folder; its title and slug come from the key."""

    def make(key: str, **values: object) -> AssetFile:
        slug = key.strip("/").replace("/", "-")
        values = {"state": Asset.State.PUBLISHED} | values
        asset = Asset.objects.create(title=slug, slug=slug, **values)
        return AssetFile.objects.create(asset=asset, key=key, kind=AssetFile.Kind.PREFIX)

    return make


@pytest.fixture
def course(make_folder: MakeFolder) -> AssetFile:
    return make_folder("course-1/")


@pytest.fixture
def neighbour(make_folder: MakeFolder) -> AssetFile:
    """Whose key begins like the course's."""
    return make_folder("course-10/")


@pytest.fixture
def course_grant(user: User, course: AssetFile) -> Grant:
    return services.grant(course.asset, user)


@pytest.fixture
def both_granted(user: User, course_grant: Grant, neighbour: AssetFile) -> None:
    """The buyer has the course and its neighbour."""
    services.grant(neighbour.asset, user)


@pytest.fixture
def jar() -> Jar:
    """An empty one."""
    return Jar({})
