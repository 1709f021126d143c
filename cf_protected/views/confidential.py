"""Pages whose URL or form must reach no other site."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.generic import View

from cf_protected.background import background
from cf_protected.responses import ResponseType, uncacheable
from cf_protected.services.networks import seconds_to_wait
from cf_protected.viewer import get_viewer


def confidential(response: ResponseType) -> ResponseType:
    """Return ``response``, kept out of caches and frames, and its URL out of other sites' logs."""
    uncacheable(response)
    # With no-referrer browsers send "Origin: null", which Django's CSRF protection refuses.
    response["Referrer-Policy"] = "same-origin"
    response["X-Frame-Options"] = "DENY"
    response["Content-Security-Policy"] = "frame-ancestors 'none'"
    return response


class ConfidentialMixin(View):
    """Makes a view's responses ``confidential``."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return confidential(super().dispatch(request, *args, **kwargs))


class MailingMixin(ConfidentialMixin):
    """A page on which visitors ask for a mail. Its answer doesn't wait for the mail."""

    too_many_template = "cf_protected/too_many_requests.html"
    background = background

    def too_many(self) -> HttpResponse | None:
        """Count a request; return the 429 where the visitor's network asked too often."""
        seconds = seconds_to_wait(get_viewer(self.request))
        if not seconds:
            return None
        context = {"minutes": -(-seconds // 60)}
        response = render(self.request, self.too_many_template, context, status=429)
        response["Retry-After"] = str(seconds)
        return response
