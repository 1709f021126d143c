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

from cf_protected import conf, services
from cf_protected.access import Decision, explain
from cf_protected.api.authentication import challenges
from cf_protected.exceptions import AuthenticationFailed, AuthenticationUnavailable, InvalidURL
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.responses import RETRY_AFTER
from cf_protected.viewer import get_viewer

logger = logging.getLogger("cf_protected")

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
    """Return a problem; its ``type`` ends in the code ``reason``.

    ``title`` defaults to the status's own phrase; ``detail`` is about this occurrence;
    ``members`` are further members of the document.
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
        headers=headers,
    )


def refusal_problem(decision: Decision, caller: Person | User | None = None) -> JsonResponse:
    """Return the response to a refusal: 401 if the caller isn't signed in, else ``REFUSAL_STATUS``.

    With 404 it is the same response as ``not_found_problem``, so that it doesn't tell what exists.
    So it always is for a draft that the caller never had.
    """
    if decision.reason == Reason.ANONYMOUS:
        return anonymous_problem()
    if conf.current().refusal_status == 404 or decision.is_secret:
        return not_found_problem()
    known = decision.reason in Reason.values
    title = str(Reason(decision.reason).label) if known else ""
    return problem(403, decision.reason, title=title, detail=explain(decision, caller))


def missing_problem(request: HttpRequest, caller: Person | User) -> JsonResponse:
    """Return the 404 for what doesn't exist, or a refusal's 401 if ``REFUSAL_STATUS`` is 404."""
    if conf.current().refusal_status == 404:
        person = Person.of(caller)
        if person == Person():
            return anonymous_problem()
        has_effect = request.method != "HEAD"
        services.admit_nowhere(person, viewer=get_viewer(request), log=has_effect)
    return not_found_problem()


def anonymous_problem() -> JsonResponse:
    """Return the 401 for a request without credentials."""
    decision = Decision(False, Reason.ANONYMOUS)
    return problem(
        401,
        decision.reason,
        title=str(Reason.ANONYMOUS.label),
        detail=explain(decision),
        headers={"WWW-Authenticate": challenges()},
    )


def credentials_problem(error: AuthenticationFailed) -> JsonResponse:
    """Return the 401 for credentials that aren't accepted."""
    challenge = error.challenge or challenges()
    return problem(401, error.code, detail=str(error), headers={"WWW-Authenticate": challenge})


def unchecked_problem(request: HttpRequest, error: AuthenticationUnavailable) -> JsonResponse:
    """Return the 503 while credentials can't be checked, and log why."""
    logger.error("%s: the credentials can't be checked: %s", request.path, error)
    return problem(
        503,
        "unavailable",
        detail="The credentials can't be checked at the moment.",
        headers={"Retry-After": RETRY_AFTER},
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


def unaddressable_problem(request: HttpRequest, error: InvalidURL) -> JsonResponse:
    """Return the 409 for a file whose key or name fits into no URL, and log why."""
    logger.error("%s has no URL: %s", request.path, error)
    return problem(409, "url_impossible", detail="No URL leads to this file.")


def unavailable_problem(request: HttpRequest, error: Exception) -> JsonResponse:
    """Return the 503 while the signing key is unavailable, and log why; nothing was counted."""
    logger.error("%s isn't available: %s", request.path, error)
    return problem(
        503,
        "unavailable",
        title=_("Not available right now"),
        detail=_(
            "The download can't be prepared at the moment. Nothing was counted; please try "
            "again in a minute."
        ),
        headers={"Retry-After": RETRY_AFTER},
    )
