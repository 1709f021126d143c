"""What the page of a refusal offers, and whom it names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.pages import text

SEND, CLAIM = 'href="/downloads/send/"', 'href="/downloads/claim/"'


def page(client: Client, asset: Asset) -> str:
    response = client.get(asset.get_absolute_url())
    assert response.status_code == 403
    return text(response)


def test_who_bought_it_under_another_name_is_helped(buyer: Client, asset: Asset) -> None:
    shown = page(buyer, asset)

    assert SEND in shown
    assert CLAIM in shown
    assert f'href="/login/?next={asset.get_absolute_url()}"' in shown
    assert '<a href="mailto:help@shop.example">help@shop.example</a>' in shown


def test_an_empty_library_says_where_the_purchases_may_be(buyer: Client) -> None:
    shown = text(buyer.get("/downloads/"))

    assert "Did you buy with another account or address?" in shown
    assert SEND in shown
    assert CLAIM in shown
    assert "Sign in with another account" in shown
    assert "help@shop.example" in shown
    assert 'href="/downloads/"' not in shown


def test_a_guest_without_downloads_may_sign_in(visitor: Client) -> None:
    shown = text(visitor.get("/downloads/"))

    assert SEND in shown
    assert '<a href="/login/?next=/downloads/"> Sign in </a>' in shown
    assert CLAIM not in shown


def test_a_library_with_something_in_it_offers_nothing(
    buyer: Client, user: User, asset: Asset
) -> None:
    services.grant(asset, user)

    assert SEND not in text(buyer.get("/downloads/"))


def test_after_the_login_the_other_account_comes_back(
    buyer: Client, asset: Asset, other_user: User
) -> None:
    services.grant(asset, other_user)
    login = page(buyer, asset).partition('href="/login/')[2].partition('"')[0]

    credentials = {"username": "bob@example.com", "password": "secret"}
    response = buyer.post(f"/login/{login}", credentials)

    assert response["Location"] == asset.get_absolute_url()
    assert buyer.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("cause", ["revoked", "expired", "used up", "not started"])
def test_for_what_another_name_doesnt_mend_the_page_names_the_support_alone(
    buyer: Client, user: User, asset: Asset, cause: str
) -> None:
    now = timezone.now()
    grant = services.grant(asset, user)
    Grant.objects.update(
        **{
            "revoked": {"revoked_at": now},
            "expired": {"starts_at": now - timedelta(2), "expires_at": now - timedelta(1)},
            "used up": {"max_downloads": 1, "downloads_used": 1},
            "not started": {"starts_at": now + timedelta(days=1)},
        }[cause]
    )

    shown = page(buyer, grant.asset)

    assert SEND not in shown
    assert CLAIM not in shown
    assert "/login/" not in shown
    assert "help@shop.example" in shown


def test_without_site_url_no_mail_is_offered(
    buyer: Client, asset: Asset, configure: Configure
) -> None:
    configure(SITE_URL="")

    shown = page(buyer, asset)

    assert SEND not in shown
    assert CLAIM not in shown
    assert "Sign in with another account" in shown


def test_without_a_contact_none_is_named(buyer: Client, asset: Asset, configure: Configure) -> None:
    configure(SUPPORT_CONTACT="")

    assert "Do you need help?" not in page(buyer, asset)


def test_the_contact_may_be_a_page(buyer: Client, asset: Asset, configure: Configure) -> None:
    configure(SUPPORT_CONTACT="https://shop.example/help?a=1&b=@me")

    shown = page(buyer, asset)

    assert 'href="https://shop.example/help?a=1&amp;b=@me"' in shown
    assert "mailto:" not in shown
