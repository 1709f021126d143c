"""The base of the views of one file: the answer, or the refusal."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import get_object_or_404

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.responses import uncacheable
from cf_protected.views.base import PersonalView
from cf_protected.views.protect import refuse

# Where browsers say that there was no click yet, and how. Sources: the Fetch standard's
# Sec-Purpose, and its forerunners of Safari (which also makes previews) and Firefox.
_PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PURPOSE = re.compile(r"\b(?:prefetch|preview)\b", re.IGNORECASE)


class HttpResponseSeeOther(HttpResponseRedirectBase):
    """303: fetch the other URL with GET, and don't remember this answer."""

    status_code = 303


class FileView(PersonalView):
    """Answers a request for one file, or tells the person why it is refused.

    A subclass defines in ``issue`` the answer to GET, and in ``preview`` the answer to HEAD.
    """

    kind: ClassVar[AssetFile.Kind]
    http_method_names = ("get", "head", "options")

    def get_file(self) -> AssetFile:
        """Return the file of this request, by default the one with the URL's ``uuid``.

        Raises ``Http404``.
        """
        files = AssetFile.objects.select_related("asset").filter(kind=self.kind)
        return get_object_or_404(files, uuid=self.kwargs["uuid"])

    def get_person(self, file: AssetFile) -> Person:
        """Return the person who asks for ``file``; by default the session's."""
        return Person.of(self.request.user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, log and answer; a browser that only prefetches is sent away."""
        if is_prefetch(request):
            return uncacheable(HttpResponse(status=503))
        file = self.get_file()
        try:
            return self.issue(self.get_person(file), file)
        except DownloadRefused as refusal:
            return self.refused(file, refusal)

    def head(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as ``get`` would, without any effect."""
        file = self.get_file()
        person = self.get_person(file)
        decision = services.authorize_download(person, file, viewer=self.get_viewer(), ahead=False)
        if not decision.allowed:
            return self.refused(file, DownloadRefused(decision, file.asset))
        return self.preview(person, file)

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the answer to GET, through one of ``services``. Raises what that raises."""
        raise NotImplementedError

    def preview(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the answer to HEAD, for a person who may have the file."""
        raise NotImplementedError

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        """Return the answer to a person who may not have the file."""
        return refuse(self.request, file.asset, refusal.decision, self.refused_template)


def is_prefetch(request: HttpRequest) -> bool:
    """Return whether a browser fetches this ahead of any click."""
    return any(_PURPOSE.search(request.headers.get(name, "")) for name in _PURPOSE_HEADERS)


def see_other(url: str) -> HttpResponse:
    """Redirect to the distribution, keeping the URL out of caches and ``Referer`` headers."""
    return uncacheable(HttpResponseSeeOther(url))


def see_nothing() -> HttpResponse:
    """Answer HEAD with the status of ``see_other``, without the signature in ``Location``."""
    return uncacheable(HttpResponse(status=HttpResponseSeeOther.status_code))
