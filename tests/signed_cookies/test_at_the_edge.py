"""Cookies that the app sets, as the edge takes them: all over real HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile
from tests.accounts.models import User
from tests.conftest import Configure
from tests.signed_cookies.person import Person
from tests.signed_cookies.serving import Site, each_signature

ONE = "/downloads/assets/course-1/cookies/"


def sign_in(site: Site, user: User) -> Person:
    person = site.visitor()
    person.sign_in(user.email, "secret")
    return person


@pytest.fixture
def buyer_at_home(site: Site, user: User) -> Person:
    """The buyer's browser, with the course's cookies."""
    services.grant(Asset.objects.get(slug="course-1"), user)
    buyer = sign_in(site, user)
    assert buyer.post(ONE) == 204
    return buyer


@each_signature
def test_the_right_path_opens(site: Site, buyer_at_home: Person) -> None:
    assert buyer_at_home.get(site.url("course-1/a.txt")) == (200, "course-1/a.txt")
    assert buyer_at_home.get(site.url("course-1/part-2/b.txt")).status == 200


@each_signature
def test_a_neighbour_stays_closed(site: Site, buyer_at_home: Person) -> None:
    """It isn't even sent the cookies, and wouldn't take them."""
    answer = buyer_at_home.get(site.url("course-10/a.txt"))
    assert (answer.status, "<Code>MissingKey<" in answer.text) == (403, True)

    cookies = "; ".join(f"{one.name}={one.value}" for one in buyer_at_home.signed)
    forged = site.visitor().get(site.url("course-10/a.txt"), {"Cookie": cookies})
    assert (forged.status, "<Code>AccessDenied<" in forged.text) == (403, True)


def test_a_narrowed_set_opens_its_folder_alone(site: Site, buyer_at_home: Person) -> None:
    buyer_at_home.post(ONE, folder="part-2/")

    assert buyer_at_home.get(site.url("course-1/part-2/b.txt")).status == 200
    assert buyer_at_home.get(site.url("course-1/a.txt")).status == 403


@each_signature
def test_they_expire(site: Site, buyer_at_home: Person) -> None:
    hour = timedelta(hours=1).total_seconds()

    site.ahead = hour - 60
    assert buyer_at_home.get(site.url("course-1/a.txt")).status == 200

    site.ahead = hour + 5 * 60 + 60  # an EXPIRY_STEP later at most
    assert buyer_at_home.get(site.url("course-1/a.txt")).status == 403


@each_signature
def test_they_are_removed(site: Site, buyer_at_home: Person) -> None:
    assert buyer_at_home.post("/downloads/cookies/remove/") == 204

    assert buyer_at_home.signed == []
    assert "<Code>MissingKey<" in buyer_at_home.get(site.url("course-1/a.txt")).text


def test_logging_out_removes_them(buyer_at_home: Person, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.signed_cookies.urls"

    assert buyer_at_home.post("/logout/") == 302

    assert {cookie.name for cookie in buyer_at_home.jar} == {"csrftoken"}


def test_another_user_gets_none(site: Site, buyer_at_home: Person, other_user: User) -> None:
    other = sign_in(site, other_user)

    assert other.post(ONE) == 403
    assert other.signed == []
    assert other.get(site.url("course-1/a.txt")).status == 403


@each_signature
def test_another_users_do_not_add_up(site: Site, buyer_at_home: Person, other_user: User) -> None:
    """Bob's cookies for the neighbour don't open Ada's course, whatever is put together."""
    services.grant(Asset.objects.get(slug="course-10"), other_user)
    other = sign_in(site, other_user)
    assert other.post("/downloads/assets/course-10/cookies/") == 204

    ada = {one.name: one.value for one in buyer_at_home.signed}
    bob = {one.name: one.value for one in other.signed}
    mixed = ada | {"CloudFront-Signature": bob["CloudFront-Signature"]}

    assert other.get(site.url("course-1/a.txt")).status == 403
    header = {"Cookie": "; ".join(f"{name}={value}" for name, value in mixed.items())}
    for path in ("course-1/a.txt", "course-10/a.txt"):
        assert site.visitor().get(site.url(path), header).status == 403


@each_signature
def test_with_a_signing_parameter_cookies_are_ignored(site: Site, buyer_at_home: Person) -> None:
    url = site.url("course-1/a.txt")

    assert buyer_at_home.get(f"{url}?page=1").status == 200
    for name in ("Expires", "Policy", "Signature", "Key-Pair-Id"):
        assert buyer_at_home.get(f"{url}?{name}=1").status == 403


def test_several_at_once(site: Site, buyer_at_home: Person, user: User) -> None:
    services.grant(Asset.objects.get(slug="course-10"), user)

    assert buyer_at_home.post("/downloads/cookies/") == 204

    for slug in ("course-1", "course-10"):
        assert buyer_at_home.get(site.url(f"{slug}/a.txt")) == (200, f"{slug}/a.txt")


def test_single_files_open_by_their_exact_url(site: Site, user: User) -> None:
    asset = Asset.objects.create(title="Text", slug="text", state=Asset.State.PUBLISHED)
    AssetFile.objects.create(asset=asset, key="course-10/a.txt")
    services.grant(asset, user)
    buyer = sign_in(site, user)

    assert buyer.post("/downloads/assets/text/cookies/") == 204

    assert buyer.get(site.url("course-10/a.txt")).status == 200
    assert buyer.get(site.url("course-10/a.txt?x=1")).status == 403
    assert buyer.get(site.url("course-10/part-2/b.txt")).status == 403
    assert buyer.get(site.url("course-10/a.txt2")).status == 403


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("198.51.100.7", 403)])
def test_bound_to_an_address(
    site: Site, buyer_at_home: Person, configure: Configure, address: str, status: int
) -> None:
    Asset.objects.update(bind_to_ip=True)
    configure(TRUSTED_PROXIES=["127.0.0.0/8"])
    buyer_at_home.headers["X-Forwarded-For"] = address

    assert buyer_at_home.post(ONE) == 204

    assert buyer_at_home.get(site.url("course-1/a.txt")).status == status
