"""The three forms of a signature, made from the same approval."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.models import AssetFile, Grant
from cf_protected.services.approval import Approval, Approver
from cf_protected.services.signing import sign_cookies, sign_query, sign_url
from cf_protected.services.terms import make_request
from tests.conftest import Configure


def approve(grant: Grant, file: AssetFile) -> Approval:
    return Approver(make_request(grant.user)).approve(file)


@pytest.fixture
def verifier() -> CloudFrontVerifier:
    key = distributions["default"].key_source.get_signing_key()
    return CloudFrontVerifier({key.key_pair_id: key.public_key})


def test_a_url_opens_its_object(
    grant: Grant, file: AssetFile, verifier: CloudFrontVerifier
) -> None:
    url, expires_at = sign_url(approve(grant, file))

    verifier.verify(url)
    assert expires_at >= timezone.now() + timedelta(minutes=14)


def test_a_query_opens_all_of_a_folder(
    grant: Grant, stream: AssetFile, verifier: CloudFrontVerifier
) -> None:
    query, _ = sign_query(approve(grant, stream))

    verifier.verify(f"{distributions['default'].url(stream.key + 'audio/init.mp4')}?{query}")


def test_cookies_open_a_folder_inside(
    grant: Grant, stream: AssetFile, verifier: CloudFrontVerifier
) -> None:
    cookies, _ = sign_cookies(approve(grant, stream), folder="audio/")

    url = distributions["default"].url(stream.key + "audio/init.mp4")
    verifier.verify(url, cookies=cookies)


def test_cookies_live_as_long_as_their_own_setting(
    grant: Grant, stream: AssetFile, configure: Configure
) -> None:
    configure({"COOKIE_LIFETIME": timedelta(hours=3)})

    _, expires_at = sign_cookies(approve(grant, stream))

    assert expires_at >= timezone.now() + timedelta(hours=3) - timedelta(minutes=1)


def test_within_a_step_a_url_is_the_same(grant: Grant, file: AssetFile) -> None:
    approval = approve(grant, file)

    assert sign_url(approval) == sign_url(approval)
