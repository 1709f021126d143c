"""A project with views of its own around the app's."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import include, path
from django.views.generic import View

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import Asset, AssetFile
from cf_protected.views import AssetRequiredMixin, DownloadView, asset_required


class FirstFileView(DownloadView):
    """The first file of an asset, behind a proxy, refused in a few words."""

    def get_file(self) -> AssetFile:
        return get_object_or_404(AssetFile, asset__slug=self.kwargs["slug"], position=0)

    def get_viewer(self) -> services.Viewer:
        return services.Viewer(ip_address=self.request.headers["X-Real-IP"])

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        return HttpResponse(f"no: {refusal.decision.reason}", status=402)


class ReadOnlineView(AssetRequiredMixin, View):
    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return HttpResponse(f"{self.asset.title}: {self.decision.reason}")


class BySkuView(AssetRequiredMixin, View):
    refused_template = "own_refusal.html"

    def get_asset(self) -> Asset:
        return get_object_or_404(Asset, sku=self.kwargs["sku"])

    def get(self, request: HttpRequest, sku: str) -> HttpResponse:
        raise Http404("There is no such page of the book.")


@asset_required()
def read_online(request: HttpRequest, slug: str) -> HttpResponse:
    """Its docstring."""
    return HttpResponse(f"reading {slug}")


def by_sku(request: HttpRequest, sku: str) -> Asset:
    return get_object_or_404(Asset, sku=sku)


@asset_required(by_sku)
def read_by_sku(request: HttpRequest, sku: str) -> HttpResponse:
    return HttpResponse(f"reading {sku}")


def careless(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Doesn't catch the refusal."""
    file = get_object_or_404(AssetFile, asset__slug=kwargs["slug"])
    return HttpResponse(services.issue_url(request.user, file).url)


urlpatterns = [
    path("downloads/", include("cf_protected.urls")),
    path("login/", careless, name="login"),
    path("first/<slug:slug>/", FirstFileView.as_view()),
    path("read/<slug:slug>/", ReadOnlineView.as_view()),
    path("sku/<sku>/", BySkuView.as_view()),
    path("f/read/<slug:slug>/", read_online),
    path("f/sku/<sku>/", read_by_sku),
    path("careless/<slug:slug>/", careless),
]
