"""The buyer's pages: everything they have, and the files of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.generic import ListView, View

from cf_protected import services
from cf_protected.access import Decision, Holding, explain
from cf_protected.models import Asset, AssetFile
from cf_protected.services import Access
from cf_protected.views.protect import MISSING, AssetRequiredMixin

#: How many files of each asset the library shows. The asset's own page has all of them.
LIBRARY_FILES: Final = 20


class PrivatePageMixin(View):
    """Keeps a page about one person out of shared caches."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        patch_cache_control(response, private=True)
        return response


@dataclass(frozen=True)
class LibraryEntry:
    """One asset on the library page, with its first files."""

    asset: Asset
    decision: Decision
    holding: Holding | None
    files: list[AssetFile]
    has_more_files: bool

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

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Claim what waits for the account's addresses, then list what it has."""
        services.claim_what_waits(request.user)
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Asset]:
        # One more than is shown: if it exists, there are more.
        first = AssetFile.objects.all()[: LIBRARY_FILES + 1]
        files = Prefetch("files", queryset=first, to_attr="first_files")
        return Asset.objects.held_by(self.request.user).prefetch_related(files)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        access = Access(self.request.user)
        context["entries"] = [
            LibraryEntry(
                asset,
                access.decide(asset),
                access.holding(asset),
                asset.first_files[:LIBRARY_FILES],
                len(asset.first_files) > LIBRARY_FILES,
            )
            for asset in context["object_list"]
        ]
        return context


class AssetView(PrivatePageMixin, AssetRequiredMixin, ListView):
    """The page of one asset with its files, for a person who has it."""

    template_name = "cf_protected/asset.html"
    context_object_name = "files"
    paginate_by = 100

    def get_queryset(self) -> QuerySet[AssetFile]:
        return self.asset.files.all()

    def get_asset(self) -> Asset:
        """Return the asset with the URL's ``uuid``, or with its ``slug``."""
        uuid = self.kwargs.get("uuid")
        if uuid is None:
            return super().get_asset()
        # A shop's slugs may look like UUIDs. Two queries would show by their time what exists.
        found = Asset.objects.filter(Q(uuid=uuid) | Q(slug=str(uuid)))
        if not found:
            raise Http404(MISSING)
        return min(found, key=lambda asset: asset.uuid != uuid)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            asset=self.asset,
            decision=self.decision,
            holding=self.decision.grant and Access(self.request.user).holding(self.asset),
            **kwargs,
        )
