"""Who asks: the bearer of an access token, or the user of the session."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from cf_protected.exceptions import CFProtectedError
from cf_protected.oidc.authentication import bearer_user
from cf_protected.person import User


class CSRFFailed(CFProtectedError, PermissionDenied):
    """The session's request to change something doesn't show that its own page sent it."""


def authenticate(request: HttpRequest) -> User:
    """Return who asks, ``AnonymousUser`` for nobody, for views that are ``csrf_exempt``.

    A bearer token goes before the session. Other sites can't make a browser send one, so
    only the session of a user needs CSRF protection, and has it here.

    Raises ``InvalidToken`` and ``CSRFFailed``.
    """
    bearer = bearer_user(request)
    if bearer is not None:
        return bearer
    if request.user.is_authenticated:
        _check_csrf(request)
    return request.user


def _check_csrf(request: HttpRequest) -> None:
    # Both want a view, and neither calls it.
    middleware = CsrfViewMiddleware(HttpResponse)
    middleware.process_request(request)
    # The page that it answers with is for people; why it refused is in Django's log.
    if middleware.process_view(request, HttpResponse, (), {}) is not None:
        raise CSRFFailed("The CSRF token is missing or wrong, or the origin isn't trusted.")
