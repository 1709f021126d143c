"""The admin of grants."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected import services
from cf_protected.admin.bulk import ask
from cf_protected.admin.desk.pages import SupportDesk, case_of, person_link
from cf_protected.admin.grant_forms import BulkRevokeForm, GrantForm
from cf_protected.admin.people import ChoosesUser, as_stored, user_search_fields
from cf_protected.admin.why import facts, verdict
from cf_protected.models import Grant
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.moments import last_day

_HOLDER: Final[Any] = (None, {"fields": ("asset", ("user", "email"))})
_HELD: Final[Any] = (None, {"fields": ("asset", "holder")})
_TERMS: Final[Any] = (_("Terms"), {"fields": ("starts_at", "expires_at", "max_downloads")})
_ORIGIN: Final[Any] = (_("Origin"), {"fields": (("source", "reference"),)})


class StateFilter(admin.SimpleListFilter):
    """Filters grants by their state now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Grant.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> QuerySet[Grant]:
        state = self.value()
        if state not in Grant.State.values:
            return queryset
        rule: GrantQuerySet = getattr(Grant.objects.all(), state)()
        return queryset & rule


@admin.register(Grant)
class GrantAdmin(ChoosesUser, SupportDesk):
    """The admin of grants. Staff revoke them, and never delete them.

    The form of a grant changes its terms alone. Its holder changes at the support desk.
    """

    form = GrantForm
    autocomplete_fields = ("asset",)
    user_id_help = _("The user's ID. The list of assets has an action for names.")
    list_display = (
        "holder",
        "asset",
        "state",
        "downloads",
        "expires",
        "source",
        "reference",
    )
    list_display_links = ("asset",)
    list_filter = (StateFilter, "purchase__source")
    list_select_related = ("asset", "user", "purchase")
    date_hierarchy = "created_at"
    actions = ("revoke",)
    readonly_fields = ("holder", "why", "source", "reference", "downloads_used", "created_at")
    fieldsets = (
        _HELD,
        (_("Can this person download this?"), {"fields": ("why",)}),
        _TERMS,
        _ORIGIN,
        (_("History"), {"fields": (("downloads_used", "created_at"),)}),
    )
    add_fieldsets = (_HOLDER, _TERMS)

    def get_fieldsets(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else ("asset", *fields)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        exact = ["asset__slug", "asset__sku", "email", "purchase__reference"]
        return [
            "asset__title",
            *(f"{name}__exact" for name in exact),
            *user_search_fields(lookup="__iexact"),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Grant], search_term: str
    ) -> tuple[QuerySet[Grant], bool]:
        """Search for addresses in the form in which they are stored."""
        return super().get_search_results(request, queryset, as_stored(search_term))

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False  # a repeated webhook would make it again

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        if change:
            # Only what was changed: a webhook may extend the grant at the same time.
            terms = {name: form.cleaned_data[name] for name in form.changed_data}
            services.set_terms(Grant.objects.filter(pk=obj.pk), terms, actor=request.user)
            return
        made = services.grant(
            obj.asset,
            obj.user,
            email=obj.email,
            starts_at=obj.starts_at,
            expires_at=obj.expires_at,
            max_downloads=obj.max_downloads,
            actor=request.user,
        )
        vars(obj).update(vars(made))

    @admin.display(description=_("holder"))
    def holder(self, grant: Grant) -> str | SafeString:
        """Return the user or the e-mail address, linked to the person's page."""
        return person_link(self.admin_site, case_of(grant), grant.holder)

    @admin.display(description=_("source"), ordering="purchase__source")
    def source(self, grant: Grant) -> str:
        """Return where the grant comes from."""
        return grant.source

    @admin.display(description=_("reference"), ordering="purchase__reference")
    def reference(self, grant: Grant) -> str | None:
        """Return the source's identifier of the purchase."""
        return grant.reference

    @admin.display(description=_("state"))
    def state(self, grant: Grant) -> str:
        """Return the grant's state now."""
        return str(grant.state_at().label)

    @admin.display(description=_("downloads"))
    def downloads(self, grant: Grant) -> str:
        """Return the used downloads, and the maximum if there is one."""
        if grant.max_downloads is None:
            return str(grant.downloads_used)
        return f"{grant.downloads_used} / {grant.max_downloads}"

    @admin.display(description=_("expires at"), ordering="expires_at")
    def expires(self, grant: Grant) -> str | None:
        """Return the last day without the time, since the list is wide."""
        return None if grant.expires_at is None else last_day(grant.expires_at)

    @admin.display(description=_("answer"))
    def why(self, grant: Grant) -> SafeString:
        """Return whether the holder can download the asset now, with every relevant fact."""
        lines = format_html_join("", "<br>{}", ((fact,) for fact in facts(grant)))
        return format_html("<strong>{}</strong>{}", verdict(grant), lines)

    @admin.action(description=_("Revoke selected grants…"), permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Grant]) -> HttpResponse | None:
        """Ask for a reason, then revoke the selected grants."""
        form = BulkRevokeForm(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            self._revoke(request, queryset, form.cleaned_data["reason"])
            return None
        template = "admin/cf_protected/bulk_revoke.html"
        return ask(self, request, queryset, form, title=_("Revoke grants"), template=template)

    def _revoke(self, request: HttpRequest, queryset: QuerySet[Grant], reason: str) -> None:
        grants = Grant.objects.filter(pk__in=queryset.values("pk"))
        revoked = services.revoke_grants(grants, reason=reason, actor=request.user)
        revocation = _("Revoked.")  # makemessages doesn't find it inside the f-string
        for grant in revoked:
            self.log_change(request, grant, f"{revocation} {reason}".strip())
        text = ngettext(
            "%(count)d grant was revoked.", "%(count)d grants were revoked.", len(revoked)
        )
        self.message_user(request, text % {"count": len(revoked)}, messages.SUCCESS)
