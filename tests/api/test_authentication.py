"""Who asks: the authenticators, in their order. Bearer tokens are in tests/oidc."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.test import RequestFactory
from pytest_django import Settings

from cf_protected.api.authentication import (
    Authenticator,
    CSRFFailed,
    SessionAuthenticator,
    authenticate,
    challenges,
    get_authenticators,
)
from cf_protected.conf import ConfigurationError
from cf_protected.exceptions import AuthenticationFailed, AuthenticationUnavailable
from tests.accounts.models import User
from tests.conftest import Configure

SESSION = "cf_protected.api.authentication.SessionAuthenticator"
MAIL = "tests.api.authenticators.MailHeader"
UNSAFE = ["post", "put", "patch", "delete"]


def request(method: str, user: Any, **headers: str) -> HttpRequest:
    made: HttpRequest = getattr(RequestFactory(), method)("/", headers=headers)
    made.user = user
    return made


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_session_may_read(method: str) -> None:
    user = User()

    assert authenticate(request(method, user)) is user


@pytest.mark.parametrize("method", UNSAFE)
def test_a_session_changes_nothing_without_its_csrf_token(method: str) -> None:
    with pytest.raises(CSRFFailed):
        authenticate(request(method, User()))


@pytest.mark.parametrize("method", UNSAFE)
def test_a_session_with_its_csrf_token(method: str) -> None:
    user = User()
    token = get_token(request("get", user))
    made = request(method, user, **{"X-CSRFToken": token})
    made.COOKIES["csrftoken"] = token

    assert authenticate(made) is user


def test_a_wrong_csrf_token() -> None:
    made = request("post", User(), **{"X-CSRFToken": get_token(request("get", User()))})
    made.COOKIES["csrftoken"] = get_token(request("get", User()))

    with pytest.raises(CSRFFailed):
        authenticate(made)


def test_another_site_with_the_csrf_token() -> None:
    token = get_token(request("get", User()))
    made = request("post", User(), **{"X-CSRFToken": token, "Origin": "https://evil.example"})
    made.COOKIES["csrftoken"] = token

    with pytest.raises(CSRFFailed):
        authenticate(made)


def test_nobody_needs_no_csrf_token() -> None:
    assert authenticate(request("post", AnonymousUser())) == AnonymousUser()


@pytest.fixture
def by_default(settings: Settings) -> None:
    """A project that doesn't name any authenticators."""
    settings.CF_PROTECTED = {"DISTRIBUTIONS": settings.CF_PROTECTED["DISTRIBUTIONS"]}


def test_the_session_is_the_default(by_default: None) -> None:
    (authenticator,) = get_authenticators()

    assert type(authenticator) is SessionAuthenticator
    assert challenges() == "Session"


def test_by_default_other_credentials_are_ignored(by_default: None) -> None:
    user = User()

    for credentials in ("Basic YTpi", "Bearer e30.e30.e30"):
        assert authenticate(request("get", user, Authorization=credentials)) is user


@pytest.fixture
def mail_first(configure: Configure) -> None:
    """A header before the session."""
    configure(AUTHENTICATORS=[MAIL, SESSION])


def test_the_first_with_credentials_says_who_asks(
    user: User, other_user: User, mail_first: None
) -> None:
    made = request("post", other_user, **{"X-Mail": user.email})

    assert authenticate(made) == user


def test_without_its_credentials_the_next_is_asked(other_user: User, mail_first: None) -> None:
    assert authenticate(request("get", other_user)) is other_user
    with pytest.raises(CSRFFailed):
        authenticate(request("post", other_user))


@pytest.mark.parametrize("method", ["get", "post"])
def test_credentials_that_are_not_accepted_are_not_replaced_by_the_session(
    user: User, mail_first: None, method: str
) -> None:
    with pytest.raises(AuthenticationFailed, match="no such person"):
        authenticate(request(method, user, **{"X-Mail": "eve@example.com"}))


def test_an_outage_is_not_replaced_by_the_session(user: User, configure: Configure) -> None:
    configure(AUTHENTICATORS=["tests.api.authenticators.Down", SESSION])

    with pytest.raises(AuthenticationUnavailable):
        authenticate(request("get", user))


def test_the_order_decides(user: User, other_user: User, configure: Configure) -> None:
    configure(AUTHENTICATORS=[SESSION, MAIL])

    assert authenticate(request("get", other_user, **{"X-Mail": user.email})) is other_user


def test_an_authenticator_of_cookies_asks_for_the_csrf_token(
    user: User, configure: Configure
) -> None:
    configure(AUTHENTICATORS=["tests.api.authenticators.MailCookie"])
    made = request("post", AnonymousUser())
    made.COOKIES["mail"] = user.email

    with pytest.raises(CSRFFailed):
        authenticate(made)


def test_each_has_its_challenge(mail_first: None) -> None:
    assert challenges() == "Mail, Session"


def test_a_path_that_leads_nowhere(configure: Configure) -> None:
    configure(AUTHENTICATORS=["shop.api.APIKey"])

    with pytest.raises(ConfigurationError, match=r"'shop\.api\.APIKey' can't be used"):
        authenticate(request("get", AnonymousUser()))


def test_an_authenticator_must_say_how() -> None:
    with pytest.raises(TypeError):
        Authenticator()  # type: ignore[abstract]
