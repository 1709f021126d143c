"""Which cookies are signed for what."""

from __future__ import annotations

import pytest

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import (
    CookiesTooLarge,
    InvalidURL,
    SigningError,
)
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.cookies.conftest import MakeFolder
from tests.cookies.verifying import opens


def paths(issued: services.IssuedCookies) -> list[str]:
    return [one.scope.path for one in issued.sets]


def used(grant: Grant) -> int:
    grant.refresh_from_db()
    return grant.downloads_used


def test_a_folder(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    assert one.scope == (None, "/course-1/", True, "Lax")
    assert opens(one, "/course-1/")
    assert opens(one, "/course-1/a.ts")
    assert opens(one, "/course-1/part-2/b.ts?quality=high")


def test_no_neighbour(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    for path in ("/course-10/a.ts", "/course-1", "/course-1%2Fa.ts", "/", "/Course-1/a.ts"):
        assert not opens(one, path)


def test_the_policy_is_custom_for_a_folder(
    user: User, course: AssetFile, course_grant: Grant
) -> None:
    (one,) = services.issue_cookies(user, [course]).sets

    assert "CloudFront-Policy" in one.cookies
    assert "CloudFront-Expires" not in one.cookies


def test_a_folder_inside_it(user: User, course: AssetFile, course_grant: Grant) -> None:
    (one,) = services.issue_cookies(user, [course], folder="part 2/").sets

    assert one.scope.path == "/course-1/part%202/"
    assert opens(one, "/course-1/part%202/a.ts")
    assert not opens(one, "/course-1/part%2020/a.ts")
    assert not opens(one, "/course-1/a.ts")


def test_one_object_has_exact_cookies(user: User, grant: Grant, file: AssetFile) -> None:
    (one,) = services.issue_cookies(user, [file]).sets

    assert one.scope.path == f"/{file.key}"
    assert "CloudFront-Expires" in one.cookies
    assert opens(one, f"/{file.key}")
    assert not opens(one, f"/{file.key}?x=1")
    assert not opens(one, f"/{file.key}.bak")


def test_the_location_of_a_bucket_is_part_of_the_path(
    user: User, course: AssetFile, course_grant: Grant, configure: Configure
) -> None:
    configure({"PATH_PREFIX": "media/"})

    (one,) = services.issue_cookies(user, [course]).sets

    assert one.scope.path == "/media/course-1/"
    assert not opens(one, "/course-1/a.ts")


def test_a_key_with_wildcards_opens_itself(user: User, make_folder: MakeFolder) -> None:
    folder = make_folder("what?*/", slug="what")
    services.grant(folder.asset, user)

    (one,) = services.issue_cookies(user, [folder]).sets

    assert opens(one, "/what%3F%2A/a.ts")
    assert not opens(one, "/what1x/a.ts")


@pytest.mark.parametrize("folder", ["part-2", "/part-2/", "a//b/", "../", "a/../../", ".", "\n/"])
def test_a_folder_that_is_none(
    user: User, course: AssetFile, course_grant: Grant, folder: str
) -> None:
    with pytest.raises(InvalidURL):
        services.issue_cookies(user, [course], folder=folder)
    assert used(course_grant) == 0


@pytest.mark.usefixtures("both_granted", "grant")
def test_only_one_folder_can_be_narrowed(
    user: User, course: AssetFile, neighbour: AssetFile, file: AssetFile
) -> None:
    for files in ([course, neighbour], [file]):
        with pytest.raises(SigningError, match="Only one folder"):
            services.issue_cookies(user, files, folder="part-2/")


def test_no_files_are_an_error(user: User) -> None:
    with pytest.raises(SigningError, match="no files"):
        services.issue_cookies(user, [])


def test_as_many_sets_as_browsers_keep(user: User, asset: Asset, grant: Grant) -> None:
    files = [
        AssetFile.objects.create(asset=asset, key=f"{number}/", kind="prefix")
        for number in range(41)
    ]

    assert len(services.issue_cookies(user, files[:40]).sets) == 40
    with pytest.raises(CookiesTooLarge, match="41 sets of cookies, and browsers keep at most 40"):
        services.issue_cookies(user, files)
    assert Download.objects.count() == 40


@pytest.mark.parametrize(("length", "works"), [(1022, True), (1023, False)])
def test_a_path_as_long_as_browsers_take(
    user: User, make_folder: MakeFolder, length: int, works: bool
) -> None:
    folder = make_folder("x" * length + "/", slug="long")
    services.grant(folder.asset, user)

    if works:
        (one,) = services.issue_cookies(user, [folder]).sets
        assert len(one.scope.path) == 1024
        assert max(len(name) + len(value) for name, value in one.cookies.items()) < 4096
    else:
        with pytest.raises(CookiesTooLarge, match="has 1025 bytes in a URL"):
            services.issue_cookies(user, [folder])


def test_letters_that_take_nine_bytes_each(user: User, make_folder: MakeFolder) -> None:
    folder = make_folder("日" * 120 + "/", slug="long")
    services.grant(folder.asset, user)

    with pytest.raises(CookiesTooLarge, match="1082 bytes"):
        services.issue_cookies(user, [folder])


def test_beside_other_cookies(user: User, course: AssetFile, course_grant: Grant) -> None:
    cookies = services.issue_cookies(user, [course]).sets[0].cookies
    own = sum(len(f"{name}={value}; ") for name, value in cookies.items())
    left = 20_480 - 8_192 - own

    assert services.issue_cookies(user, [course], cookie_bytes=left).sets
    # ECDSA signatures differ in length, but that of the same policy is remembered.
    with pytest.raises(CookiesTooLarge, match="12289"):
        services.issue_cookies(user, [course], cookie_bytes=left + 1)


def test_what_is_too_large_tells_a_stranger_nothing(user: User, asset: Asset) -> None:
    files = [AssetFile.objects.create(asset=asset, key=f"{number}.pdf") for number in range(41)]

    with pytest.raises(DownloadRefused):
        services.issue_cookies(user, files, folder="../")
