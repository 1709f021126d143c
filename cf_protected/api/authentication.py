"""Authenticate the API's caller: the first of ``AUTHENTICATORS`` that finds credentials decides.

Pages don't use this: on them the user is the session's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from cf_protected import conf
from cf_protected.conf.check_ids import NOT_AN_AUTHENTICATOR
from cf_protected.exceptions import CFProtectedError
from cf_protected.guests import person_of
from cf_protected.person import Person, User


class CSRFFailed(CFProtectedError, PermissionDenied):
    """An unsafe request that relies on cookies came without its CSRF token."""


class Authenticator(ABC):
    """Credentials of one kind, such as sessions or API keys, and the users that they belong to.

    Name a subclass in ``CF_PROTECTED["AUTHENTICATORS"]``. It is instantiated without arguments
    for each request. Its constructor may raise ``ImproperlyConfigured``, which checks report.
    """

    #: The challenge for the ``WWW-Authenticate`` header of a 401, such as ``Token``.
    challenge: ClassVar[str]

    @abstractmethod
    def authenticate(self, request: HttpRequest) -> User | None:
        """Return the user, or ``None`` if the request has no credentials of this kind.

        Raise ``AuthenticationFailed`` for credentials that aren't accepted, and
        ``AuthenticationUnavailable`` while they can't be checked. Don't return ``None`` then:
        the next authenticator would be asked.
        """


class SessionAuthenticator(Authenticator):
    """Django's session, of an account or a guest. Unsafe requests must carry the CSRF token."""

    # A 401 must have a challenge (RFC 9110, 15.5.2), and sessions have no registered scheme.
    # Browsers ignore schemes that they don't support.
    challenge = "Session"

    def authenticate(self, request: HttpRequest) -> User | None:
        """Return the session's user; ``None`` for a guest. Raises ``CSRFFailed`` for both."""
        if person_of(request) == Person():
            return None
        check_csrf(request)
        return request.user if request.user.is_authenticated else None


def authenticate(request: HttpRequest) -> User:
    """Return the user whose credentials the request carries, or ``AnonymousUser``.

    ``authenticate_person`` also finds guests. For views that are ``csrf_exempt``: authenticators
    that rely on cookies check the CSRF token.

    Raises ``AuthenticationFailed``, ``AuthenticationUnavailable``, ``CSRFFailed`` and
    ``ConfigurationError``.
    """
    for authenticator in get_authenticators():
        user = authenticator.authenticate(request)
        if user is not None:
            return user
    return AnonymousUser()


def authenticate_person(request: HttpRequest) -> Person | User:
    """Return what ``authenticate`` returns, or the session's guest in place of its user.

    Raises what ``authenticate`` raises.
    """
    for authenticator in get_authenticators():
        user = authenticator.authenticate(request)
        if user is not None:
            return user
        person = person_of(request)
        if isinstance(authenticator, SessionAuthenticator) and person.guest is not None:
            return person
    return AnonymousUser()


def get_authenticators() -> list[Authenticator]:
    """Return an instance of each class in ``AUTHENTICATORS``. Raises ``ConfigurationError``."""
    return [_make(path) for path in conf.current().authenticators]


def challenges() -> str:
    """Return the ``WWW-Authenticate`` header for a request without credentials."""
    return ", ".join(one.challenge for one in get_authenticators())


def check_csrf(request: HttpRequest) -> None:
    """Raise ``CSRFFailed`` for an unsafe request without its CSRF token.

    Call it in an authenticator whose credentials browsers send by themselves, as they do cookies.
    """
    # The constructor and process_view() want a view, which neither calls.
    middleware = CsrfViewMiddleware(HttpResponse)
    middleware.process_request(request)
    # The response is an HTML page. Django has logged the reason.
    if middleware.process_view(request, HttpResponse, (), {}) is not None:
        raise CSRFFailed("The CSRF token is missing or wrong, or the origin isn't trusted.")


def _make(path: str) -> Authenticator:
    problem = "isn't a subclass of cf_protected.api.authentication.Authenticator"
    try:
        found = import_string(path)
        if isinstance(found, type) and issubclass(found, Authenticator):
            return found()
    # RuntimeError: it imports models of an app that isn't installed. TypeError: it is abstract.
    except (ImportError, ImproperlyConfigured, RuntimeError, TypeError) as error:
        problem = f"can't be used: {error}"
    where = f"{conf.SETTING}['AUTHENTICATORS']"
    raise conf.ConfigurationError(NOT_AN_AUTHENTICATOR, where, f"{path!r} {problem}.")
