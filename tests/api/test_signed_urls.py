"""A signed URL for a file."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected import services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import AccessDenied
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.conftest import Configure, Verify, use_up
from tests.doubles import DownKeySource

IPV6 = "2001:db8::7"


def path(file: AssetFile) -> str:
    return f"files/{file.uuid}/signed-url/"


def traces(grant: Grant) -> tuple[int, int]:
    """The downloads counted on the grant, and the rows in the log."""
    grant.refresh_from_db()
    return grant.downloads_used, Download.objects.count()


def verifier() -> CloudFrontVerifier:
    key = distributions["default"].key_source.get_signing_key()
    return CloudFrontVerifier({key.key_pair_id: key.public_key})


def test_a_url_that_opens_the_file(
    buyer: Client, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    response = call(buyer, "POST", path(file))

    assert response.status_code == 201
    signed = response.json()
    assert signed["signedUrl"].startswith(f"https://downloads.example.com/{quote(file.key)}?")
    assert signed["startsAt"] is None
    verify(signed["signedUrl"])


def test_the_answer_says_when_the_url_ends(buyer: Client, grant: Grant, file: AssetFile) -> None:
    signed = call(buyer, "POST", path(file)).json()

    ends = datetime.fromisoformat(signed["expiresAt"])
    assert ends == Download.objects.get().url_expires_at
    verifier().verify(signed["signedUrl"], now=ends.timestamp() - 1)
    with pytest.raises(AccessDenied):
        verifier().verify(signed["signedUrl"], now=ends.timestamp() + 1)


def test_the_url_is_kept_out_of_caches(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert call(buyer, "POST", path(file))["Cache-Control"] == "private, no-store"


def test_it_is_counted_and_logged(buyer: Client, limited: Grant, file: AssetFile) -> None:
    call(buyer, "POST", path(file), headers={"User-Agent": "curl"}, REMOTE_ADDR="203.0.113.9")

    assert traces(limited) == (1, 1)
    row = Download.objects.get()
    assert (row.ip_address, row.user_agent) == ("203.0.113.0", "curl")


def test_a_repeat_is_the_same_download(buyer: Client, limited: Grant, file: AssetFile) -> None:
    for _ in range(5):
        assert call(buyer, "POST", path(file)).status_code == 201
    buyer.get(file.get_absolute_url())

    assert traces(limited) == (1, 1)


def test_the_limit_holds(buyer: Client, user: User, file: AssetFile) -> None:
    use_up(services.grant(file.asset, user, max_downloads=1))

    response = call(buyer, "POST", path(file))

    assert (response.status_code, reason(response)) == (403, "limit_reached")
    assert response.json()["detail"] == "You have used all 1 of your downloads."
    assert Download.objects.refused().count() == 1


def test_others_are_refused_and_logged(other: Client, grant: Grant, file: AssetFile) -> None:
    response = call(other, "POST", path(file))

    assert (response.status_code, reason(response)) == (403, "no_grant")
    assert Download.objects.refused().count() == 1


def test_nobody_is_refused_without_a_trace(client: Client, file: AssetFile) -> None:
    response = call(client, "POST", path(file))

    assert (response.status_code, reason(response)) == (401, "anonymous")
    assert not Download.objects.exists()


def test_nobody_may_have_what_the_projects_rule_gives_to_everybody(
    client: Client, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")

    assert call(client, "POST", path(file)).status_code == 201


def test_a_get_makes_nothing(buyer: Client, limited: Grant, file: AssetFile) -> None:
    response = buyer.get(f"/api/{path(file)}")

    assert (response.status_code, reason(response)) == (405, "method_not_allowed")
    assert response["Allow"] == "POST, OPTIONS"
    assert traces(limited) == (0, 0)


@pytest.mark.parametrize("uuid", ["00000000-0000-4000-8000-000000000000", "1", "%00"])
def test_no_such_file(buyer: Client, db: None, uuid: str) -> None:
    response = buyer.post(f"/api/files/{uuid}/signed-url/", content_type="application/json")

    assert (response.status_code, reason(response)) == (404, "not_found")


def test_a_folder_has_none(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    assert reason(call(buyer, "POST", path(folder))) == "not_found"


def test_without_a_key_it_is_a_503_and_nothing_is_counted(
    buyer: Client, limited: Grant, file: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    response = call(buyer, "POST", path(file))

    assert (response.status_code, reason(response)) == (503, "unavailable")
    assert response["Retry-After"] == "30"
    assert traces(limited) == (0, 0)


def test_before_the_release_it_says_when_it_begins(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    release = (timezone.now() + timedelta(hours=2)).replace(microsecond=0)
    Asset.objects.update(available_from=release)

    signed = call(buyer, "POST", path(file)).json()

    assert datetime.fromisoformat(signed["startsAt"]) == release
    verifier().verify(signed["signedUrl"], now=release.timestamp() + 1)
    with pytest.raises(AccessDenied):
        verifier().verify(signed["signedUrl"], now=release.timestamp() - 1)


def test_long_before_the_release_it_is_refused(
    buyer: Client, grant: Grant, file: AssetFile
) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(days=30))

    response = call(buyer, "POST", path(file))

    assert reason(response) == "not_released"
    assert response.json()["detail"].startswith("This becomes available on")


def test_bound_to_the_address_on_request(buyer: Client, grant: Grant, file: AssetFile) -> None:
    response = call(buyer, "POST", path(file), {"bindToIp": True}, REMOTE_ADDR="203.0.113.9")

    signed = response.json()["signedUrl"]
    verifier().verify(signed, viewer_ip="203.0.113.9")
    with pytest.raises(AccessDenied):
        verifier().verify(signed, viewer_ip="203.0.113.10")


def test_what_the_asset_binds_stays_bound(buyer: Client, grant: Grant, file: AssetFile) -> None:
    Asset.objects.update(bind_to_ip=True)

    response = call(buyer, "POST", path(file), {"bindToIp": False}, REMOTE_ADDR="203.0.113.9")

    with pytest.raises(AccessDenied):
        verifier().verify(response.json()["signedUrl"], viewer_ip="203.0.113.10")


def test_an_ipv6_viewer_can_not_be_bound(buyer: Client, grant: Grant, file: AssetFile) -> None:
    Asset.objects.update(bind_to_ip=True)

    response = call(buyer, "POST", path(file), REMOTE_ADDR=IPV6)

    assert (response.status_code, reason(response)) == (403, "address_not_bound")
    assert "IPv4" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"1", b"null", b'"bindToIp"', b"{", b"{}{}", b"\xff\xfe", b"\x00", b"NaN"),
        *(b'{"bindToIp": 1}', b'{"bindToIp": null}', b'{"bindToIp": "true"}'),
        *(b'{"bindtoip": true}', b'{"\xed\xa0\x80": 1}', rb'{"\ud800": 1}', rb'{"\u0000": 1}'),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"bindToIp": ' + b"9" * 5000 + b"}",
        b'{"bindToIp": 1e999}',
        json.dumps({"bindToIp": True}).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_wrong_body(buyer: Client, limited: Grant, file: AssetFile, body: bytes) -> None:
    response = buyer.generic("POST", f"/api/{path(file)}", body, content_type="application/json")

    assert (response.status_code, reason(response)) == (400, "invalid_request")
    assert traces(limited) == (0, 0)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "x"],
)
def test_what_is_no_json(buyer: Client, limited: Grant, file: AssetFile, content_type: str) -> None:
    response = buyer.generic("POST", f"/api/{path(file)}", b"a=b", content_type=content_type)

    assert (response.status_code, reason(response)) == (415, "not_json")
    assert traces(limited) == (0, 0)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_without_a_body_its_type_does_not_matter(
    buyer: Client, grant: Grant, file: AssetFile, content_type: str
) -> None:
    response = buyer.generic("POST", f"/api/{path(file)}", CONTENT_TYPE=content_type)

    assert response.status_code == 201


def test_a_form_without_a_boundary_and_a_body(grant: Grant, file: AssetFile, user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.cookies["csrftoken"] = "a" * 32

    response = browser.generic("POST", f"/api/{path(file)}", CONTENT_TYPE="multipart/form-data")

    assert (response.status_code, reason(response)) == (400, "invalid_request")


def test_json_with_a_charset(buyer: Client, grant: Grant, file: AssetFile) -> None:
    response = buyer.generic(
        "POST", f"/api/{path(file)}", b"{}", content_type="Application/JSON; charset=utf-8"
    )

    assert response.status_code == 201


def test_a_body_that_is_too_large(buyer: Client, grant: Grant, file: AssetFile) -> None:
    body = b" " * 3_000_000

    response = buyer.generic("POST", f"/api/{path(file)}", body, content_type="application/json")

    assert (response.status_code, reason(response)) == (413, "too_large")


def test_a_file_of_others_is_not_told_from_one_that_is_not_there(
    other: Client, client: Client, file: AssetFile, configure: Configure
) -> None:
    configure(REFUSAL_STATUS=404)
    nowhere = "files/00000000-0000-4000-8000-000000000000/signed-url/"

    for asker in (other, client):
        there, missing = (call(asker, "POST", each) for each in (path(file), nowhere))
        assert (there.status_code, there.content) == (missing.status_code, missing.content)
