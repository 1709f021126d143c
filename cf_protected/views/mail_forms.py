"""The forms with which visitors have links mailed to them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView, TemplateView

from cf_protected import conf, services
from cf_protected.addresses import normal_address
from cf_protected.person import email_field
from cf_protected.views.confidential import ConfidentialMixin, MailingMixin
from cf_protected.views.file import see_other


class AddressForm(forms.Form):
    """Asks for an e-mail address."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Return the address in its normal form."""
        try:
            return normal_address(self.cleaned_data["email"], "email")
        except ValueError as error:
            raise forms.ValidationError(_("This isn't an e-mail address.")) from error


class AddressFormView(MailingMixin, FormView):
    """Has a mail sent to the address of its form.

    The answer is the same, in the same time, whether or not a mail leaves. Without ``SITE_URL``
    no link can be mailed, and the page doesn't exist.
    """

    form_class = AddressForm
    success_url = reverse_lazy("cf_protected:mail-sent")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not conf.current().site_url:
            raise Http404("CF_PROTECTED['SITE_URL'] isn't set.")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if (refusal := self.too_many()) is not None:
            return refusal
        self.send(form.cleaned_data["email"])
        return see_other(str(self.get_success_url()))

    def send(self, address: str) -> None:
        """Send the mail without waiting for it."""
        raise NotImplementedError


@method_decorator(login_not_required, name="dispatch")
class SendDownloadsView(AddressFormView):
    """Send me my downloads: mails the link to all that waits for an address."""

    template_name = "cf_protected/send_downloads.html"

    def send(self, address: str) -> None:
        self.background.run(partial(services.send_downloads, address))


class ClaimAddressView(LoginRequiredMixin, AddressFormView):
    """Add purchases to my account: mails a confirmation to the address they were made with."""

    template_name = "cf_protected/claim_address.html"

    def get_initial(self) -> dict[str, Any]:
        return {"email": getattr(self.request.user, email_field() or "", "")}

    def send(self, address: str) -> None:
        self.background.run(partial(services.send_claim_link, self.request.user, address))


@method_decorator(login_not_required, name="dispatch")
class MailSentView(ConfidentialMixin, TemplateView):
    """Tells that a mail is on its way, if there is something to send."""

    template_name = "cf_protected/mail_sent.html"
