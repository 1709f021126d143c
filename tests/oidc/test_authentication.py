"""The user of a request with a bearer token."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from cf_protected.conf import ConfigurationError
from cf_protected.exceptions import InvalidToken
from cf_protected.models import Identity
from cf_protected.oidc.authentication import bearer_user, challenge
from tests.accounts.models import User
from tests.conftest import Configure
from tests.oidc.issuer import JWKS, Answer, Issuer, claims_of, rsa_key, serving

ROOT = Path(__file__).parent.parent.parent
Code = InvalidToken.Code

pytestmark = pytest.mark.django_db


def authenticate(header: str | None) -> Any:
    headers = {} if header is None else {"Authorization": header}
    return bearer_user(RequestFactory().get("/", headers=headers))


def refusal(token: str) -> InvalidToken.Code:
    with pytest.raises(InvalidToken) as caught:
        authenticate(f"Bearer {token}")
    return caught.value.code


@pytest.fixture
def known(user: User, issuer: Issuer, configure_issuer: Configure) -> User:
    configure_issuer()
    Identity.objects.create(user=user, issuer=issuer.url, subject="ada")
    return user


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_known_subject(known: User, issuer: Issuer, scheme: str) -> None:
    assert authenticate(f"{scheme} {issuer.token()}") == known


def test_the_keys_are_kept_between_requests(known: User, issuer: Issuer) -> None:
    for _ in range(3):
        assert authenticate(f"Bearer {issuer.token()}") == known
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    "header", [None, "", "Basic YWRhOnNlY3JldA==", "Bearertoken", "DPoP a.b.c"]
)
def test_without_a_bearer_token(known: User, header: str | None) -> None:
    assert authenticate(header) is None


@pytest.mark.parametrize("token", ["", " ", "a", "a.b.c", "a b"])
def test_what_is_no_token(known: User, token: str) -> None:
    assert refusal(token) is Code.MALFORMED


def test_a_token_where_none_is_expected(issuer: Issuer) -> None:
    assert refusal(issuer.token()) is Code.NOT_CONFIGURED
    assert issuer.asked == []


def test_a_bad_token(known: User, issuer: Issuer) -> None:
    assert refusal(issuer.token(exp=1)) is Code.EXPIRED
    assert refusal(issuer.token(aud="https://other.example.com")) is Code.AUDIENCE


def test_an_unknown_subject(known: User, issuer: Issuer) -> None:
    assert refusal(issuer.token(sub="bob")) is Code.UNKNOWN_SUBJECT


@pytest.mark.parametrize("iss", ["https://evil.example.com", None, 7, ["https://evil.example.com"]])
def test_an_issuer_that_is_not_configured(known: User, issuer: Issuer, iss: Any) -> None:
    assert refusal(issuer.token(iss=iss)) is Code.ISSUER
    assert issuer.asked == []


def test_an_inactive_user(known: User, issuer: Issuer) -> None:
    User.objects.update(is_active=False)

    assert refusal(issuer.token()) is Code.INACTIVE_USER


def test_an_outage_of_the_issuer(known: User, issuer: Issuer) -> None:
    issuer.answers[JWKS] = Answer(status=503)

    assert refusal(issuer.token()) is Code.ISSUER_UNAVAILABLE


def test_one_of_several_issuers(user: User, issuer: Issuer, configure: Configure) -> None:
    with serving() as other:
        # Both have a key "one", and it is even the same.
        configure(
            OIDC={
                "shop": {"ISSUER": issuer.url, "AUDIENCE": "shop"},
                "staff": {"ISSUER": other.url, "AUDIENCE": ["staff"], "ALGORITHMS": "RS256"},
            }
        )
        Identity.objects.create(user=user, issuer=other.url, subject="ada")

        assert authenticate(f"Bearer {other.token(aud='staff')}") == user
        assert refusal(other.token(aud="shop")) is Code.AUDIENCE
        assert refusal(issuer.token(aud="shop")) is Code.UNKNOWN_SUBJECT


def test_every_setting_of_an_issuer_counts(
    user: User, issuer: Issuer, configure_issuer: Configure
) -> None:
    configure_issuer(
        JWKS_URL=issuer.url + JWKS,
        CLIENT_IDS=["app"],
        ALGORITHMS=["PS256"],
        UNKNOWN_SUBJECTS="link",
    )
    claims = claims_of(issuer.url, aud=None, client_id="app", email=user.email, email_verified=True)

    assert refusal(issuer.key.sign(claims)) is Code.ALGORITHM
    issuer.key.algorithm = "PS256"
    issuer.publish(issuer.key)
    assert authenticate(f"Bearer {issuer.key.sign(claims)}") == user
    assert issuer.asked == [JWKS]


@pytest.mark.parametrize("mapper", ["by_username", "first_the_default"])
def test_a_rule_of_the_projects_own(
    user: User, issuer: Issuer, configure_issuer: Configure, mapper: str
) -> None:
    configure_issuer(USER_MAPPER=f"tests.oidc.mappers.{mapper}")

    assert authenticate(f"Bearer {issuer.token(username=user.email)}") == user
    assert refusal(issuer.token(username="bob")) is Code.UNKNOWN_SUBJECT
    User.objects.update(is_active=False)
    assert refusal(issuer.token(username=user.email)) is Code.INACTIVE_USER


def test_a_rule_that_does_not_exist(issuer: Issuer, configure_issuer: Configure) -> None:
    configure_issuer(USER_MAPPER="tests.oidc.mappers.missing")

    with pytest.raises(ConfigurationError, match="can't be imported"):
        authenticate(f"Bearer {issuer.token()}")


def test_the_challenge() -> None:
    assert challenge() == "Bearer"
    assert challenge(InvalidToken(Code.EXPIRED)) == 'Bearer error="invalid_token"'


# Logs


def test_a_refusal_is_logged_without_the_token(
    known: User, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token(sub="secret-subject", email="secret@example.com")

    with caplog.at_level(logging.DEBUG, "cf_protected"):
        refusal(token)

    assert caplog.messages[-1] == (
        f"Bearer token refused: unknown_subject (issuer '{issuer.url}', key 'one')"
    )
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
    assert not any(part in caplog.text for part in ("secret", *token.split(".")))


def test_a_log_has_no_lines_of_others(known: User, caplog: pytest.LogCaptureFixture) -> None:
    forged = "\n" + "x" * 500
    token = rsa_key(forged).sign(claims_of(forged))

    with caplog.at_level(logging.INFO, "cf_protected"):
        refusal(token)

    (message,) = caplog.messages
    assert "\n" not in message
    assert len(message) < 500


def test_a_mail_to_the_admins_has_no_token(known: User, issuer: Issuer) -> None:
    token = issuer.token(sub="secret-subject")

    with pytest.raises(InvalidToken) as caught:
        authenticate(f"Bearer {token}")

    # Without the first frames, which are this test's own.
    traceback = caught.value.__traceback__
    while traceback and "cf_protected" not in traceback.tb_frame.f_code.co_filename:
        traceback = traceback.tb_next
    reporter = ExceptionReporter(None, caught.type, caught.value, traceback)
    page = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "oidc/authentication.py" in page
    assert not any(part in page for part in ("secret-subject", *token.split(".")))


# Without PyJWT

WITHOUT_PYJWT = """
import sys

sys.modules["jwt"] = None
import django

django.setup()
import cf_protected.admin, cf_protected.services, cf_protected.views
import cf_protected.oidc.authentication, cf_protected.oidc.users
from django.conf import settings
from django.core.checks import run_checks
from django.test import RequestFactory
from django.urls import resolve
from cf_protected.exceptions import InvalidToken
from cf_protected.conf import ConfigurationError
from cf_protected.oidc.authentication import bearer_user

assert resolve("/downloads/").view_name == "cf_protected:library"
assert run_checks(tags=["cf_protected"]) == []
assert bearer_user(RequestFactory().get("/")) is None
with_token = RequestFactory().get("/", headers={"Authorization": "Bearer a.b.c"})
try:
    bearer_user(with_token)
except InvalidToken as refusal:
    assert refusal.code == "not_configured"
    print("refused")

issuer = {"ISSUER": "https://login.example.com", "AUDIENCE": "api"}
settings.CF_PROTECTED = settings.CF_PROTECTED | {"OIDC": {"login": issuer}}
(message,) = run_checks(tags=["cf_protected"])
print(message.id, message.hint)
try:
    bearer_user(with_token)
except ConfigurationError as mistake:
    print(mistake)
"""


def test_without_pyjwt_everything_else_works() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_PYJWT],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.splitlines() == [
        "refused",
        "cf_protected.E017 pip install django-cf-protected[oidc]",
        "CF_PROTECTED['OIDC']: PyJWT isn't installed.",
    ], done.stderr
