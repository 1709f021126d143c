"""Remove signed cookies when a session ends, and renew them on pages that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from cf_protected.signed_cookies.jar import end_session, remove_ended
from cf_protected.signed_cookies.renewal import renew_remembered

_MARK: Final = "renews_signed_cookies"
_RENEW: Final = "cf_protected.renew_cookies"

ViewType = TypeVar("ViewType", bound=Callable[..., Any])


class SignedCookiesMiddleware(MiddlewareMixin):
    """Removes the cookies that a session remembers when it ends, and renews them before.

    Put it after ``SessionMiddleware`` and ``AuthenticationMiddleware``. A session ends at a
    logout, at a login to another account, and when the password was changed elsewhere.
    Cookies are renewed by views with ``renew_signed_cookies``.
    """

    def process_request(self, request: HttpRequest) -> None:
        _watch(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        request.META[_RENEW] = getattr(view, _MARK, False)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        remove_ended(request, response)
        if request.META.get(_RENEW):
            renew_remembered(request, response)
        return response


def renew_signed_cookies(view: ViewType) -> ViewType:
    """Renew signed cookies with this view's responses, through ``SignedCookiesMiddleware``.

    Use it for pages that stay open while something plays, or that people return to. For a
    class use ``method_decorator(renew_signed_cookies, name="dispatch")``.
    """
    setattr(view, _MARK, True)
    return view


def _watch(request: HttpRequest) -> None:
    """Keep what the session remembers when it is flushed, without loading the session now.

    Django sends a signal before a logout flushes the session, but none before a login to
    another account or a changed password does. The instance's method is the only place that
    sees the session's data then: loading it earlier would cost each page a query and its
    place in shared caches.
    """
    session = request.session
    flush, aflush = session.flush, session.aflush

    def end_and_flush() -> None:
        end_session(request)
        flush()

    async def end_and_aflush() -> None:
        await sync_to_async(end_session)(request)
        await aflush()

    vars(session).update(flush=end_and_flush, aflush=end_and_aflush)
