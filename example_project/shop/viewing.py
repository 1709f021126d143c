"""Pages for viewing what was bought: prints, films and galleries; and links to take elsewhere."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

from cf_protected import services
from cf_protected.distributions import distributions
from cf_protected.guests import person_of
from cf_protected.middleware import renew_signed_cookies
from cf_protected.models import Asset, AssetFile
from cf_protected.signed_cookies.jar import set_cookies
from cf_protected.viewer import get_viewer
from cf_protected.views import AssetRequiredMixin
from example_project.shop.models import Product


@method_decorator(cache_control(private=True), name="dispatch")
class PictureView(AssetRequiredMixin, TemplateView):
    """A print, by a signed URL in the page. The page is therefore private."""

    template_name = "shop/picture.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pictures = self.asset.files.filter(content_type__startswith="image/")[:20]
        return super().get_context_data(asset=self.asset, pictures=pictures, **kwargs)


@method_decorator(cache_control(private=True), name="dispatch")
class FolderPage(AssetRequiredMixin, TemplateView):
    """A page about the folder of a product of one kind, for one person."""

    kind: ClassVar[Product.Kind]

    def get_asset(self) -> Asset:
        return get_object_or_404(Asset, slug=self.kwargs["slug"], product__kind=self.kind)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(asset=self.asset, folder=self.get_folder(), **kwargs)

    def get_folder(self) -> AssetFile:
        folder = self.asset.files.filter(kind=AssetFile.Kind.PREFIX).first()
        if folder is None:
            raise Http404("The asset has no folder.")
        return folder


@method_decorator(renew_signed_cookies, name="dispatch")
class WatchView(FolderPage):
    """A film: with cookies, or with ``?player=playlist`` by signed links in its playlist."""

    kind = Product.Kind.FILM
    template_name = "shop/watch.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        by_playlist = self.request.GET.get("player") == "playlist"
        return super().get_context_data(by_playlist=by_playlist, **kwargs)


@dataclass(frozen=True)
class Picture:
    """A picture of a gallery, and its thumbnail, by URLs that only cookies open."""

    title: str
    part: str
    url: str
    thumbnail: str


class GalleryView(FolderPage):
    """Small pictures that lead to large ones: one set of cookies opens them all."""

    kind = Product.Kind.GALLERY
    template_name = "shop/gallery.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        folder = self.get_folder()
        issued = services.issue_cookies(person_of(request), [folder], viewer=get_viewer(request))
        response = super().get(request, *args, **kwargs)
        set_cookies(request, response, issued)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pictures = list_pictures(self.get_folder())
        by_part = itertools.groupby(pictures, key=lambda picture: picture.part)
        parts = [(part, list(of_part)) for part, of_part in by_part]
        return super().get_context_data(parts=parts, **kwargs)


def list_pictures(folder: AssetFile) -> list[Picture]:
    """Return the folder's pictures, titled by file names such as ``05-tracks-morning.jpg``."""
    distribution = distributions[folder.asset.distribution]
    _folders, names = distribution.storage.listdir(folder.key)
    pictures = []
    for name in sorted(names):
        _number, *words, part = PurePosixPath(name).stem.split("-")
        pictures.append(
            Picture(
                title=" ".join(words).capitalize(),
                part=part,
                url=distribution.url(folder.key + name),
                thumbnail=distribution.url(f"{folder.key}thumbnails/{name}"),
            )
        )
    return pictures


class LinksView(LoginRequiredMixin, TemplateView):
    """Links to take elsewhere; a script gets them from the JSON API."""

    template_name = "shop/links.html"
