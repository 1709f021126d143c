"""What the views of one file have in common: who gets on, and what the others read."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import get_object_or_404

from cf_protected import services
from cf_protected.access import DownloadRefused, User, unreleased
from cf_protected.models import AssetFile
from cf_protected.views.base import PersonalView, uncacheable
from cf_protected.views.protect import refuse

# Where browsers say that nobody clicked yet, and how. Sources: the Fetch standard's
# Sec-Purpose, and its forerunners of Safari (which also makes previews) and Firefox.
_PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PURPOSE = re.compile(r"\b(?:prefetch|preview)\b", re.IGNORECASE)


class HttpResponseSeeOther(HttpResponseRedirectBase):
    """303: fetch that other URL with GET, and don't remember this answer."""

    status_code = 303


class FileView(PersonalView):
    """Answers those who may have one file, and tells the others why not.

    A subclass says in ``issue`` what a GET becomes, and in ``preview`` what a HEAD shows.
    """

    kind: ClassVar[AssetFile.Kind]
    http_method_names = ("get", "head", "options")

    def get_file(self) -> AssetFile:
        """The file of this request, by default the one with the URL's ``uuid``.

        Raises ``Http404``.
        """
        files = AssetFile.objects.select_related("asset").filter(kind=self.kind)
        return get_object_or_404(files, uuid=self.kwargs["uuid"])

    def get_user(self, file: AssetFile) -> User:
        """Who asks for ``file``; by default the session's user."""
        return self.request.user

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


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a browser fetches this ahead of any click."""
    return any(_PURPOSE.search(request.headers.get(name, "")) for name in _PURPOSE_HEADERS)


def see_other(url: str | None) -> HttpResponse:
    """Redirect to the distribution, keeping the URL out of caches and ``Referer`` headers."""
    response: HttpResponse = HttpResponseSeeOther(url or "/")
    if url is None:
        del response["Location"]
    return uncacheable(response)
