"""The download log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from cf_protected.admin.people import user_search_fields
from cf_protected.models import Download

if TYPE_CHECKING:
    DownloadModelAdmin = admin.ModelAdmin[Download]
else:
    DownloadModelAdmin = admin.ModelAdmin


@admin.register(Download)
class DownloadAdmin(DownloadModelAdmin):
    """Every download and every refusal, to read and not to change."""

    list_display = ("requested_at", "user", "asset_title", "file_name", "outcome", "reason")
    list_filter = ("outcome", "reason")
    list_select_related = ("user",)
    date_hierarchy = "requested_at"
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["asset_title", "file_name", "ip_address", *user_search_fields()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
