from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from cf_protected.access import Decision
from cf_protected.api import problems
from cf_protected.exceptions import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    KeySourceError,
)
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure


def document(response: HttpResponse) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    content: dict[str, Any] = json.loads(response.content)
    assert content["status"] == response.status_code
    return content


def test_members() -> None:
    response = problems.problem(400, "invalid_request", detail="No.", parameter="page")

    assert document(response) == {
        "type": "urn:problem-type:cf_protected:invalid_request",
        "title": "Bad Request",
        "status": 400,
        "reason": "invalid_request",
        "detail": "No.",
        "parameter": "page",
    }


def test_headers() -> None:
    response = problems.problem(503, "unavailable", headers={"Retry-After": "5"})

    document(response)
    assert response["Retry-After"] == "5"


def test_a_refusal_has_the_code_and_the_sentence_of_the_pages() -> None:
    content = document(problems.refusal_problem(Decision(False, Reason.REVOKED)))

    assert (content["status"], content["reason"]) == (403, "revoked")
    assert content["type"] == "urn:problem-type:cf_protected:revoked"
    assert content["title"] == "The grant was revoked"
    assert content["detail"].startswith("Your access was withdrawn")


def test_a_refusal_is_in_the_language_of_the_request() -> None:
    with translation.override("de"):
        content = document(problems.refusal_problem(Decision(False, Reason.REVOKED)))

    assert content["detail"].startswith("Der Zugang wurde zurückgezogen")


def test_a_refusal_for_a_reason_of_the_projects_own() -> None:
    decision = Decision(False, "too young!", message="You are too young.")

    content = document(problems.refusal_problem(decision))

    assert content["type"] == "urn:problem-type:cf_protected:too%20young%21"
    assert (content["title"], content["reason"]) == ("Forbidden", "too young!")
    assert content["detail"] == "You are too young."


def test_credentials_that_are_not_accepted() -> None:
    response = problems.credentials_problem(AuthenticationFailed("The key was withdrawn."))

    content = document(response)
    assert (content["status"], content["reason"]) == (401, "invalid_credentials")
    assert content["detail"] == "The key was withdrawn."
    assert response["WWW-Authenticate"] == "Bearer, Session"


def test_an_authenticator_chooses_code_and_challenge() -> None:
    error = AuthenticationFailed("It expired.", code="expired_key", challenge="Key error=expired")

    response = problems.credentials_problem(error)

    assert document(response)["type"] == "urn:problem-type:cf_protected:expired_key"
    assert response["WWW-Authenticate"] == "Key error=expired"


def test_credentials_that_can_not_be_checked(
    rf: RequestFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """The client isn't told what is behind the project's login."""
    error = AuthenticationUnavailable("https://keys.internal doesn't answer.")

    response = problems.unchecked_problem(rf.get("/api/assets/"), error)

    assert document(response)["reason"] == "unavailable"
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "WWW-Authenticate" not in response
    assert "internal" not in response.content.decode()
    assert caplog.messages == [
        "/api/assets/: the credentials can't be checked: https://keys.internal doesn't answer."
    ]


@pytest.mark.parametrize("status", [403, 404])
def test_nobody_signed_in_is_a_401(configure: Configure, status: int) -> None:
    configure(REFUSAL_STATUS=status)

    response = problems.refusal_problem(Decision(False, Reason.ANONYMOUS))

    assert document(response)["reason"] == "anonymous"
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer, Session"


def test_with_404_a_refusal_is_just_as_what_does_not_exist(
    configure: Configure, rf: RequestFactory
) -> None:
    configure(REFUSAL_STATUS=404)

    refusal = problems.refusal_problem(Decision(False, Reason.NO_GRANT))
    missing = problems.missing_problem(rf.get("/"), User())

    assert refusal.content == missing.content
    assert document(refusal)["reason"] == "not_found"


@pytest.mark.parametrize(("refusal_status", "status"), [(403, 404), (404, 401)])
def test_what_does_not_exist_for_nobody_signed_in(
    configure: Configure, rf: RequestFactory, refusal_status: int, status: int
) -> None:
    configure(REFUSAL_STATUS=refusal_status)

    assert problems.missing_problem(rf.get("/"), AnonymousUser()).status_code == status


def test_an_outage_of_the_key_source(rf: RequestFactory, caplog: pytest.LogCaptureFixture) -> None:
    response = problems.unavailable_problem(rf.get("/here/"), KeySourceError("No route."))

    content = document(response)
    assert (content["status"], content["reason"]) == (503, "unavailable")
    assert "Nothing was counted" in content["detail"]
    assert response["Retry-After"] == "30"
    assert caplog.messages == ["/here/ isn't available: No route."]
