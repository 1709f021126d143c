"""The download view for those who may not have the file."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Verify
from tests.pages import text

UNKNOWN = f"/downloads/files/{uuid.UUID(int=0)}/"


def test_nobody_is_sent_to_the_login_page(client: Client, file: AssetFile) -> None:
    response = client.get(file.get_absolute_url())

    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={file.get_absolute_url()}"


def test_nobody_leaves_no_row_in_the_log(client: Client, file: AssetFile) -> None:
    client.get(file.get_absolute_url())

    assert not Download.objects.exists()


def test_the_query_survives_the_login(client: Client, file: AssetFile) -> None:
    response = client.get(f"{file.get_absolute_url()}?utm_source=mail")

    assert response["Location"].endswith("%3Futm_source%3Dmail")


def test_the_way_through_the_login_ends_at_the_file(
    client: Client, user: User, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    login = client.get(file.get_absolute_url())["Location"]

    back = client.post(login, {"username": "ada@example.com", "password": "secret"})["Location"]

    assert back == file.get_absolute_url()
    verify(client.get(back)["Location"])


def test_an_account_that_was_closed_is_sent_to_the_login_page(
    buyer: Client, user: User, grant: Grant, file: AssetFile
) -> None:
    User.objects.update(is_active=False)

    assert buyer.get(file.get_absolute_url()).status_code == 302


def test_without_a_grant_a_page_says_why(buyer: Client, file: AssetFile) -> None:
    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 403
    assert "Location" not in response
    assert response["Cache-Control"] == "private, no-store"
    assert response.templates[0].name == "cf_protected/refused.html"
    assert "Ebook: no download" in text(response)
    assert "Did you buy it with another account?" in response.content.decode()
    assert 'href="/downloads/"' in text(response)


def test_somebody_elses_grant_is_none(
    client: Client, other_user: User, grant: Grant, file: AssetFile
) -> None:
    client.force_login(other_user)

    assert client.get(file.get_absolute_url()).status_code == 403


START = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            {"starts_at": datetime(2125, 5, 4, 12, tzinfo=UTC)},
            "On May 4, 2125, 2 p.m. CEST your access begins.",
        ),
        (
            {"starts_at": START, "expires_at": START + timedelta(hours=2)},
            "On May 4, 2026, 4 p.m. CEST your access ended.",
        ),
        (
            {"starts_at": START, "revoked_at": START},
            "Your access was withdrawn, for example because of a refund.",
        ),
        (
            {"starts_at": START, "max_downloads": 2, "downloads_used": 2},
            "You have used all 2 of your downloads.",
        ),
    ],
)
def test_the_page_says_what_is_wrong_with_the_grant(
    buyer: Client, grant: Grant, file: AssetFile, terms: dict[str, object], sentence: str
) -> None:
    Grant.objects.update(**terms)

    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 403
    assert sentence in text(response)
    assert Download.objects.get().reason in Reason.values


def test_a_draft_is_not_available(buyer: Client, grant: Grant, file: AssetFile) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)

    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 403
    assert "isn&#x27;t available at the moment" in text(response)


def test_an_archived_asset_stays_with_its_buyers(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    Asset.objects.update(state=Asset.State.ARCHIVED)

    assert buyer.get(file.get_absolute_url()).status_code == 303


def test_the_authorisers_own_message_is_shown(
    buyer: Client, grant: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.only_adults")

    response = buyer.get(file.get_absolute_url())

    assert response.status_code == 403
    assert "Come back when you&#x27;re 18." in text(response)


def test_the_title_of_an_asset_is_escaped(buyer: Client, file: AssetFile) -> None:
    Asset.objects.update(title="<script>alert(1)</script>")

    page = text(buyer.get(file.get_absolute_url()))

    assert "&lt;script&gt;alert(1)&lt;/script&gt;: no download" in page
    assert "<script>" not in page


def test_a_refusal_is_logged(buyer: Client, user: User, file: AssetFile) -> None:
    buyer.get(file.get_absolute_url())

    row = Download.objects.get()
    assert (row.outcome, row.reason) == (Download.Outcome.REFUSED, Reason.NO_GRANT)
    assert row.user == user


def test_head_is_refused_without_a_trace(buyer: Client, file: AssetFile) -> None:
    response = buyer.head(file.get_absolute_url())

    assert response.status_code == 403
    assert not Download.objects.exists()


def test_head_sends_nobody_to_the_login_page(client: Client, file: AssetFile) -> None:
    assert client.head(file.get_absolute_url()).status_code == 302


def test_an_authoriser_may_let_nobody_in_particular_in(
    client: Client, file: AssetFile, configure: Configure, verify: Verify
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    assert client.head(file.get_absolute_url()).status_code == 200
    verify(client.get(file.get_absolute_url())["Location"])


def test_an_authorisers_own_reason_is_shown_to_nobody_in_particular(
    client: Client, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.only_adults")

    response = client.get(file.get_absolute_url())

    assert response.status_code == 403
    assert "Come back when you&#x27;re 18." in text(response)


@pytest.fixture
def secretive(configure: Configure) -> None:
    configure(REFUSAL_STATUS=404)


@pytest.mark.usefixtures("secretive")
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_setting_makes_a_refusal_look_like_nothing_there(
    buyer: Client, file: AssetFile, method: str
) -> None:
    refused = getattr(buyer, method)(file.get_absolute_url())
    unknown = getattr(buyer, method)(UNKNOWN)

    assert refused.status_code == unknown.status_code == 404
    assert refused.content == unknown.content
    assert refused.headers == unknown.headers


@pytest.mark.usefixtures("secretive")
@pytest.mark.parametrize("method", ["get", "head"])
def test_then_nobody_learns_what_exists_either(
    client: Client, file: AssetFile, method: str
) -> None:
    refused = getattr(client, method)(file.get_absolute_url())
    unknown = getattr(client, method)(UNKNOWN)

    assert refused.status_code == unknown.status_code == 302
    assert unknown["Location"] == f"/login/?next={UNKNOWN}"
    assert refused.headers.keys() == unknown.headers.keys()


@pytest.mark.usefixtures("secretive")
def test_then_a_refusal_is_logged_all_the_same(buyer: Client, file: AssetFile) -> None:
    buyer.get(file.get_absolute_url())

    assert Download.objects.get().reason == Reason.NO_GRANT


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("secretive")
def test_then_atomic_requests_keep_the_log_too(
    user: User, file: AssetFile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(user)
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    assert client.get(file.get_absolute_url()).status_code == 404
    assert Download.objects.get().reason == Reason.NO_GRANT


@pytest.mark.usefixtures("secretive")
def test_then_a_grant_opens_all_the_same(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert buyer.get(file.get_absolute_url()).status_code == 303


def test_without_the_setting_an_unknown_id_is_not_found(client: Client, db: None) -> None:
    assert client.get(UNKNOWN).status_code == 404


def test_a_grant_that_ends_is_refused_from_then_on(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    assert buyer.get(file.get_absolute_url()).status_code == 303

    Grant.objects.update(expires_at=timezone.now())

    assert buyer.get(file.get_absolute_url()).status_code == 403
