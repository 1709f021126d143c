"""Who asks. Bearer tokens that are accepted are in tests/api/test_bearer.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.test import RequestFactory

from cf_protected.exceptions import InvalidToken
from cf_protected.api.authentication import CSRFFailed, authenticate
from tests.accounts.models import User

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


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_not_accepted_is_not_replaced_by_the_session(method: str) -> None:
    with pytest.raises(InvalidToken):
        authenticate(request(method, User(), Authorization="Bearer e30.e30.e30"))


def test_another_scheme_is_no_bearer_token() -> None:
    user = User()

    assert authenticate(request("get", user, Authorization="Basic YTpi")) is user
