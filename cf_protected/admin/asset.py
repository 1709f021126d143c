"""The admin of assets and their files."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import router, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected import services
from cf_protected.admin.asset_forms import AssetFileForm, AssetFileFormSet, AssetForm
from cf_protected.admin.bulk import ask
from cf_protected.admin.grant_forms import BulkGrantForm
from cf_protected.admin.people import Holder
from cf_protected.models import Asset, AssetFile, Grant

_SOLD: Final = ("title", "slug", "description", "sku", "state")
_DELIVERY: Final[Any] = (
    _("Delivery"),
    {"fields": ("distribution", "available_from", "bind_to_ip")},
)


class AssetFileInline(admin.StackedInline):
    """An asset's files, on the asset's page."""

    model = AssetFile
    form = AssetFileForm
    formset = AssetFileFormSet
    extra = 1
    view_on_site = False  # the link would be a download, refused and logged for most staff
    fields = (
        ("upload", "key"),
        ("kind", "entry", "duration"),
        ("name", "download_name", "position"),
        ("stored_size", "content_type", "checksum"),
    )
    readonly_fields = ("stored_size", "content_type", "checksum")

    def get_fields(self, request: HttpRequest, obj: Asset | None = None) -> Any:
        """Hide the upload field from users with view permission only."""
        fields = super().get_fields(request, obj)
        if self.has_add_permission(request, obj) or self.has_change_permission(request, obj):
            return fields
        return ["key", *fields[1:]]

    @admin.display(description=_("size"))
    def stored_size(self, file: AssetFile) -> str:
        """Return the size in a readable unit."""
        return self.get_empty_value_display() if file.size is None else filesizeformat(file.size)


@admin.register(Asset)
class AssetAdmin(admin.ModelAdmin):
    """The admin of assets, with their files inline."""

    form = AssetForm
    inlines: ClassVar = [AssetFileInline]
    list_display = ("title", "state", "sku", "file_count", "updated_at")
    list_filter = ("state", "distribution", "files__kind")
    search_fields = ("title", "slug", "sku")
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    ordering = ("title", "pk")  # the annotation below drops the model's ordering
    date_hierarchy = "created_at"
    actions = ("grant_to_people",)
    readonly_fields = ("grants",)

    def get_fieldsets(self, request: HttpRequest, obj: Asset | None = None) -> Any:
        linked = obj is not None and self.admin_site.is_registered(Grant)
        return (None, {"fields": (*_SOLD, "grants") if linked else _SOLD}), _DELIVERY

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        # Called only for a valid form, and before the formset validates the files: see
        # AssetFileFormSet.clean, which uploads only then.
        asset = super().save_form(request, form, change)
        asset.form_is_valid = True
        return asset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        assets: QuerySet[Asset] = super().get_queryset(request)
        # Distinct, since the filter by kind joins the files a second time.
        return assets.annotate(_files=Count("files", distinct=True))

    @admin.display(description=_("files"), ordering="_files")
    def file_count(self, asset: Asset) -> int:
        """Return how many files the asset has."""
        return getattr(asset, "_files", 0)

    @admin.display(description=_("grants"))
    def grants(self, asset: Asset) -> SafeString:
        """Return the number of grants, linked to their list."""
        url = reverse("admin:cf_protected_grant_changelist", current_app=self.admin_site.name)
        return format_html(
            '<a href="{}?asset__id__exact={}">{}</a>', url, asset.pk, asset.grants.count()
        )

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may grant in bulk: the permission to add a grant suffices."""
        return bool(request.user.has_perm("cf_protected.add_grant"))

    @admin.action(description=_("Grant selected assets to people…"), permissions=["grant"])
    def grant_to_people(
        self, request: HttpRequest, queryset: QuerySet[Asset]
    ) -> HttpResponse | None:
        """Ask for the people, then grant them the selected assets."""
        form = BulkGrantForm(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            self._grant(request, queryset, form)
            return None
        template = "admin/cf_protected/bulk_grant.html"
        return ask(self, request, queryset, form, title=_("Grant to people"), template=template)

    def _grant(self, request: HttpRequest, assets: QuerySet[Asset], form: BulkGrantForm) -> None:
        people = form.cleaned_data["people"]
        wanted = [(asset, holder) for asset in assets for holder in people]
        with transaction.atomic(using=router.db_for_write(Grant)):  # all or nothing
            made = [
                services.grant(
                    asset,
                    holder.user,
                    email=holder.email,
                    expires_at=form.cleaned_data["expires_at"],
                    max_downloads=form.cleaned_data["max_downloads"],
                    granted_by=request.user,
                )
                for asset, holder in wanted
                if not _has_already(holder, asset)
            ]
        user: Any = request.user
        LogEntry.objects.log_actions(
            user.pk, made, ADDITION, change_message=str(_("Granted to people."))
        )
        self._tell(request, len(made), len(wanted) - len(made))

    def _tell(self, request: HttpRequest, made: int, kept: int) -> None:
        text = ngettext("%(count)d grant was made.", "%(count)d grants were made.", made)
        self.message_user(request, text % {"count": made}, messages.SUCCESS)
        if kept:
            text = ngettext(
                "%(count)d grant wasn't needed: the person has an active one.",
                "%(count)d grants weren't needed: the people have active ones.",
                kept,
            )
            self.message_user(request, text % {"count": kept}, messages.INFO)


def _has_already(holder: Holder, asset: Asset) -> bool:
    active = Grant.objects.for_asset(asset).active()
    if holder.user is not None:
        return active.held_by(holder.user).exists()
    return active.filter(user__isnull=True, email=holder.email).exists()
