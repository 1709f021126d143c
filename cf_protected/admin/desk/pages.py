"""The pages of the support desk, as views of the admin of grants."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cf_protected.admin.desk.cases import Case, search
from cf_protected.admin.desk.forms import AssetChoiceForm, ReasonForm, SearchForm, VerbForm
from cf_protected.admin.desk.person import PersonPage
from cf_protected.admin.desk.purchase_verbs import PURCHASE_VERBS, PurchaseVerb
from cf_protected.admin.desk.purchase_verbs import why_not as why_not_purchase
from cf_protected.admin.desk.verbs import MANAGE, SUPPORT, VERBS, Verb, why_not
from cf_protected.admin.why import facts_about, verdict_on
from cf_protected.models import Grant, Purchase

_FOLDER: Final = "admin/cf_protected/desk"


class SupportDesk(admin.ModelAdmin):
    """A model admin of grants with a page for each person, and buttons for what support does."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("person/", view(self.person_view), name="cf_protected_grant_person"),
            path(
                "<path:object_id>/desk/<slug:name>/",
                view(self.verb_view),
                name="cf_protected_grant_desk",
            ),
            path(
                "purchase/<str:key>/<slug:name>/",
                view(self.purchase_view),
                name="cf_protected_grant_purchase",
            ),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may see grants: support and managers may, too."""
        return super().has_view_permission(request, obj) or any(
            request.user.has_perm(name) for name in (SUPPORT, MANAGE)
        )

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may transfer, revoke and restore."""
        return bool(request.user.has_perm(MANAGE))

    def person_view(self, request: HttpRequest) -> HttpResponse:
        """Find a person or a purchase, and show everything about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SearchForm(request.GET if "q" in request.GET else None)
        cases = search(form.cleaned_data["q"]) if form.is_valid() else []
        if len(cases) == 1:
            return HttpResponseRedirect(person_url(self.admin_site, cases[0]))
        context = {
            "title": _("Find a person"),
            "form": form,
            "cases": cases,
            "is_unknown": form.is_valid() and not cases,
        }
        case = _case(request)
        if case is not None:
            context |= self._about(request, case)
        return self._render(request, "person", context)

    def verb_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask whether to run a verb on one grant, and run it when that is confirmed."""
        verb = next((one for one in VERBS if one.name == name), None)
        grant: Any = self.get_object(request, unquote(object_id))
        if verb is None or grant is None:
            raise Http404
        if not (
            self.has_view_permission(request, grant) and request.user.has_perm(verb.permission)
        ):
            raise PermissionDenied
        form = verb.form(
            request.POST if request.method == "POST" else None, grant=grant, actor=request.user
        )
        applies = verb.applies(grant)
        if applies and form.is_valid() and self._run(request, verb, grant, form):
            grant = Grant.objects.select_related("user").get(pk=grant.pk)
            return HttpResponseRedirect(person_url(self.admin_site, case_of(grant)))
        context = {
            "title": verb.label,
            "about": grant,
            "whose": grant.holder,
            "form": form,
            "question": verb.question(grant) if applies else why_not(verb, grant),
            "applies": applies,
            "back": person_url(self.admin_site, case_of(grant)),
        }
        return self._render(request, "verb", context)

    def _run(self, request: HttpRequest, verb: Verb, grant: Grant, form: VerbForm) -> bool:
        """Run the verb, log it and tell the user. Return whether the values were valid."""
        try:
            changed = verb.run(grant, form.cleaned_data, request.user)
        except ValueError as error:
            form.add_service_error(error)
            return False
        reason = form.cleaned_data["reason"]
        for one in changed:
            self.log_change(request, one, f"{verb.done} {reason}".strip())
        if changed:
            self.message_user(request, str(verb.done), messages.SUCCESS)
        else:
            undone = verb.undone or _("Nothing changed.")
            self.message_user(request, str(undone), messages.INFO)
        return True

    def purchase_view(self, request: HttpRequest, key: str, name: str) -> HttpResponse:
        """Ask whether to revoke or restore a whole purchase, and do so when that is confirmed."""
        if not (self.has_view_permission(request) and self.has_manage_permission(request)):
            raise PermissionDenied
        verb = next((one for one in PURCHASE_VERBS if one.name == name), None)
        case = _named({"purchase": key})
        if verb is None or case is None or case.purchase is None:
            raise Http404
        purchase = case.purchase
        if self.get_queryset(request).filter(purchase=purchase).count() < purchase.grants.count():
            raise PermissionDenied  # the project hides some of its grants
        form = ReasonForm(request.POST if request.method == "POST" else None)
        applies, back = verb.applies(purchase), person_url(self.admin_site, case)
        if applies and form.is_valid() and self._run_purchase(request, verb, purchase, form):
            return HttpResponseRedirect(back)
        context = {
            "title": verb.label,
            "about": purchase,
            "whose": purchase,
            "form": form,
            "question": verb.question(purchase) if applies else why_not_purchase(purchase),
            "applies": applies,
            "back": back,
        }
        return self._render(request, "verb", context)

    def _run_purchase(
        self, request: HttpRequest, verb: PurchaseVerb, purchase: Purchase, form: ReasonForm
    ) -> bool:
        """Run the verb, log it and tell the user. Return whether the reason was valid."""
        reason = form.cleaned_data["reason"]
        try:
            changed = verb.run(purchase, reason=reason, actor=request.user)
        except ValueError as error:
            form.add_service_error(error)
            return False
        for one in (purchase, *changed):
            self.log_change(request, one, f"{verb.done} {reason}".strip())
        self.message_user(request, str(verb.done), messages.SUCCESS)
        return True

    def _about(self, request: HttpRequest, case: Case) -> dict[str, Any]:
        """Return what the page of ``case`` shows."""
        grants: Any = self.get_queryset(request)
        page = PersonPage(case, grants)
        context = {
            "title": str(case),
            "case": case,
            "page": page,
            "rows": [(row, self._buttons(request, row.grant)) for row in page.grants],
            "purchases": [(one, self._purchase_buttons(request, one)) for one in page.purchases],
            "account_url": _account_url(self.admin_site, request, case.account),
            "unconfirmed": case.unconfirmed(),
        }
        return context | self._answer(request, case)

    def _answer(self, request: HttpRequest, case: Case) -> dict[str, Any]:
        """Return whether the person can download the asset that was asked for, and why not."""
        holder = case.holder
        if holder is None:
            return {}
        form = AssetChoiceForm(request.GET if "asset" in request.GET else None)
        if not form.is_valid():
            return {"asset_form": form}
        asset = form.cleaned_data["asset"]
        return {
            "asset_form": form,
            "asset": asset,
            "verdict": verdict_on(holder, asset),
            "facts": list(facts_about(holder, asset)),
        }

    def _buttons(self, request: HttpRequest, grant: Grant) -> list[tuple[str, str]]:
        """Return the label and the URL of each verb that the user may run on the grant."""
        name = "admin:cf_protected_grant_desk"
        return [
            (
                str(verb.label),
                reverse(name, args=[grant.pk, verb.name], current_app=self.admin_site.name),
            )
            for verb in VERBS
            if request.user.has_perm(verb.permission) and verb.applies(grant)
        ]

    def _purchase_buttons(self, request: HttpRequest, purchase: Purchase) -> list[tuple[str, str]]:
        """Return the label and the URL of each verb that the user may run on the purchase."""
        name = "admin:cf_protected_grant_purchase"
        return [
            (
                str(verb.label),
                reverse(name, args=[purchase.pk, verb.name], current_app=self.admin_site.name),
            )
            for verb in PURCHASE_VERBS
            if self.has_manage_permission(request) and verb.applies(purchase)
        ]

    def _render(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        media = self.media + context["form"].media
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": media}
        return TemplateResponse(request, f"{_FOLDER}/{name}.html", {**shared, **context})


def case_of(row: Grant | Purchase) -> Case:
    """Return the case of the holder, a purchase's first one; without one, that of the purchase."""
    if row.user is not None:
        return Case(account=row.user)
    if row.email:
        return Case(email=row.email)
    return Case(purchase=row if isinstance(row, Purchase) else row.purchase)


def person_url(site: admin.AdminSite, case: Case) -> str:
    """Return the URL of the case's page, or of the search if the holder was deleted."""
    url = reverse("admin:cf_protected_grant_person", current_app=site.name)
    is_known = case.account is not None or case.email or case.purchase is not None
    return f"{url}?{case.query}" if is_known else url


def person_link(site: admin.AdminSite, case: Case, text: str) -> str | SafeString:
    """Return ``text``, linked to the case's page if the site has one."""
    if not site.is_registered(Grant):
        return text
    return format_html('<a href="{}">{}</a>', person_url(site, case), text)


def _case(request: HttpRequest) -> Case | None:
    return _named({name: str(value) for name, value in request.GET.items()})


def _named(query: dict[str, str]) -> Case | None:
    try:
        return Case.named(query)
    except ValueError as error:
        raise Http404(str(error)) from error


def _account_url(site: admin.AdminSite, request: HttpRequest, account: Any) -> str:
    """Return the URL of the account's page in the admin; empty if the user may not see it."""
    model = get_user_model()
    if account is None or not site.is_registered(model):
        return ""
    if not site.get_model_admin(model).has_view_or_change_permission(request, account):
        return ""
    opts = model._meta  # noqa: SLF001 - public by its docs
    name = f"admin:{opts.app_label}_{opts.model_name}_change"
    return reverse(name, args=[account.pk], current_app=site.name)
