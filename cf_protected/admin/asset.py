"""The admin of assets and their files."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected.admin.asset_file import may_change
from cf_protected.admin.asset_forms import AssetFileForm, AssetFileFormSet, AssetForm
from cf_protected.admin.bulk import DeletesMany
from cf_protected.admin.bulk_grant import GrantsToPeople
from cf_protected.models import Asset, AssetFile, Grant

_SOLD: Final = ("title", "slug", "description", "sku", "state")
_DELIVERY: Final[Any] = (
    _("Delivery"),
    {"fields": ("distribution", "available_from", "bind_to_ip")},
)

# The page of an asset links to this many of its files.
_LISTED: Final = 20


class NewFileInline(admin.StackedInline):
    """New files, on the asset's page. Those that it has are in a list of their own.

    An asset may have thousands of files, and Django accepts a thousand fields of a form.
    """

    model = AssetFile
    form = AssetFileForm
    formset = AssetFileFormSet
    extra = 1
    max_num = 20
    can_delete = False
    verbose_name = _("new file")
    verbose_name_plural = _("new files")
    fields = (
        ("upload", "key"),
        ("kind", "entry", "duration"),
        ("name", "download_name", "position"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssetFile]:
        return super().get_queryset(request).none()

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.form.may_change = staticmethod(may_change(self.admin_site, request))
        return formset

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Asset)
class AssetAdmin(GrantsToPeople, DeletesMany):
    """The admin of assets. Files are added here, and changed on pages of their own."""

    form = AssetForm
    inlines: ClassVar = [NewFileInline]
    list_display = ("title", "state", "sku", "file_count", "updated_at")
    list_filter = ("state", "distribution", "files__kind")
    search_fields = ("title", "slug", "sku")
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    ordering = ("title", "pk")
    date_hierarchy = "created_at"
    actions = ("grant_to_people",)
    readonly_fields = ("files", "grants")

    def get_fieldsets(self, request: HttpRequest, obj: Asset | None = None) -> Any:
        site = self.admin_site
        fields = [*_SOLD]
        if obj is not None and site.is_registered(AssetFile):
            files = site.get_model_admin(AssetFile)
            fields += ["files"] if files.has_view_or_change_permission(request) else []
        if obj is not None and site.is_registered(Grant):
            fields += ["grants"]
        return (None, {"fields": fields}), _DELIVERY

    def get_inlines(self, request: HttpRequest, obj: Asset | None) -> Any:
        may_edit = (
            self.has_add_permission(request)
            if obj is None
            else self.has_change_permission(request, obj)
        )
        return super().get_inlines(request, obj) if may_edit else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.may_change = staticmethod(may_change(self.admin_site, request))
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        # Called only for a valid form, and before the formset validates the files: see
        # AssetFileFormSet.clean, which uploads only then.
        asset = super().save_form(request, form, change)
        asset.form_is_valid = True
        return asset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        assets: QuerySet[Asset] = super().get_queryset(request)
        # Not a join, which would group the assets wherever this queryset is used.
        files = AssetFile.objects.filter(asset=OuterRef("pk")).order_by().values("asset")
        number = Subquery(files.annotate(number=Count("*")).values("number"))
        return assets.annotate(_files=Coalesce(number, 0))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what Django would list: an asset may have thousands of files and grants."""
        grants = Grant.objects.filter(asset__in=[asset.pk for asset in objs]).count()
        if grants:
            text = ngettext("%(count)d grant", "%(count)d grants", grants)
            return [], {}, set(), [text % {"count": grants}]
        return super().get_deleted_objects(objs, request)

    @admin.display(description=_("files"), ordering="_files")
    def file_count(self, asset: Asset) -> int:
        """Return how many files the asset has."""
        return getattr(asset, "_files", 0)

    @admin.display(description=_("files"))
    def files(self, asset: Asset) -> SafeString:
        """Return the number of files, linked to their list, and the first of them."""
        site = self.admin_site.name
        shown = [
            (reverse("admin:cf_protected_assetfile_change", args=[file.pk], current_app=site), file)
            for file in asset.files.all()[:_LISTED]
        ]
        # Not a <ul>: the admin's own style of a form indents those by a label's width.
        links = format_html_join("", '<br><a href="{}">{}</a>', shown)
        url = reverse("admin:cf_protected_assetfile_changelist", current_app=site)
        number = asset.files.count()
        text = ngettext("%(count)d file", "%(count)d files", number) % {"count": number}
        return format_html('<a href="{}?asset={}">{}</a>{}', url, asset.pk, text, links)

    @admin.display(description=_("grants"))
    def grants(self, asset: Asset) -> SafeString:
        """Return the number of grants, linked to their list."""
        url = reverse("admin:cf_protected_grant_changelist", current_app=self.admin_site.name)
        return format_html(
            '<a href="{}?asset__id__exact={}">{}</a>', url, asset.pk, asset.grants.count()
        )
