"""No signature for a person without the authoriser's yes, on whatever path."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.person import Person
from cf_protected.services import signing
from cf_protected.services.approval import Approval, Approver, _Seal
from cf_protected.services.terms import make_request
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, GivenKeySource
from tests.keys import signing_key


@pytest.fixture
def key(use_key_source: Configure, configure: Configure) -> CountingKey:
    """The distribution's key, while the authoriser refuses everybody everything."""
    counting = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=counting)
    configure(AUTHORIZER="tests.doubles.refuse_all", REPEAT_WINDOW=timedelta(days=1))
    return counting


PATHS = [
    "/downloads/",
    "/downloads/assets/{file.asset.slug}/",
    "/downloads/files/{file.uuid}/",
    "/first/{file.asset.slug}/",
    "/read/{file.asset.slug}/",
    "/f/read/{file.asset.slug}/",
    "/careless/{file.asset.slug}/",
]


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("path", PATHS)
def test_no_view_signs(
    buyer: Client, file: AssetFile, key: CountingKey, settings: Settings, path: str
) -> None:
    settings.ROOT_URLCONF = "tests.own_urls"

    for ask in (buyer.get, buyer.head):
        response = ask(path.format(file=file), headers={"X-Real-IP": "198.51.100.7"})
        assert response.status_code in {200, 402, 403}
        assert "Signature" not in response.content.decode() + str(response.headers)

    assert key.signatures == 0


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("path", ["cookies/?asset={0}", "assets/{0}/cookies/"])
def test_no_endpoint_sets_cookies(
    buyer: Client, file: AssetFile, key: CountingKey, path: str
) -> None:
    response = buyer.post(f"/downloads/{path.format(file.asset.slug)}")

    assert (response.status_code, list(response.cookies)) == (403, [])
    assert key.signatures == 0


def signed_by_tags(user: object, file: AssetFile) -> str:
    source = (
        "{% load cf_protected %}{% if user|can_download:file.asset %}yes{% endif %}"
        "{% signed_url file %}{% signed_url file as url %}{{ url }}"
    )
    return Template(source).render(Context({"user": user, "file": file}))


@pytest.mark.usefixtures("grant")
def test_no_tag_signs(user: User, file: AssetFile, key: CountingKey) -> None:
    assert signed_by_tags(user, file) == signed_by_tags(AnonymousUser(), file) == ""
    assert key.signatures == 0


@pytest.mark.usefixtures("grant")
def test_no_service_signs(user: User, file: AssetFile, key: CountingKey) -> None:
    assert services.Access(user).signed_url(file) is None
    with pytest.raises(DownloadRefused):
        services.issue_url(user, file)
    for cookies in (
        partial(services.issue_cookies, user, [file]),
        partial(services.renew_cookies, user, file),
    ):
        with pytest.raises(DownloadRefused):
            cookies()
    assert key.signatures == 0


@pytest.fixture
def approval(grant: Grant, file: AssetFile) -> Approval:
    request = make_request(grant.user)
    return Approver(request).approve(file)


def test_an_approval_carries_what_was_asked_and_answered(
    approval: Approval, grant: Grant, file: AssetFile
) -> None:
    assert (approval.request.person, approval.file) == (Person.of(grant.user), file)
    assert (approval.decision.allowed, approval.decision.grant) == (True, grant)
    assert approval.distribution is distributions["default"]
    assert approval.terms.lifetime == timedelta(minutes=15)


def test_only_the_approver_makes_approvals(approval: Approval) -> None:
    fields = {one.name: getattr(approval, one.name) for one in dataclasses.fields(approval)}

    for seal in (None, object(), _Seal()):
        with pytest.raises(TypeError, match=r"Only services\.approval\.Approver"):
            Approval(**fields, seal=seal)


def test_an_approval_can_not_be_turned_into_another(approval: Approval) -> None:
    with pytest.raises((TypeError, ValueError), match="seal"):  # since Python 3.13 the former
        dataclasses.replace(approval, file=AssetFile())
    with pytest.raises(dataclasses.FrozenInstanceError):
        approval.file = AssetFile()  # type: ignore[misc]


@pytest.mark.usefixtures("key")
def test_there_is_no_approval_without_a_yes(grant: Grant, file: AssetFile) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        Approver(make_request(grant.user)).approve(file)

    assert refusal.value.asset == file.asset


@pytest.mark.parametrize("sign", [signing.sign_url, signing.sign_cookies, signing.sign_query])
def test_each_signature_needs_an_approval(sign: Callable[..., object]) -> None:
    (name, parameter), *others = typing.get_type_hints(sign).items()

    assert (name, parameter) == ("approval", Approval)
    assert {name for name, _ in others} <= {"folder", "return"}


def test_one_query_answers_for_all_assets(
    user: User, file: AssetFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assets = [
        Asset.objects.create(title=str(n), slug=str(n), state=Asset.State.PUBLISHED)
        for n in range(3)
    ]
    for asset in assets[:2]:
        services.grant(asset, user)

    with django_assert_num_queries(1):
        approver = Approver(make_request(user), assets=assets)
        assert [approver.decide(asset).allowed for asset in assets] == [True, True, False]
