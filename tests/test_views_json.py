"""The download view for programs: the URL itself, and problems in place of pages."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Identity
from tests.accounts.models import User
from tests.api.client import operation, resolved, validate
from tests.conftest import Configure, Verify
from tests.doubles import DownKeySource
from tests.oidc.conftest import configure_issuer, issuer, no_proxy
from tests.oidc.issuer import Issuer

__all__ = ["configure_issuer", "issuer", "no_proxy"]

JSON = {"Accept": "application/json"}
NOWHERE = f"/downloads/files/{uuid.UUID(int=0)}/"


def problem(response: object, status: int) -> str:
    """The reason of a problem."""
    assert response.status_code == status  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/problem+json"  # type: ignore[index]
    assert response["Vary"].startswith("Accept")  # type: ignore[index]
    reason: str = response.json()["reason"]  # type: ignore[attr-defined]
    return reason


def test_the_url_in_place_of_the_redirect(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    response = buyer.get(file.get_absolute_url(), headers=JSON)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    content = response.json()
    assert datetime.fromisoformat(content["expiresAt"]) == Download.objects.get().url_expires_at
    verify(content["signedUrl"])


def test_it_is_kept_out_of_caches(buyer: Client, grant: Grant, file: AssetFile) -> None:
    response = buyer.get(file.get_absolute_url(), headers=JSON)

    assert response["Cache-Control"] == "private, no-store"
    assert "Location" not in response


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "text/html,application/json;q=0.9"])
def test_others_are_redirected(
    buyer: Client, grant: Grant, file: AssetFile, accept: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}

    assert buyer.get(file.get_absolute_url(), headers=headers).status_code == 303


@pytest.mark.parametrize("headers", [{}, JSON], ids=["page", "json"])
@pytest.mark.parametrize("asker", ["buyer", "client"])
def test_each_answer_varies_with_accept(
    asker: str,
    grant: Grant,
    file: AssetFile,
    headers: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    response = request.getfixturevalue(asker).get(file.get_absolute_url(), headers=headers)

    assert "Accept" in response["Vary"].split(", ")


def test_it_is_counted_and_logged(buyer: Client, user: User, file: AssetFile) -> None:
    grant = services.grant(file.asset, user, max_downloads=3)

    for headers in (JSON, {}, JSON):
        buyer.get(file.get_absolute_url(), headers=headers)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (1, 1)


def test_head_says_200_without_a_trace(buyer: Client, grant: Grant, file: AssetFile) -> None:
    response = buyer.head(file.get_absolute_url(), headers=JSON)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert not Download.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_gets_a_401_in_place_of_the_login(
    client: Client, file: AssetFile, method: str
) -> None:
    response = getattr(client, method)(file.get_absolute_url(), headers=JSON)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert not Download.objects.exists()


def test_a_refusal(buyer: Client, file: AssetFile) -> None:
    response = buyer.get(file.get_absolute_url(), headers=JSON)

    assert problem(response, 403) == "no_grant"
    assert Download.objects.refused().count() == 1


def test_before_the_release(buyer: Client, grant: Grant, file: AssetFile) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(hours=1))

    assert problem(buyer.get(file.get_absolute_url(), headers=JSON), 403) == "not_released"


def test_what_is_not_there(buyer: Client) -> None:
    assert problem(buyer.get(NOWHERE, headers=JSON), 404) == "not_found"


def test_a_refusal_is_not_told_from_what_is_not_there(
    buyer: Client, file: AssetFile, configure: Configure
) -> None:
    configure(REFUSAL_STATUS=404)

    for asker in (buyer, Client()):
        there, nowhere = (
            asker.get(url, headers=JSON) for url in (file.get_absolute_url(), NOWHERE)
        )
        assert problem(there, nowhere.status_code) == problem(nowhere, there.status_code)
        assert there.content == nowhere.content


def test_without_a_key(
    buyer: Client, grant: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    response = buyer.get(file.get_absolute_url(), headers=JSON)

    assert problem(response, 503) == "unavailable"
    assert response["Retry-After"] == "30"


def test_a_bearer(
    client: Client,
    grant: Grant,
    file: AssetFile,
    issuer: Issuer,
    configure_issuer: Configure,
) -> None:
    configure_issuer()
    Identity.objects.create(user=grant.user, issuer=issuer.url, subject="ada")
    headers = {**JSON, "Authorization": f"Bearer {issuer.token()}"}

    assert client.get(file.get_absolute_url(), headers=headers).status_code == 200


@pytest.mark.usefixtures("login_everywhere")
def test_where_a_login_is_required_everywhere(client: Client, file: AssetFile) -> None:
    assert problem(client.get(file.get_absolute_url(), headers=JSON), 401) == "anonymous"
    assert client.get(file.get_absolute_url()).status_code == 302


@pytest.mark.parametrize("there", [True, False])
def test_a_token_that_is_not_accepted(
    buyer: Client, grant: Grant, file: AssetFile, configure: Configure, there: bool
) -> None:
    configure(REFUSAL_STATUS=404)
    headers = {**JSON, "Authorization": "Bearer e30"}

    response = buyer.get(file.get_absolute_url() if there else NOWHERE, headers=headers)

    assert problem(response, 401) == "invalid_token"


def test_the_url_looks_as_the_apis_does(buyer: Client, grant: Grant, file: AssetFile) -> None:
    content = buyer.get(file.get_absolute_url(), headers=JSON).json()

    documented = operation("/files/{uuid}/signed-url/", "POST")["responses"]["201"]
    schema = resolved(documented["content"]["application/json"]["schema"])
    validate(schema | {"required": ["signedUrl", "expiresAt"]}, content)
