"""The base of the API's views: it authenticates the caller, and turns errors into problems."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from cf_protected.access import DownloadRefused
from cf_protected.api import problems
from cf_protected.api.authentication import CSRFFailed, authenticate_person
from cf_protected.exceptions import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    InvalidURL,
    KeySourceError,
)
from cf_protected.person import Person, User
from cf_protected.responses import uncacheable

_decorators = [
    csrf_exempt,  # authenticators check the CSRF token themselves: bearers need none
    login_not_required,
]


@method_decorator(_decorators, name="dispatch")
class APIView(View):
    """Base of the API's views: its errors are problem details, and ``self.caller`` asks."""

    caller: Person | User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return uncacheable(self._respond(request, *args, **kwargs))

    def _respond(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # This comes first, so that nothing parses a form.
        if _has_body(request) and request.content_type != "application/json":
            return problems.problem(415, "not_json", detail="Send application/json.")
        self.caller = AnonymousUser()
        try:
            self.caller = authenticate_person(request)
            return super().dispatch(request, *args, **kwargs)
        except (AuthenticationFailed, PermissionDenied) as error:
            return _refusal(error, self.caller)
        except (AuthenticationUnavailable, KeySourceError) as error:
            return _outage(request, error)
        except Http404:
            return problems.missing_problem(request, self.caller)
        except InvalidURL as error:
            return problems.unaddressable_problem(request, error)
        except RequestDataTooBig:
            return problems.problem(413, "too_large")
        except BadRequest as error:
            return problems.problem(400, "invalid_request", detail=str(error))
        except (MultiPartParserError, SuspiciousOperation):
            # Django's messages about them are for the project's log.
            return problems.problem(400, "invalid_request")

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> JsonResponse:
        allowed = [name.upper() for name in self.http_method_names if hasattr(self, name)]
        return problems.problem(405, "method_not_allowed", headers={"Allow": ", ".join(allowed)})


class NotFoundAPIView(APIView):
    """Responds with 404 to every method, for addresses that have no view."""

    http_method_names = ()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> JsonResponse:
        raise Http404


def _refusal(error: AuthenticationFailed | PermissionDenied, caller: Person | User) -> JsonResponse:
    match error:
        case AuthenticationFailed():
            return problems.credentials_problem(error)
        case CSRFFailed():
            return problems.csrf_problem()
        case DownloadRefused():
            return problems.refusal_problem(error.decision, caller)
    return problems.problem(403, "permission_denied")


def _outage(
    request: HttpRequest, error: AuthenticationUnavailable | KeySourceError
) -> JsonResponse:
    if isinstance(error, AuthenticationUnavailable):
        return problems.unchecked_problem(request, error)
    return problems.unavailable_problem(request, error)


def _has_body(request: HttpRequest) -> bool:
    # Not the content type: wsgiref's server sets text/plain where it is missing.
    return request.META.get("CONTENT_LENGTH") not in (None, "", "0")
