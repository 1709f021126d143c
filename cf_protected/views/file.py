"""What the views of one file have in common: who gets on, and what the others read."""

from __future__ import annotations

import logging
import re
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import get_object_or_404, render
from django.views.generic import View

from cf_protected import services
from cf_protected.access import DownloadRefused, User, unreleased
from cf_protected.exceptions import KeySourceError
from cf_protected.http.viewer import get_viewer
from cf_protected.models import AssetFile
from cf_protected.views.protect import REFUSED_TEMPLATE, not_found, refuse

logger = logging.getLogger("cf_protected")

# Where browsers say that nobody clicked yet, and how. Sources: the Fetch standard's
# Sec-Purpose, and its forerunners of Safari (which also makes previews) and Firefox.
_PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PURPOSE = re.compile(r"\b(?:prefetch|preview)\b", re.IGNORECASE)


class HttpResponseSeeOther(HttpResponseRedirectBase):
    """303: fetch that other URL with GET, and don't remember this answer."""

    status_code = 303


class FileView(View):
    """Answers those who may have one file, and tells the others why not.

    A subclass says in ``issue`` what a GET becomes, and in ``preview`` what a HEAD shows.
    """

    kind: ClassVar[AssetFile.Kind]
    refused_template = REFUSED_TEMPLATE
    unavailable_template = "cf_protected/unavailable.html"
    http_method_names = ("get", "head", "options")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404 as error:
            return self.missing(error)
        except KeySourceError as error:
            return self.unavailable(error)

    def get_file(self) -> AssetFile:
        """The file of this request, by default the one with the URL's ``uuid``.

        Raises ``Http404``.
        """
        files = AssetFile.objects.select_related("asset").filter(kind=self.kind)
        return get_object_or_404(files, uuid=self.kwargs["uuid"])

    def get_user(self, file: AssetFile) -> User:
        """Who asks for ``file``; by default the session's user."""
        return self.request.user

    def get_viewer(self) -> services.Viewer:
        """Where the request comes from; behind proxies set ``TRUSTED_PROXIES``."""
        return get_viewer(self.request)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, log and answer; a browser that only prefetches is sent away."""
        if is_prefetch(request):
            return uncacheable(HttpResponse(status=503))
        file = self.get_file()
        user = self.get_user(file)
        if not user.is_authenticated:
            decision = services.authorize(user, file.asset)
            if not decision.allowed:  # on the way to the login page: nothing to log yet
                return self.refused(file, DownloadRefused(decision))
        if not file.asset.is_released:
            return self.not_released(user, file)
        try:
            return self.issue(user, file)
        except DownloadRefused as refusal:
            return self.refused(file, refusal)

    def head(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Say what ``get`` would, and leave no trace."""
        file = self.get_file()
        user = self.get_user(file)
        if not file.asset.is_released:
            return self.not_released(user, file)
        decision = services.authorize_download(user, file, viewer=self.get_viewer())
        if not decision.allowed:
            return self.refused(file, DownloadRefused(decision))
        return self.preview(user, file)

    def issue(self, user: User, file: AssetFile) -> HttpResponseBase:
        """The answer to GET, through one of ``services``. Raises what that does."""
        raise NotImplementedError

    def preview(self, user: User, file: AssetFile) -> HttpResponseBase:
        """The answer to HEAD, for someone who may have the file."""
        raise NotImplementedError

    def not_released(self, user: User, file: AssetFile) -> HttpResponseBase:
        """The answer before the asset's release: when it is, to those who may have it."""
        decision = services.authorize(user, file.asset)
        if decision.allowed:
            decision = unreleased(decision, file.asset)
        return self.refused(file, DownloadRefused(decision))

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        """The answer to someone who may not have the file."""
        return refuse(self.request, file.asset, refusal.decision, self.refused_template)

    def missing(self, error: Http404) -> HttpResponseBase:
        """The answer where there is no such file."""
        return not_found(self.request, error)

    def unavailable(self, error: Exception) -> HttpResponseBase:
        """The answer while the signing key or an object can't be had; nothing was counted."""
        logger.error("%s isn't available: %s", self.request.path, error)
        response = render(self.request, self.unavailable_template, status=503)
        response["Retry-After"] = "30"
        return uncacheable(response)


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a browser fetches this ahead of any click."""
    return any(_PURPOSE.search(request.headers.get(name, "")) for name in _PURPOSE_HEADERS)


def see_other(url: str | None) -> HttpResponse:
    """Redirect to the distribution, keeping the URL out of caches and ``Referer`` headers."""
    response: HttpResponse = HttpResponseSeeOther(url or "/")
    if url is None:
        del response["Location"]
    return uncacheable(response)


def uncacheable(response: HttpResponse) -> HttpResponse:
    """The answer to one person, once."""
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
