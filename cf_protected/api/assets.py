"""The caller's assets."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.api.base import APIView
from cf_protected.api.inputs import Query
from cf_protected.api.problems import anonymous_problem
from cf_protected.api.representations import represent_asset
from cf_protected.models import Asset
from cf_protected.viewer import get_viewer


class AssetListAPIView(APIView):
    """All assets that the caller has or had, as on the library page.

    The number of queries doesn't grow with them, and neither the storage nor the key source
    is asked.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        if not self.user.is_authenticated:
            return anonymous_problem()
        query = Query(request)
        page = query.number("page", default=1, highest=1_000_000)
        size = query.number("pageSize", default=50, highest=100)
        start = (page - 1) * size
        held = Asset.objects.held_by(self.user).prefetch_related("files")
        # One more than is shown: if it exists, there is a next page.
        assets = list(held[start : start + size + 1])
        access = services.Access(self.user)
        return JsonResponse(
            {
                "assets": [represent_asset(one, access.decide(one)) for one in assets[:size]],
                "next": _page(request, page + 1, size) if len(assets) > size else None,
                "previous": _page(request, page - 1, size) if page > 1 else None,
            }
        )


class AssetAPIView(APIView):
    """One asset that the caller has or had."""

    def get(self, request: HttpRequest, slug: str) -> JsonResponse:
        asset = get_object_or_404(Asset.objects.prefetch_related("files"), slug=slug)
        decision = services.authorize(self.user, asset)
        # With a grant of any state it is among the caller's assets.
        if not decision.allowed and decision.grant is None:
            services.admit(self.user, asset, viewer=get_viewer(request))
            raise DownloadRefused(decision, asset)
        return JsonResponse(represent_asset(asset, decision))


def _page(request: HttpRequest, page: int, size: int) -> str:
    query = urlencode({"page": page, "pageSize": size})
    return request.build_absolute_uri(f"{request.path}?{query}")
