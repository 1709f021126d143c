"""The admin of files: their list, and the page of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.asset_forms import StoredFileForm
from cf_protected.admin.bulk import DeletesMany
from cf_protected.admin.trying import TriesFiles
from cf_protected.models import Asset, AssetFile

_KEY: Final = ("upload", "key")
_CONTENT: Final = ("kind", "entry", "duration")
_NAMES: Final = ("name", "download_name", "position")
_STORED: Final = ("stored_size", "content_type", "checksum")


def asset_admin(site: admin.AdminSite) -> Any:
    """Return the site's admin of assets: a project's own may restrict it to some of them."""
    try:
        return site.get_model_admin(Asset)
    except NotRegistered:
        return admin.ModelAdmin(Asset, site)


def may_change(site: admin.AdminSite, request: HttpRequest) -> Callable[[Asset], bool]:
    """Return a function that tells whether the user may change an asset."""
    assets = asset_admin(site)
    return lambda asset: bool(assets.has_change_permission(request, asset))


class AssetFilter(admin.SimpleListFilter):
    """Restricts the list to one asset, by a link: a list of all assets may be too long."""

    title = _("asset")
    parameter_name = "asset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        assets = asset_admin(model_admin.admin_site).get_queryset(request)
        return [(asset.pk, asset.title) for asset in assets.filter(pk__in=self._chosen())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AssetFile]) -> Any:
        return queryset.filter(asset__in=self._chosen()) if self.value() else queryset

    def _chosen(self) -> list[int]:
        value = self.value() or ""
        return [int(value)] if value.isascii() and value.isdigit() and len(value) < 19 else []


@admin.register(AssetFile)
class AssetFileAdmin(TriesFiles, DeletesMany):
    """The admin of files. New ones are added on the page of their asset.

    A user who changes a file needs the permission to change its asset.
    """

    form = StoredFileForm
    list_display = ("shown_name", "asset", "kind", "key", "stored_size", "position")
    list_filter = ("kind", AssetFilter)
    list_select_related = ("asset",)
    search_fields = ("name", "download_name", "key", "asset__title", "asset__slug")
    show_full_result_count = False
    view_on_site = False  # the link would be a download, refused and logged for most staff
    readonly_fields = ("asset_link", "uuid", *_STORED)

    def get_fieldsets(self, request: HttpRequest, obj: AssetFile | None = None) -> Any:
        key = _KEY if self.has_change_permission(request, obj) else "key"
        return ((None, {"fields": ("asset_link", key, _CONTENT, _NAMES, _STORED, "uuid")}),)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.may_change = staticmethod(may_change(self.admin_site, request))
        return form

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns: without the asset in a list of its files, to leave room for keys."""
        columns = super().get_list_display(request)
        return [name for name in columns if name != "asset" or "asset" not in request.GET]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("position", "pk") if "asset" in request.GET else ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssetFile]:
        files: QuerySet[AssetFile] = super().get_queryset(request)
        assets = asset_admin(self.admin_site).get_queryset(request)
        return files.filter(asset__in=assets.order_by().values("pk"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: AssetFile | None = None) -> bool:
        return super().has_view_permission(request, obj) and (
            obj is None
            or asset_admin(self.admin_site).has_view_or_change_permission(request, obj.asset)
        )

    def has_change_permission(self, request: HttpRequest, obj: AssetFile | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AssetFile | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_change(request, obj)

    def _may_change(self, request: HttpRequest, file: AssetFile | None) -> bool:
        return file is None or may_change(self.admin_site, request)(file.asset)

    @admin.display(description=_("name"))
    def shown_name(self, file: AssetFile) -> str:
        """Return the name that buyers read."""
        return file.display_name

    @admin.display(description=_("size"), ordering="size")
    def stored_size(self, file: AssetFile) -> str:
        """Return the size in a readable unit."""
        return self.get_empty_value_display() if file.size is None else filesizeformat(file.size)

    @admin.display(description=_("asset"))
    def asset_link(self, file: AssetFile) -> str | SafeString:
        """Return the asset, linked to its page if there is one."""
        if not self.admin_site.is_registered(Asset):
            return str(file.asset)
        name = "admin:cf_protected_asset_change"
        url = reverse(name, args=[file.asset_id], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, file.asset)
