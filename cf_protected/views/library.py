"""The buyer's pages: everything they have, and the files of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.generic import ListView, TemplateView, View

from cf_protected.access import Decision, explain
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
            LibraryEntry(asset, access.decide(asset)) for asset in context["object_list"]
        ]
        return context


class AssetView(PrivatePageMixin, AssetRequiredMixin, TemplateView):
    """The page of one asset with its files, for a person who has it."""

    template_name = "cf_protected/asset.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            asset=self.asset,
            files=self.asset.files.all(),
            decision=self.decision,
            grant=self.decision.grant,
            **kwargs,
        )
