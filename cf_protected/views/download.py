"""The download view: a 303 to a signed URL, or a page that says why not; or both in JSON."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import InvalidToken
from cf_protected.http import problems
from cf_protected.http.authentication import authenticate
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.responses import uncacheable
from cf_protected.views.file import FileView, see_other


@method_decorator(login_not_required, name="dispatch")
class DownloadView(FileView):
    """Redirects a person who has the file's asset to a signed URL of the file.

    A client that prefers ``application/json`` gets the URL itself, and problem details in
    place of pages and of the login; it may also come with a bearer token. So Django's
    ``LoginRequiredMiddleware`` leaves the login to the view.

    Subclass it to find the file, to describe the viewer or to refuse in another way.
    """

    kind = AssetFile.Kind.OBJECT

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except InvalidToken as error:
            response = problems.token_problem(error)
        patch_vary_headers(response, ["Accept"])
        return response

    @property
    def wants_json(self) -> bool:
        """Whether the answer is for a program."""
        return problems.wants_json(self.request)

    def get_person(self, file: AssetFile) -> Person:
        if self.wants_json:
            return Person.of(authenticate(self.request))
        return super().get_person(file)

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """The redirect, or the URL in JSON."""
        issued = services.issue_url(person, file, viewer=self.get_viewer(), ahead=False)
        if self.wants_json:
            content = {"signedUrl": issued.url, "expiresAt": issued.expires_at}
            return uncacheable(JsonResponse(content))
        return see_other(issued.url)

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        if self.wants_json:
            return problems.refusal_problem(refusal.decision)
        return super().refused(file, refusal)

    def missing(self, error: Http404) -> HttpResponseBase:
        if self.wants_json:
            return problems.missing_problem(authenticate(self.request))
        return super().missing(error)

    def unavailable(self, error: Exception) -> HttpResponseBase:
        if self.wants_json:
            return problems.unavailable_problem(self.request, error)
        return super().unavailable(error)
