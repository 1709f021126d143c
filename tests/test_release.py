"""The pages before an asset's release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from cf_protected.models import Asset, AssetFile, Download
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure
from tests.pages import text

pytestmark = pytest.mark.usefixtures("grant")
RELEASE = datetime(2090, 5, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def before_the_release(file: AssetFile) -> None:
    Asset.objects.update(available_from=RELEASE)
    file.refresh_from_db()


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_buyer_is_told_from_when(buyer: Client, file: AssetFile, method: str) -> None:
    response = getattr(buyer, method)(file.get_absolute_url())

    assert response.status_code == 403
    assert response.context["decision"].reason == Reason.NOT_RELEASED
    assert "Signature" not in str(response.headers)
    assert Download.objects.count() == 0


def test_in_their_time_zone_and_language(buyer: Client, file: AssetFile) -> None:
    page = text(buyer.get(file.get_absolute_url()))

    assert "This becomes available on May 1, 2090, noon CEST." in page


def test_who_has_no_grant_is_told_that(client: Client, file: AssetFile, other_user: User) -> None:
    client.force_login(other_user)

    response = client.get(file.get_absolute_url())

    assert response.context["decision"].reason == Reason.NO_GRANT


@pytest.mark.parametrize("method", ["get", "head"])
def test_strangers_sign_in_first(client: Client, file: AssetFile, method: str) -> None:
    response = getattr(client, method)(file.get_absolute_url())

    assert response["Location"].startswith("/login/")


def test_nobody_learns_of_it(buyer: Client, file: AssetFile, configure: Configure) -> None:
    configure(REFUSAL_STATUS=404)

    assert buyer.get(file.get_absolute_url()).status_code == 404


def test_with_the_release_it_opens(buyer: Client, file: AssetFile) -> None:
    Asset.objects.update(available_from=timezone.now() - timedelta(seconds=1))

    assert buyer.get(file.get_absolute_url()).status_code == 303


def test_the_tag_leads_to_the_page_that_says_so(user: User, file: AssetFile) -> None:
    request = RequestFactory().get("/")
    request.user = user

    shown = Template("{% load cf_protected %}{% signed_url file %}").render(
        Context({"request": request, "file": file})
    )

    assert shown == file.get_absolute_url()


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "203.0.113.7", 303),
        ("head", "203.0.113.7", 200),
        *((method, address, 403) for method in ("get", "head") for address in ("2001:db8::7", "")),
    ],
)
def test_a_bound_asset_wants_an_ipv4_address(
    buyer: Client, file: AssetFile, address: str, status: int, method: str
) -> None:
    Asset.objects.update(available_from=None, bind_to_ip=True)

    response = getattr(buyer, method)(file.get_absolute_url(), REMOTE_ADDR=address)

    assert response.status_code == status


def test_the_page_says_that_it_is_ipv6(buyer: Client, file: AssetFile) -> None:
    Asset.objects.update(available_from=None, bind_to_ip=True)

    page = text(buyer.get(file.get_absolute_url(), REMOTE_ADDR="2001:db8::7"))

    assert "delivered over IPv4 only" in page
