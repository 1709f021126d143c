"""What every view of the API does: find out who asks, and answer errors with problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
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
from cf_protected.exceptions import InvalidToken, KeySourceError
from cf_protected.http import problems
from cf_protected.http.authentication import CSRFFailed, authenticate
from cf_protected.http.cors import CORSMixin
from cf_protected.person import User


class ProblemView(View):
    """A view whose errors are problem details; ``self.user`` is who asks."""

    user: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # First of all, so that nothing parses a form on the way.
        if _has_body(request) and request.content_type != "application/json":
            return problems.problem(415, "not_json", detail="Send application/json.")
        try:
            self.user = authenticate(request)
            return super().dispatch(request, *args, **kwargs)
        except (InvalidToken, CSRFFailed, PermissionDenied, KeySourceError) as error:
            return self._refusal(error)
        except Http404:
            return problems.missing_problem(self.user)
        except RequestDataTooBig:
            return problems.problem(413, "too_large")
        except BadRequest as error:
            return problems.problem(400, "invalid_request", detail=str(error))
        except (MultiPartParserError, SuspiciousOperation):
            # What Django says of them is for the project's log.
            return problems.problem(400, "invalid_request")

    def _refusal(self, error: Exception) -> JsonResponse:
        match error:
            case InvalidToken():
                return problems.token_problem(error)
            case CSRFFailed():
                return problems.csrf_problem()
            case DownloadRefused():
                return problems.refusal_problem(error.decision)
            case KeySourceError():
                return problems.unavailable_problem(self.request, error)
        return problems.problem(403, "permission_denied")

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> JsonResponse:
        allowed = [name.upper() for name in self.http_method_names if hasattr(self, name)]
        return problems.problem(405, "method_not_allowed", headers={"Allow": ", ".join(allowed)})


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class APIView(CORSMixin, ProblemView):
    """Base of the API's views. It checks the CSRF token itself, as bearers need none."""


class NotFoundView(APIView):
    """Whatever has no view of its own: no method is allowed, as nothing is there."""

    http_method_names = ()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> JsonResponse:
        raise Http404


def _has_body(request: HttpRequest) -> bool:
    # The type says nothing about it: for a server of wsgiref no type is text/plain.
    return request.META.get("CONTENT_LENGTH") not in (None, "", "0")


def answer(content: Mapping[str, Any], *, status: int = 200) -> JsonResponse:
    """Return the answer to one person, which no cache keeps."""
    return JsonResponse(content, status=status, headers={"Cache-Control": "private, no-store"})
