"""Grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cf_protected import services, signals
from cf_protected.admin.forms import BulkRevokeForm
from cf_protected.admin.people import user_search_fields
from cf_protected.admin.why import facts, verdict
from cf_protected.models import Grant
from cf_protected.querysets import GrantQuerySet

if TYPE_CHECKING:
    GrantModelAdmin = admin.ModelAdmin[Grant]
else:
    GrantModelAdmin = admin.ModelAdmin


class StateFilter(admin.SimpleListFilter):
    """Grants by what they are worth now."""

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
class GrantAdmin(GrantModelAdmin):
    """Grants: who may download what. They are revoked rather than deleted."""

    list_display = (
        "holder",
        "asset",
        "state",
        "starts_at",
        "expires_at",
        "downloads",
        "source",
        "reference",
    )
    list_filter = (StateFilter, "source")
    list_select_related = ("asset", "user")
    date_hierarchy = "created_at"
    raw_id_fields = ("user",)  # where the user model can't be completed
    actions = ("revoke",)
    readonly_fields = (
        "why",
        "downloads_used",
        "revoked_at",
        "revoked_reason",
        "granted_by",
        "created_at",
    )
    fieldsets = (
        (None, {"fields": ("asset", ("user", "email"))}),
        (
            _("Terms"),
            {"fields": (("starts_at", "expires_at"), ("max_downloads", "downloads_used"))},
        ),
        (_("Origin"), {"fields": (("source", "reference"), ("granted_by", "created_at"))}),
        (_("Can this person download this?"), {"fields": ("why",)}),
    )

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        own = ["asset__title", "asset__slug", "asset__sku", "email", "reference"]
        return own + user_search_fields()

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """The user too, where the project's user admin can be searched."""
        user_admin = self.admin_site._registry.get(get_user_model())  # noqa: SLF001
        searchable = user_admin is not None and user_admin.get_search_fields(request)
        return ["asset", "user"] if searchable else ["asset"]

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        if not change:
            obj.granted_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        if not change:
            signals.grant_created.send(Grant, grant=obj)

    @admin.display(description=_("holder"))
    def holder(self, grant: Grant) -> str:
        """The user or the e-mail address."""
        return grant.holder

    @admin.display(description=_("state"))
    def state(self, grant: Grant) -> str:
        """What the grant is worth now."""
        return str(grant.state_at().label)

    @admin.display(description=_("downloads"))
    def downloads(self, grant: Grant) -> str:
        """Used, and of how many."""
        if grant.max_downloads is None:
            return str(grant.downloads_used)
        return f"{grant.downloads_used} / {grant.max_downloads}"

    @admin.display(description=_("answer"))
    def why(self, grant: Grant) -> SafeString | str:
        """Whether the holder can download the asset now, and everything that matters for it."""
        if grant.pk is None:
            return self.get_empty_value_display()
        allowed, reason = verdict(grant)
        answer = _("Yes.") if allowed else _("No: %(reason)s.") % {"reason": reason.rstrip(".")}
        items = format_html_join("", "<li>{}</li>", ((fact,) for fact in facts(grant)))
        return format_html("<strong>{}</strong><ul>{}</ul>", answer, items)

    @admin.action(description=_("Revoke selected grants…"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Grant]) -> HttpResponse | None:
        """Ask for the reason, then revoke the selected grants."""
        form = BulkRevokeForm(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            grants = Grant.objects.filter(pk__in=queryset.values("pk"))
            revoked = len(services.revoke_grants(grants, reason=form.cleaned_data["reason"]))
            text = ngettext(
                "%(count)d grant was revoked.", "%(count)d grants were revoked.", revoked
            )
            self.message_user(request, text % {"count": revoked}, messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke grants"),
            "opts": self.opts,
            "queryset": queryset,
            "form": form,
            "media": self.media,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/cf_protected/bulk_revoke.html", context)
