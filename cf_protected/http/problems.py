"""Errors for programs: RFC 9457 problem details, with the reason codes of the pages.

Source: https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from cf_protected import conf
from cf_protected.access import Decision, explain
from cf_protected.exceptions import InvalidToken
from cf_protected.oidc.authentication import challenge
from cf_protected.person import User
from cf_protected.reasons import Reason

logger = logging.getLogger("cf_protected")

#: In seconds.
_RETRY_AFTER: Final = "30"

_TYPE: Final = "urn:problem-type:cf_protected:"


def problem(
    status: int,
    reason: str,
    *,
    title: str = "",
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JsonResponse:
    """Return a problem; ``reason`` is its code, which its ``type`` ends in.

    ``title`` is by default the status' own phrase; ``detail`` is about this one occurrence;
    ``members`` are further ones of the document. No cache keeps it.
    """
    content = {
        "type": _TYPE + quote(reason),
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "reason": reason,
    }
    if detail:
        content["detail"] = detail
    return JsonResponse(
        content | members,
        status=status,
        content_type="application/problem+json",
        headers={"Cache-Control": "private, no-store"} | dict(headers or {}),
    )


def refusal_problem(decision: Decision) -> JsonResponse:
    """Return the answer to a refusal: 401 if nobody is signed in, else ``REFUSAL_STATUS``.

    With 404 it is that of ``not_found_problem``, so that nobody learns what exists.
    """
    if decision.reason == Reason.ANONYMOUS:
        return anonymous_problem()
    if conf.current().refusal_status == 404:
        return not_found_problem()
    known = decision.reason in Reason.values
    title = str(Reason(decision.reason).label) if known else ""
    return problem(403, decision.reason, title=title, detail=explain(decision))


def missing_problem(user: User) -> JsonResponse:
    """Return the answer for what doesn't exist: with ``REFUSAL_STATUS`` 404 a refusal's."""
    if conf.current().refusal_status == 404 and not user.is_authenticated:
        return anonymous_problem()
    return not_found_problem()


def anonymous_problem() -> JsonResponse:
    """Return the 401 for a request without a session or a token."""
    decision = Decision(False, Reason.ANONYMOUS)
    return problem(
        401,
        decision.reason,
        title=str(Reason.ANONYMOUS.label),
        detail=explain(decision),
        headers={"WWW-Authenticate": challenge()},
    )


def token_problem(error: InvalidToken) -> JsonResponse:
    """Return the 401 for a bearer token that isn't accepted.

    While its issuer's keys can't be had it is a 503, since another token would be no better.

    Source: https://www.rfc-editor.org/rfc/rfc6750#section-3
    """
    if error.code == InvalidToken.Code.ISSUER_UNAVAILABLE:
        return problem(
            503,
            "unavailable",
            detail="The keys of the token's issuer can't be had at the moment.",
            headers={"Retry-After": _RETRY_AFTER},
        )
    return problem(
        401,
        "invalid_token",
        detail=f"The bearer token isn't accepted: {error}.",
        headers={"WWW-Authenticate": challenge(error)},
    )


def csrf_problem() -> JsonResponse:
    """Return the 403 for a session's request without its CSRF token."""
    return problem(
        403,
        "csrf_failed",
        detail="Send the CSRF token in X-CSRFToken, from a page of a trusted origin.",
    )


def not_found_problem() -> JsonResponse:
    """Return a 404."""
    return problem(404, "not_found")


def unavailable_problem(request: HttpRequest, error: Exception) -> JsonResponse:
    """Return the 503 while the signing key can't be had, and log why; nothing was counted."""
    logger.error("%s isn't available: %s", request.path, error)
    return problem(
        503,
        "unavailable",
        title=_("Not available right now"),
        detail=_(
            "The download can't be prepared at the moment. Nothing was counted; please try "
            "again in a minute."
        ),
        headers={"Retry-After": _RETRY_AFTER},
    )


def wants_json(request: HttpRequest) -> bool:
    """Whether the client prefers JSON to a page; it doesn't if it takes anything."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
