"""The admin of the download log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cf_protected.admin.people import user_search_fields
from cf_protected.models import Download


@admin.register(Download)
class DownloadAdmin(admin.ModelAdmin):
    """The admin of downloads and refusals: read-only."""

    list_display = (
        "requested_at",
        "user",
        "email",
        "asset_title",
        "file_name",
        "outcome",
        "reason",
    )
    list_filter = ("outcome", "reason")
    list_select_related = ("user",)
    date_hierarchy = "requested_at"
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["asset_title", "file_name", "ip_address", "email", *user_search_fields()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
