"""Signing up, and confirming an address. The rest is Django's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import CreateView, View

from example_project.accounts import confirming
from example_project.accounts.forms import SignUpForm
from example_project.accounts.models import Confirmation


class SignUpView(RedirectURLMixin, CreateView):
    """Makes a visitor a buyer, signs them in, and mails the link to confirm their address."""

    form_class = SignUpForm
    template_name = "registration/sign_up.html"
    next_page = "shop:catalogue"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        login(self.request, form.instance)
        confirming.send_link(form.instance.confirmation)
        text = _("Welcome, %(name)s! We have mailed you a link to confirm %(address)s.")
        names = {"name": form.instance, "address": form.instance.email}
        messages.success(self.request, text % names)
        return response


class SendLinkView(LoginRequiredMixin, View):
    """Mails the link again."""

    def post(self, request: HttpRequest) -> HttpResponse:
        confirmation = get_object_or_404(Confirmation, user=request.user.pk)
        if confirming.send_link(confirmation):
            messages.success(request, _("We have mailed you a new link."))
        else:
            messages.info(request, _("The link is on its way. Please wait two minutes."))
        return redirect("cf_protected:library")


class ConfirmView(LoginRequiredMixin, View):
    """Where the mailed link leads. Opening it changes nothing, so a mail scanner may.

    Only the account that asked for the link can confirm: else a stranger's account could be
    confirmed by a person who opens a mail that they didn't ask for.
    """

    def get(self, request: HttpRequest, pk: int, token: str) -> HttpResponse:
        confirmation = self._confirmation(pk, token)
        status = 200 if confirmation else 404
        return render(
            request, "accounts/confirm.html", {"confirmation": confirmation}, status=status
        )

    def post(self, request: HttpRequest, pk: int, token: str) -> HttpResponse:
        confirmation = self._confirmation(pk, token)
        if confirmation is None:
            return self.get(request, pk, token)
        messages.success(request, _confirmed(confirming.confirm(confirmation)))
        return redirect("cf_protected:library")

    def _confirmation(self, pk: int, token: str) -> Confirmation | None:
        own = Confirmation.objects.select_related("user").filter(pk=pk, user=self.request.user.pk)
        found = own.first()
        return found if found and confirming.is_valid(found, token) else None


def _confirmed(count: int) -> str:
    thanks = _("Thank you, your address is confirmed.")
    if not count:
        return thanks
    found = ngettext(
        "%(count)d purchase was waiting for it.", "%(count)d purchases were waiting for it.", count
    )
    return f"{thanks} {found % {'count': count}}"
