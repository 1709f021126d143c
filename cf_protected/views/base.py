"""The base of the views that hand out signatures."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.generic import View

from cf_protected import services
from cf_protected.exceptions import InvalidURL, KeySourceError
from cf_protected.responses import RETRY_AFTER, unstored_page
from cf_protected.viewer import get_viewer
from cf_protected.views.protect import REFUSED_TEMPLATE, not_found

logger = logging.getLogger("cf_protected")


class PersonalView(View):
    """Answers one person: with signatures, or with a page that gives the reason for a refusal."""

    refused_template = REFUSED_TEMPLATE
    unavailable_template = "cf_protected/unavailable.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404 as error:
            return self.missing(error)
        except InvalidURL as error:
            return self.unaddressable(error)
        except KeySourceError as error:
            return self.unavailable(error)

    def get_viewer(self) -> services.Viewer:
        """Return where the request comes from; behind proxies set ``TRUSTED_PROXIES``."""
        return get_viewer(self.request)

    def missing(self, error: Http404) -> HttpResponseBase:
        """Return the answer for a file or asset that doesn't exist."""
        return not_found(self.request, error)

    def unaddressable(self, error: InvalidURL) -> HttpResponseBase:
        """Return the answer for a file whose key or name fits into no URL; nothing was counted."""
        logger.error("%s has no URL: %s", self.request.path, error)
        return self.missing(Http404("No URL leads to this file."))

    def unavailable(self, error: Exception) -> HttpResponseBase:
        """Return the answer while the key or an object is unavailable; nothing was counted."""
        logger.error("%s is unavailable: %s", self.request.path, error)
        response = render(self.request, self.unavailable_template, status=503)
        response["Retry-After"] = RETRY_AFTER
        return unstored_page(response)
