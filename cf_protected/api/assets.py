"""The caller's assets, and the files of each."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.api.base import APIView
from cf_protected.api.inputs import Query
from cf_protected.api.problems import anonymous_problem
from cf_protected.api.representations import represent_asset, represent_file
from cf_protected.models import Asset, AssetFile
from cf_protected.person import Person, User
from cf_protected.services.refusals import log_refusal
from cf_protected.services.terms import make_request
from cf_protected.viewer import get_viewer

_PAGE_SIZE: Final = 50


class AssetListAPIView(APIView):
    """All assets that the caller has or had, as on the library page.

    The number of queries doesn't grow with them, and neither the storage nor the key source
    is asked.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        if not Person.of(self.caller).is_known:
            return anonymous_problem()
        services.claim_what_waits(self.caller)
        page = _page_of(
            request, Asset.objects.held_by(self.caller).prefetch_related(_first_files())
        )
        access = services.Access(self.caller)
        assets = [_represent(request, one, access.decide(one), self.caller) for one in page.items]
        return JsonResponse({"assets": assets, "next": page.next, "previous": page.previous})


class AssetAPIView(APIView):
    """One asset that the caller has or had."""

    def get(self, request: HttpRequest, slug: str) -> JsonResponse:
        asset = get_object_or_404(Asset, slug=slug)
        decision = services.authorize(self.caller, asset)
        if not decision.allowed and decision.grant is None:
            raise _refused(request, self.caller, asset, decision)
        prefetch_related_objects([asset], _first_files())
        return JsonResponse(_represent(request, asset, decision, self.caller))


class AssetFileListAPIView(APIView):
    """The files of one asset that the caller has or had."""

    def get(self, request: HttpRequest, slug: str) -> JsonResponse:
        asset = get_object_or_404(Asset, slug=slug)
        decision = services.authorize(self.caller, asset)
        if not decision.allowed:  # as on the pages
            raise _refused(request, self.caller, asset, decision)
        page = _page_of(request, asset.files.all())
        files = [represent_file(file) for file in page.items]
        return JsonResponse({"files": files, "next": page.next, "previous": page.previous})


def _refused(
    request: HttpRequest, caller: Person | User, asset: Asset, decision: Decision
) -> DownloadRefused:
    """Log a refusal, but none of a HEAD, which has no effect. Return the error to raise."""
    if request.method != "HEAD":
        log_refusal(make_request(caller, viewer=get_viewer(request)), asset, None, decision)
    return DownloadRefused(decision, asset)


class _Page(NamedTuple):
    items: list[Any]
    next: str | None
    previous: str | None


def _page_of(request: HttpRequest, found: QuerySet[Any]) -> _Page:
    """Return the page that the query asks for, with the URLs of its neighbours."""
    query = Query(request)
    number = query.number("page", default=1, highest=1_000_000)
    size = query.number("pageSize", default=_PAGE_SIZE, highest=100)
    start = (number - 1) * size
    # One more than is shown: if it exists, there is a next page.
    items = list(found[start : start + size + 1])
    return _Page(
        items[:size],
        _url(request, request.path, number + 1, size) if len(items) > size else None,
        _url(request, request.path, number - 1, size) if number > 1 else None,
    )


def _first_files() -> Prefetch[Any]:
    first = AssetFile.objects.all()[: _PAGE_SIZE + 1]
    return Prefetch("files", queryset=first, to_attr="first_files")


def _represent(
    request: HttpRequest, asset: Any, decision: Decision, caller: Person | User
) -> dict[str, Any]:
    shown = asset.first_files if decision.allowed else []  # as on the pages
    files, further = shown[:_PAGE_SIZE], None
    if len(shown) > _PAGE_SIZE:
        path = reverse("cf_protected_api:asset_files", kwargs={"slug": asset.slug})
        further = _url(request, path, 2, _PAGE_SIZE)
    return represent_asset(asset, decision, caller, files=files, next_files=further)


def _url(request: HttpRequest, path: str, page: int, size: int) -> str:
    query = urlencode({"page": page, "pageSize": size})
    return request.build_absolute_uri(f"{path}?{query}")
