"""Assets and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected import services
from cf_protected.admin.forms import AssetFileForm, AssetFileFormSet, AssetForm, BulkGrantForm
from cf_protected.models import Asset, AssetFile, Grant

if TYPE_CHECKING:
    from cf_protected.admin.people import Person

    AssetModelAdmin = admin.ModelAdmin[Asset]
    AssetFileStackedInline = admin.StackedInline[AssetFile, Asset]
else:
    AssetModelAdmin = admin.ModelAdmin
    AssetFileStackedInline = admin.StackedInline


class AssetFileInline(AssetFileStackedInline):
    """The files, below their asset."""

    model = AssetFile
    form = AssetFileForm
    formset = AssetFileFormSet
    extra = 1
    fields = (
        ("name", "download_name", "position"),
        ("upload", "key"),
        ("size", "content_type", "checksum"),
    )
    readonly_fields = ("size", "content_type", "checksum")


@admin.register(Asset)
class AssetAdmin(AssetModelAdmin):
    """Assets: what is sold, with their files inline."""

    form = AssetForm
    inlines: ClassVar = [AssetFileInline]
    list_display = ("title", "state", "sku", "file_count", "distribution", "updated_at")
    list_filter = ("state", "distribution")
    search_fields = ("title", "slug", "sku")
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    date_hierarchy = "created_at"
    actions = ("grant_to_people",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        return super().get_queryset(request).annotate(_files=Count("files"))

    @admin.display(description=_("files"), ordering="_files")
    def file_count(self, asset: Asset) -> int:
        """How many files the asset has."""
        return getattr(asset, "_files", 0)

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Who may add grants may also add many."""
        return bool(request.user.has_perm("cf_protected.add_grant"))

    @admin.action(description=_("Grant selected assets to people…"), permissions=["grant"])
    def grant_to_people(
        self, request: HttpRequest, queryset: QuerySet[Asset]
    ) -> HttpResponse | None:
        """Ask who gets the selected assets, then grant them."""
        form = BulkGrantForm(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            self._grant(request, queryset, form)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Grant to people"),
            "opts": self.opts,
            "queryset": queryset,
            "form": form,
            "media": self.media + form.media,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/cf_protected/bulk_grant.html", context)

    def _grant(self, request: HttpRequest, assets: QuerySet[Asset], form: BulkGrantForm) -> None:
        made = kept = 0
        for asset in assets:
            for person in form.cleaned_data["people"]:
                if _has_already(person, asset):
                    kept += 1
                    continue
                services.grant(
                    asset,
                    person.user,
                    email=person.email,
                    expires_at=form.cleaned_data["expires_at"],
                    max_downloads=form.cleaned_data["max_downloads"],
                    granted_by=request.user,
                )
                made += 1
        text = ngettext("%(count)d grant was made.", "%(count)d grants were made.", made)
        self.message_user(request, text % {"count": made}, messages.SUCCESS)
        if kept:
            text = ngettext(
                "%(count)d person had it already.", "%(count)d people had it already.", kept
            )
            self.message_user(request, text % {"count": kept}, messages.INFO)


def _has_already(person: Person, asset: Asset) -> bool:
    active = Grant.objects.for_asset(asset).active()
    if person.user is not None:
        return active.for_user(person.user).exists()
    return active.filter(user__isnull=True, email=person.email.lower()).exists()
