"""The admin of purchases: read-only, since they are what a shop's events told."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.desk.cases import Case
from cf_protected.admin.desk.pages import case_of, person_link
from cf_protected.admin.people import as_stored
from cf_protected.admin.read_only import ReadOnly
from cf_protected.models import Purchase


@admin.register(Purchase)
class PurchaseAdmin(ReadOnly):
    """The admin of purchases. Managers revoke and restore them at the support desk."""

    list_display = (
        "reference",
        "source",
        "first_holder",
        "quantity",
        "refunded",
        "is_revoked",
        "created_at",
    )
    list_filter = ("source",)
    list_select_related = ("user",)
    search_fields = ("reference__exact", "email__exact")
    search_help_text = _("A reference or an address, written exactly.")
    show_full_result_count = False
    ordering = ("-pk",)
    fields = (
        "source",
        "reference",
        "desk",
        "first_holder",
        ("quantity", "refunded", "refunded_at"),
        ("revoked_at", "revoked_reason"),
        "erased_at",
        "created_at",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Purchase], search_term: str
    ) -> tuple[QuerySet[Purchase], bool]:
        return super().get_search_results(request, queryset, as_stored(search_term))

    @admin.display(description=_("first holder"))
    def first_holder(self, purchase: Purchase) -> str | SafeString:
        """Return the first holder, linked to the person's page."""
        if purchase.user is None and not purchase.email:
            return str(self.get_empty_value_display())
        name = purchase.email if purchase.user is None else purchase.user.get_username()
        return person_link(self.admin_site, case_of(purchase), name)

    @admin.display(description=_("support desk"))
    def desk(self, purchase: Purchase) -> str | SafeString:
        """Return the purchase, linked to its page with grants, history and downloads."""
        return person_link(self.admin_site, Case(purchase=purchase), str(purchase))

    @admin.display(description=_("revoked"), boolean=True)
    def is_revoked(self, purchase: Purchase) -> bool:
        """Return whether none of its grants allows a download."""
        return purchase.is_revoked
