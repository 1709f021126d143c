"""Credentialed CORS for the endpoints that set cookies and answer JSON.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.generic import View

from cf_protected import conf


class CORSMixin(View):
    """Lets pages of ``CORS_ORIGINS`` use the view with their cookies. Goes before other bases.

    With credentials browsers take neither ``*`` nor a list, so the one origin that asks is
    named; to any other origin nothing is said.
    """

    cors_methods: Sequence[str] = ("GET", "POST", "DELETE")
    cors_headers: Sequence[str] = ("Content-Type", "Authorization", "X-CSRFToken")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self._respond(request, *args, **kwargs)
        patch_vary_headers(response, ["Origin"])
        origin = request.headers.get("Origin", "")
        if origin in conf.current().cors_origins:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Credentials"] = "true"
            if _is_preflight(request):
                response["Access-Control-Allow-Methods"] = ", ".join(self.cors_methods)
                response["Access-Control-Allow-Headers"] = ", ".join(self.cors_headers)
        return response

    def _respond(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _is_preflight(request):
            return HttpResponse(status=204)
        try:
            return super().dispatch(request, *args, **kwargs)
        except (Http404, PermissionDenied) as error:
            # Django would make the response too late for the headers.
            return response_for_exception(request, error)


def _is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
