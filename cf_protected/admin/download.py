"""The admin of the download log."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.desk.cases import Case
from cf_protected.admin.desk.pages import person_link
from cf_protected.admin.people import user_search_fields
from cf_protected.admin.read_only import ReadOnly
from cf_protected.models import Download


@admin.register(Download)
class DownloadAdmin(ReadOnly):
    """The admin of downloads and refusals: read-only."""

    list_display = ("requested_at", "person", "asset_title", "file_name", "outcome", "reason")
    list_filter = ("outcome", "reason")
    list_select_related = ("user",)
    date_hierarchy = "requested_at"
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["asset_title", "file_name", "ip_address", "email", *user_search_fields()]

    @admin.display(description=_("user"), ordering="user")
    def person(self, download: Download) -> str | SafeString:
        """Return the user or the guest's address, linked to the person's page."""
        if download.email:
            return person_link(self.admin_site, Case(email=download.email), download.email)
        if download.user is None:
            return str(self.get_empty_value_display())
        case = Case(account=download.user)
        return person_link(self.admin_site, case, download.user.get_username())
