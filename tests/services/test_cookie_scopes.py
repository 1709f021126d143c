"""Cookies for several files and assets at once, and where they would meet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from cf_protected import services
from cf_protected.exceptions import (
    SigningError,
)
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, GivenKeySource
from tests.keys import signing_key
from tests.signed_cookies.conftest import MakeFolder
from tests.signed_cookies.verifying import opens


def paths(issued: services.IssuedCookies) -> list[str]:
    return [one.scope.path for one in issued.sets]


@pytest.mark.usefixtures("both_granted")
def test_neighbours_have_a_set_each(user: User, course: AssetFile, neighbour: AssetFile) -> None:
    issued = services.issue_cookies(user, [neighbour, course, neighbour])

    one, other = sorted(issued.sets, key=lambda one: one.scope.path)
    assert (opens(one, "/course-1/a"), opens(one, "/course-10/a")) == (True, False)
    assert (opens(other, "/course-1/a"), opens(other, "/course-10/a")) == (False, True)
    assert issued.superseded == ()
    assert len(issued.downloads) == 2


@pytest.fixture
def nested(course: AssetFile) -> list[AssetFile]:
    """The course, a part of it as a file of its own, and a single object in it."""
    part = AssetFile.objects.create(
        asset=course.asset, key="course-1/part-2/", kind=AssetFile.Kind.PREFIX
    )
    slides = AssetFile.objects.create(asset=course.asset, key="course-1/slides.pdf")
    return [slides, part, course]


@pytest.mark.usefixtures("course_grant")
def test_the_outermost_folder_opens_the_inner_ones(user: User, nested: list[AssetFile]) -> None:
    issued = services.issue_cookies(user, nested)

    (one,) = issued.sets
    assert one.scope.path == "/course-1/"
    assert opens(one, "/course-1/slides.pdf")
    assert {scope.path for scope in issued.superseded} == {
        "/course-1/part-2/",
        "/course-1/slides.pdf",
    }


@pytest.mark.usefixtures("course_grant")
def test_what_an_outer_folder_opens_is_logged_too(user: User, nested: list[AssetFile]) -> None:
    issued = services.issue_cookies(user, nested)

    assert {row.file for row in issued.downloads} == set(nested)
    assert {row.url_expires_at for row in issued.downloads} == {issued.expires_at}


@pytest.mark.usefixtures("course_grant")
def test_one_set_is_one_signature(
    user: User, nested: list[AssetFile], use_key_source: Configure
) -> None:
    key = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=key)

    services.issue_cookies(user, nested)

    assert key.signatures == 1


def test_the_same_key_in_two_assets_has_one_set(
    user: User, course: AssetFile, course_grant: Grant, asset: Asset
) -> None:
    twin = AssetFile.objects.create(asset=asset, key=course.key, kind=AssetFile.Kind.PREFIX)
    services.grant(asset, user)

    issued = services.issue_cookies(user, [course, twin])

    assert paths(issued) == ["/course-1/"]
    assert len(issued.downloads) == 2


@pytest.mark.usefixtures("course_grant")
def test_an_object_beside_a_folder_of_its_name_is_refused(user: User, course: AssetFile) -> None:
    """A browser sends the cookies of /course-1 to /course-1/a too."""
    plain = AssetFile.objects.create(asset=course.asset, key="course-1")

    with pytest.raises(SigningError, match="would be sent together"):
        services.issue_cookies(user, [course, plain])


TwoDistributions = Callable[[str | None, str | None], None]


@pytest.fixture
def two_distributions(settings: Settings) -> TwoDistributions:
    """Configure a second one, both with a COOKIE_DOMAIN."""

    def configure(one: str | None, other: str | None) -> None:
        default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
        both = {
            "default": default | {"COOKIE_DOMAIN": one},
            "second": default | {"DOMAIN": "video.example.com", "COOKIE_DOMAIN": other},
        }
        settings.CF_PROTECTED = settings.CF_PROTECTED | {"DISTRIBUTIONS": both}

    return configure


@pytest.fixture
def elsewhere(make_folder: MakeFolder, user: User, course_grant: Grant) -> AssetFile:
    """A folder inside the course's path, at another distribution."""
    folder = make_folder("course-1/videos/", distribution="second")
    services.grant(folder.asset, user)
    return folder


DOMAINS: list[tuple[str | None, str | None]] = [
    ("example.com", "example.com"),
    (".example.com", "example.com"),
    ("example.com", "video.example.com"),
    ("video.example.com", "example.com"),
    (None, None),
]


@pytest.mark.parametrize("domains", DOMAINS)
def test_two_distributions_whose_cookies_meet(
    user: User,
    course: AssetFile,
    elsewhere: AssetFile,
    two_distributions: TwoDistributions,
    domains: tuple[str | None, str | None],
) -> None:
    two_distributions(*domains)

    with pytest.raises(SigningError, match="'default' and those of 'course-1/videos/' at 'second'"):
        services.issue_cookies(user, [course, elsewhere])
    assert Download.objects.count() == 0


def test_two_distributions_whose_cookies_do_not_meet(
    user: User, course: AssetFile, elsewhere: AssetFile, two_distributions: TwoDistributions
) -> None:
    two_distributions("downloads.example.com", "video.example.com")

    issued = services.issue_cookies(user, [course, elsewhere])

    assert {(one.scope.domain, one.scope.path) for one in issued.sets} == {
        ("downloads.example.com", "/course-1/"),
        ("video.example.com", "/course-1/videos/"),
    }
