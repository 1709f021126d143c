"""Remove signed cookies when a session ends, and renew them on pages that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from cf_protected.signed_cookies.jar import remove_ended
from cf_protected.signed_cookies.memory import session_was_read
from cf_protected.signed_cookies.renewal import renew_remembered

_MARK: Final = "renews_signed_cookies"
_RENEW: Final = "cf_protected.renew_cookies"

ViewType = TypeVar("ViewType", bound=Callable[..., Any])


class SignedCookiesMiddleware(MiddlewareMixin):
    """Removes the cookies of an account or a guest when they have ended, and renews them before.

    Put it after ``SessionMiddleware`` and ``AuthenticationMiddleware``. A session ends at a
    logout, at a login to another account, when it expires, and when the password was changed
    elsewhere. A guest ends with the proof in the session, and at a login. The middleware compares
    the owner that the cookies were set for with the session's, after the view. It doesn't read a
    session that nothing else has read.

    Cookies are renewed by views with ``renew_signed_cookies``.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        request.META[_RENEW] = getattr(view, _MARK, False)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        renews = request.META.get(_RENEW)
        if renews or session_was_read(request):
            remove_ended(request, response)
        if renews:
            renew_remembered(request, response)
        return response


def renew_signed_cookies(view: ViewType) -> ViewType:
    """Renew signed cookies with this view's responses, through ``SignedCookiesMiddleware``.

    Use it for pages that stay open while something plays, or that people return to. For a
    class use ``method_decorator(renew_signed_cookies, name="dispatch")``.
    """
    setattr(view, _MARK, True)
    return view
