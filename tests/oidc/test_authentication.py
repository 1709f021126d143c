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
from cf_protected.oidc.authentication import BearerAuthenticator
from cf_protected.oidc.exceptions import InvalidToken, IssuerUnavailable, TokenFault
from cf_protected.oidc.models import Identity
from tests.accounts.models import User
from tests.conftest import Configure
from tests.oidc.conftest import PatientAuthenticator
from tests.oidc.issuer import JWKS, Answer, Issuer, claims_of, rsa_key, serving

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.django_db


def authenticate(header: str | None) -> Any:
    headers = {} if header is None else {"Authorization": header}
    return PatientAuthenticator().authenticate(RequestFactory().get("/", headers=headers))


def refusal(token: str) -> TokenFault:
    with pytest.raises(InvalidToken) as caught:
        authenticate(f"Bearer {token}")
    return caught.value.fault


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
    assert refusal(token) is TokenFault.MALFORMED


def test_a_bad_token(known: User, issuer: Issuer) -> None:
    assert refusal(issuer.token(exp=1)) is TokenFault.EXPIRED
    assert refusal(issuer.token(aud="https://other.example.com")) is TokenFault.AUDIENCE


def test_an_unknown_subject(known: User, issuer: Issuer) -> None:
    assert refusal(issuer.token(sub="bob")) is TokenFault.UNKNOWN_SUBJECT


@pytest.mark.parametrize("iss", ["https://evil.example.com", None, 7, ["https://evil.example.com"]])
def test_an_issuer_that_is_not_configured(known: User, issuer: Issuer, iss: Any) -> None:
    assert refusal(issuer.token(iss=iss)) is TokenFault.ISSUER
    assert issuer.asked == []


def test_an_inactive_user(known: User, issuer: Issuer) -> None:
    User.objects.update(is_active=False)

    assert refusal(issuer.token()) is TokenFault.INACTIVE_USER


def test_an_outage_of_the_issuer(known: User, issuer: Issuer) -> None:
    issuer.answers[JWKS] = Answer(status=503)

    with pytest.raises(IssuerUnavailable):
        authenticate(f"Bearer {issuer.token()}")


def test_one_of_several_issuers(user: User, issuer: Issuer, configure_issuers: Configure) -> None:
    with serving() as other:
        # Both have a key "one", and it is even the same.
        configure_issuers(
            shop={"ISSUER": issuer.url, "AUDIENCE": "shop"},
            staff={"ISSUER": other.url, "AUDIENCE": ["staff"], "ALGORITHMS": "RS256"},
        )
        Identity.objects.create(user=user, issuer=other.url, subject="ada")

        assert authenticate(f"Bearer {other.token(aud='staff')}") == user
        assert refusal(other.token(aud="shop")) is TokenFault.AUDIENCE
        assert refusal(issuer.token(aud="shop")) is TokenFault.UNKNOWN_SUBJECT


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

    assert refusal(issuer.key.sign(claims)) is TokenFault.ALGORITHM
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
    assert refusal(issuer.token(username="bob")) is TokenFault.UNKNOWN_SUBJECT
    User.objects.update(is_active=False)
    assert refusal(issuer.token(username=user.email)) is TokenFault.INACTIVE_USER


def test_a_rule_that_does_not_exist(issuer: Issuer, configure_issuer: Configure) -> None:
    configure_issuer(USER_MAPPER="tests.oidc.mappers.missing")

    with pytest.raises(ConfigurationError, match="can't be imported"):
        authenticate(f"Bearer {issuer.token()}")


def test_the_challenge() -> None:
    assert BearerAuthenticator.challenge == "Bearer"
    assert InvalidToken(TokenFault.EXPIRED).challenge == 'Bearer error="invalid_token"'


def test_the_message_is_for_the_client() -> None:
    error = InvalidToken(TokenFault.EXPIRED)

    assert (error.code, str(error)) == (
        "invalid_token",
        "The bearer token isn't accepted: expired.",
    )


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
import cf_protected.oidc.admin
from django.core.checks import run_checks
from django.test import RequestFactory
from cf_protected.api.authentication import authenticate
from cf_protected.conf import ConfigurationError
from cf_protected.oidc.authentication import BearerAuthenticator

assert run_checks(tags=["cf_protected"]) == []
(message,) = run_checks(tags=["cf_protected_oidc"])
print(message.id, message.hint)
get = RequestFactory().get
assert BearerAuthenticator().authenticate(get("/")) is None
try:
    authenticate(get("/", headers={"Authorization": "Bearer a.b.c"}))
except ConfigurationError as mistake:
    print(mistake)
"""


def test_without_pyjwt_the_check_says_what_to_install() -> None:
    assert run(WITHOUT_PYJWT, "tests.settings") == [
        "cf_protected_oidc.E006 pip install django-cf-protected[oidc]",
        "INSTALLED_APPS: cf_protected.oidc needs PyJWT.",
    ]


# Without the app

WITHOUT_THE_APP = """
import sys

sys.modules["jwt"] = None
import django
from django.conf import settings

settings.INSTALLED_APPS.remove("cf_protected.oidc")
del settings.CF_PROTECTED_OIDC
bearer, session = settings.CF_PROTECTED.pop("AUTHENTICATORS")
django.setup()
import cf_protected.admin, cf_protected.api.urls, cf_protected.services, cf_protected.views
from django.apps import apps
from django.core.checks import run_checks

assert run_checks(tags=["cf_protected", "cf_protected_oidc"]) == []
assert not [name for name in sys.modules if name.startswith("cf_protected.oidc")]
print(sorted(model.__name__ for model in apps.get_models() if "Identity" in model.__name__))

settings.CF_PROTECTED = settings.CF_PROTECTED | {"AUTHENTICATORS": [bearer]}
(message,) = run_checks(tags=["cf_protected"])
print(message.id, "INSTALLED_APPS" in message.msg, "INSTALLED_APPS" in message.hint)
"""


def test_the_core_does_not_need_the_app() -> None:
    assert run(WITHOUT_THE_APP, "tests.settings") == ["[]", "cf_protected.E017 True True"]


def run(code: str, settings: str) -> list[str]:
    """Run the code in a process of its own, with warnings as errors; return its lines."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
