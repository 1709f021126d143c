"""The buyer's pages: everything they have, and the files of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.generic import ListView, TemplateView, View

from cf_protected.access import Decision, Holding, explain
from cf_protected.models import Asset
from cf_protected.services import Access
from cf_protected.views.protect import AssetRequiredMixin


class PrivatePageMixin(View):
    """Keeps a page about one person out of shared caches."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        patch_cache_control(response, private=True)
        return response


@dataclass(frozen=True)
class LibraryEntry:
    """One asset on the library page."""

    asset: Asset
    decision: Decision
    holding: Holding | None

    @property
    def explanation(self) -> str:
        """The sentence that tells the buyer whether it can be downloaded, and if not, why."""
        return explain(self.decision)


class LibraryView(PrivatePageMixin, LoginRequiredMixin, ListView):
    """My downloads: the assets that the person has or had, with their files.

    The number of queries doesn't grow with the library. The page uses neither the storage nor
    the key source, so it works during their outages.
    """

    template_name = "cf_protected/library.html"
    paginate_by = 50

    def get_queryset(self) -> QuerySet[Asset]:
        return Asset.objects.held_by(self.request.user).prefetch_related("files")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        access = Access(self.request.user)
        context["entries"] = [
            LibraryEntry(asset, access.decide(asset), access.holding(asset))
            for asset in context["object_list"]
        ]
        return context


class AssetView(PrivatePageMixin, AssetRequiredMixin, TemplateView):
    """The page of one asset with its files, for a person who has it."""

    template_name = "cf_protected/asset.html"

    def get_asset(self) -> Asset:
        """Return the asset with the URL's ``uuid``, or with its ``slug``."""
        uuid = self.kwargs.get("uuid")
        if uuid is None:
            return super().get_asset()
        asset = Asset.objects.filter(uuid=uuid).first()
        # A shop's slugs may look like UUIDs.
        return asset or get_object_or_404(Asset, slug=str(uuid))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            asset=self.asset,
            files=self.asset.files.all(),
            decision=self.decision,
            holding=self.decision.grant and Access(self.request.user).holding(self.asset),
            **kwargs,
        )
