"""The app, and the views it is compared with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from cf_protected.models import AssetFile
from cf_protected.views.file import HttpResponseSeeOther

ELSEWHERE = "https://downloads.example.com/"
SIGNED_LINKS = engines["django"].from_string(
    "{% load cf_protected %}{% for file in files %}{% signed_url file %}\n{% endfor %}"
)


def empty(request: HttpRequest) -> HttpResponse:
    """Redirect, at the lowest cost that Django allows."""
    return HttpResponseSeeOther(ELSEWHERE)


def empty_with_user(request: HttpRequest) -> HttpResponse:
    """Redirect a user who is signed in, at the lowest cost that Django allows."""
    return HttpResponseSeeOther(f"{ELSEWHERE}?user={request.user.pk}")


def signed_links(request: HttpRequest) -> HttpResponse:
    """Render a page with a ``{% signed_url %}`` for every file."""
    files = AssetFile.objects.select_related("asset")
    return HttpResponse(SIGNED_LINKS.render({"files": files}, request))


urlpatterns = [
    path("empty/", empty),
    path("empty-with-user/", empty_with_user),
    path("signed-links/", signed_links),
    path("downloads/", include("cf_protected.urls")),
]
