"""The admin of users' identities at OpenID Connect issuers."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from cf_protected.admin.people import ChoosesUser, user_search_fields
from cf_protected.oidc.models import Identity


@admin.register(Identity)
class IdentityAdmin(ChoosesUser):
    """Links an issuer's subject to a user.

    Treat it like a password: that subject signs in as this user.
    """

    list_display = ("subject", "issuer", "user", "created_at")
    list_filter = ("issuer",)
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    show_full_result_count = False
    fields = ("user", "issuer", "subject", "created_at")
    readonly_fields = ("created_at",)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["subject", *user_search_fields()]
