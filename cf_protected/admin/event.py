"""The admin of the history of grants."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.desk.history import actor_of, change_of
from cf_protected.admin.desk.pages import case_of, person_link
from cf_protected.admin.read_only import ReadOnly
from cf_protected.models import GrantEvent


@admin.register(GrantEvent)
class GrantEventAdmin(ReadOnly):
    """The admin of events: what was changed, by whom and why. Read-only."""

    list_display = ("at", "verb", "what", "change", "by", "reason")
    list_filter = ("verb",)
    list_select_related = (
        "actor",
        "old_user",
        "new_user",
        "grant__asset",
        "grant__user",
        "purchase",
    )
    search_fields = ("purchase__reference__exact",)
    search_help_text = _("The reference of a purchase, written exactly.")
    show_full_result_count = False
    fields = ("at", "verb", "what", "change", "by", "reason")

    @admin.display(description=_("grant or purchase"))
    def what(self, event: GrantEvent) -> str | SafeString:
        """Return what was changed, linked to the page of its holder."""
        row = event.grant or event.purchase
        if row is None:
            return str(self.get_empty_value_display())
        return person_link(self.admin_site, case_of(row), str(row))

    @admin.display(description=_("change"))
    def change(self, event: GrantEvent) -> str:
        """Return what was before and what is since, in words."""
        return change_of(event)

    @admin.display(description=_("by"))
    def by(self, event: GrantEvent) -> str:
        """Return who did it."""
        return actor_of(event)
