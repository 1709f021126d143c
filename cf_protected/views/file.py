"""The base of the views that answer a request for one file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar, Final

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import get_object_or_404, render

from cf_protected import services
from cf_protected.access import DownloadRefused, DownloadUnconfirmed
from cf_protected.distributions import distributions
from cf_protected.edge.content_types import guess_content_type
from cf_protected.guests import person_of
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.responses import content_disposition, uncacheable, unstored_page
from cf_protected.views.base import PersonalView
from cf_protected.views.protect import not_found, refuse
from cf_protected.views.purpose import is_part_of_page, is_prefetch, is_unread

# Turbo keeps what it prefetched and shows it at the click, whatever its status. This makes
# the click a navigation of the browser's own: https://turbo.hotwired.dev/reference/attributes
_PREFETCHED: Final = (
    '<!doctype html><title>…</title><meta name="turbo-visit-control" content="reload">'
)


class HttpResponseSeeOther(HttpResponseRedirectBase):
    """303: fetch the other URL with GET, and don't remember this answer."""

    status_code = 303


class Unmeasured(StreamingHttpResponse):
    """No content, and no ``Content-Length`` of 0, which would be taken for the file's."""

    def __init__(self, *, content_type: str) -> None:
        # With an encoding of its own, GZipMiddleware leaves it alone.
        headers = {"Content-Encoding": "identity"}
        super().__init__((), content_type=content_type, headers=headers)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk


class FileView(PersonalView):
    """Answers a request for one file, or tells the person why it is refused.

    A subclass defines in ``issue`` the answer to GET, and to the POST of a guest's button. GET
    counts no download of a guest that has a limit: mail scanners open every link that they find.
    """

    kind: ClassVar[AssetFile.Kind]
    confirm_template = "cf_protected/confirm_download.html"
    http_method_names: Sequence[str] = ("get", "head", "post", "options")

    def get_file(self) -> AssetFile:
        """Return the file of this request, by default the one with the URL's ``uuid``.

        Raises ``Http404``.
        """
        files = AssetFile.objects.select_related("asset").filter(kind=self.kind)
        return get_object_or_404(files, uuid=self.kwargs["uuid"])

    def get_person(self, file: AssetFile) -> Person:
        """Return the person who asks for ``file``; by default the session's."""
        return person_of(self.request)

    @property
    def is_confirmed(self) -> bool:
        """Whether the person pressed a button, so that a guest's limited download is counted."""
        return self.request.method == "POST"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, log and answer; a prefetch has no effect."""
        if is_prefetch(request):
            return self.prefetched()
        file = self.get_file()
        person = self.get_person(file)
        try:
            if is_part_of_page(request):
                return self.embed(person, file)
            return self.issue(person, file)
        except DownloadUnconfirmed as question:
            return self.confirm(file, question)
        except DownloadRefused as refusal:
            return self.refused(file, refusal)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do what ``get`` does for a click, and count a guest's limited download too."""
        file = self.get_file()
        person = self.get_person(file)
        if person.account is not None:
            return self.http_method_not_allowed(request)
        try:
            return self.issue(person, file)
        except DownloadRefused as refusal:
            return self.refused(file, refusal)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return a 405. POST is for guests, and for those whose proof ended meanwhile."""
        response = super().http_method_not_allowed(request, *args, **kwargs)
        if person_of(request).account is not None:
            response["Allow"] = "GET, HEAD, OPTIONS"
        return response

    def confirm(self, file: AssetFile, question: DownloadUnconfirmed) -> HttpResponseBase:
        """Return the page with the button that counts a guest's limited download."""
        holding = services.Access(self.get_person(file)).holding(file.asset)
        context = {"file": file, "asset": file.asset, "holding": holding}
        return unstored_page(render(self.request, self.confirm_template, context))

    def head(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Describe the file, without a signature and any effect; refuse as ``get`` would."""
        file = self.get_file()
        try:
            self.check(self.get_person(file), file)
        except DownloadRefused as refusal:
            return self.refused(file, refusal)
        return uncacheable(self.describe(file))

    def check(self, person: Person, file: AssetFile) -> None:
        """Raise ``DownloadRefused`` where a download would be refused, without any effect."""
        viewer = self.get_viewer()
        decision = services.authorize_download(person, file, viewer=viewer, ahead=False)
        if not decision.allowed:
            raise DownloadRefused(decision, file.asset)

    def prefetched(self) -> HttpResponseBase:
        """Return an answer to a prefetch that no browser keeps for the click."""
        if "X-Sec-Purpose" in self.request.headers:
            return uncacheable(HttpResponse(_PREFETCHED))
        return uncacheable(HttpResponse(status=503))

    def embed(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the answer to a page that shows the file: a 403 where downloads are counted.

        Any site can put a link to the file into an ``<img>``. That must not use up a download.
        A file isn't logged either, as the signatures of ``{% signed_url %}`` aren't.
        """
        self.check(person, file)
        access = services.Access(person, viewer=self.get_viewer())
        url = access.signed_url(file)
        if url is not None:
            return see_other(url)
        if access.can_open(file):
            return self.issue(person, file)  # a folder, such as a course in a frame
        return uncacheable(HttpResponse(status=403))

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the answer to GET, through one of ``services``. Raises what that raises."""
        raise NotImplementedError

    def describe(self, file: AssetFile) -> HttpResponseBase:
        """Return a response with the file's type, name and size, as far as they are known."""
        content_type = file.content_type or guess_content_type(file.file_name)
        if file.size is None or file.is_prefix:
            response: HttpResponseBase = Unmeasured(content_type=content_type)
        else:
            response = HttpResponse(content_type=content_type)
            response["Content-Length"] = str(file.size)
        disposition = distributions[file.asset.distribution].settings.content_disposition
        if disposition and not file.is_prefix:
            response["Content-Disposition"] = content_disposition(disposition, file.file_name)
        return response

    def missing(self, error: Http404) -> HttpResponseBase:
        unlogged = is_unread(self.request) or is_part_of_page(self.request)
        return not_found(self.request, error, log=not unlogged)

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        """Return the answer to a person who may not have the file."""
        return refuse(self.request, file.asset, refusal.decision, self.refused_template)


def see_other(url: str) -> HttpResponse:
    """Return a 303 to ``url``, kept out of caches, and its own URL out of ``Referer`` headers."""
    return uncacheable(HttpResponseSeeOther(url))
