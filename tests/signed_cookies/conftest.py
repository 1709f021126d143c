"""Courses: assets whose file is a folder, and a buyer of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import GivenKeySource
from tests.keys import signing_key
from tests.signed_cookies.jar import Jar
from tests.signed_cookies.serving import SIGNATURES, Signature, Site, serving

MakeFolder = Callable[..., AssetFile]


@pytest.fixture
def make_folder(db: None) -> MakeFolder:
    """Make an asset with one folder; its title and slug come from the key."""

    def make(key: str, **values: object) -> AssetFile:
        slug = key.strip("/").replace("/", "-")
        values = {"state": Asset.State.PUBLISHED, "title": slug[:200], "slug": slug} | values
        asset = Asset.objects.create(**values)
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


@pytest.fixture
def signature(request: pytest.FixtureRequest) -> Signature:
    """The kind of key and the hash."""
    one: Signature = getattr(request, "param", SIGNATURES[-1])
    return one


@pytest.fixture
def site(
    live_server: LiveServer,
    settings: Settings,
    configure: Configure,
    make_folder: MakeFolder,
    signature: Signature,
) -> Iterator[Site]:
    """A course and its neighbour, and a buyer of the course."""
    settings.STORAGES = dict(settings.STORAGES)  # an empty storage
    kind, hash_algorithm = signature
    key = signing_key(kind)
    folders = [make_folder("course-1/"), make_folder("course-10/")]
    with serving(Site(live_server.url), key, folders) as site:
        source = {
            "BACKEND": f"{GivenKeySource.__module__}.GivenKeySource",
            "OPTIONS": {"key": key},
        }
        configure(
            {
                "DOMAIN": site.edge.partition("://")[2],
                "SCHEME": "http",
                "KEY_SOURCE": source,
                "HASH_ALGORITHM": hash_algorithm,
            }
        )
        yield site
