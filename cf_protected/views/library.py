"""The buyer's pages: everything they have, and the files of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.generic import ListView, View

from cf_protected import services
from cf_protected.access import Decision, Holding, explain
from cf_protected.guests import person_of
from cf_protected.models import Asset, AssetFile
from cf_protected.person import Person
from cf_protected.services import Access
from cf_protected.views.offers import offers_of_nothing
from cf_protected.views.protect import (
    MISSING,
    AssetRequiredMixin,
    PersonRequiredMixin,
    kept_private,
)

#: How many files of each asset the library shows. The asset's own page has all of them.
LIBRARY_FILES: Final = 20


class PrivatePageMixin(View):
    """Keeps a page about one person out of shared caches, and a guest's out of all."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return kept_private(request, super().dispatch(request, *args, **kwargs))


@dataclass(frozen=True)
class LibraryEntry:
    """One asset on the library page, with its first files."""

    asset: Asset
    decision: Decision
    holding: Holding | None
    files: list[AssetFile]
    has_more_files: bool
    person: Person

    @property
    def has_buttons(self) -> bool:
        """Whether the files have buttons in place of links, which scanners open too."""
        return has_buttons(self.person, self.decision)

    @property
    def explanation(self) -> str:
        """The sentence that tells the buyer whether it can be downloaded, and if not, why."""
        return explain(self.decision, self.person)


def has_buttons(person: Person, decision: Decision) -> bool:
    """Return whether a guest's downloads are counted."""
    return person.guest is not None and decision.is_counted


@method_decorator(login_not_required, name="dispatch")  # guests have no account
class LibraryView(PrivatePageMixin, PersonRequiredMixin, ListView):
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
        return Asset.objects.held_by(person_of(self.request)).prefetch_related(files)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if not context["object_list"]:
            context |= offers_of_nothing(self.request)
        person = person_of(self.request)
        access = Access(person)
        context["entries"] = [
            LibraryEntry(
                asset,
                access.decide(asset),
                access.holding(asset),
                asset.first_files[:LIBRARY_FILES],
                len(asset.first_files) > LIBRARY_FILES,
                person,
            )
            for asset in context["object_list"]
        ]
        return context


@method_decorator(login_not_required, name="dispatch")  # the authoriser may admit strangers
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
        person = person_of(self.request)
        return super().get_context_data(
            asset=self.asset,
            decision=self.decision,
            holding=self.decision.grant and Access(person).holding(self.asset),
            has_buttons=has_buttons(person, self.decision),
            **kwargs,
        )
