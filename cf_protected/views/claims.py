"""The page behind a mailed confirmation: a button that adds purchases to an account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from cf_protected import services
from cf_protected.services.links import LinkKind, MailedLink, read_token
from cf_protected.views.confidential import ConfidentialMixin, confidential
from cf_protected.views.file import see_other


class ConfirmClaimView(LoginRequiredMixin, ConfidentialMixin):
    """Gives the account that asked for it what waits for the link's mailbox.

    GET shows the question and changes nothing. POST answers it, once.
    """

    http_method_names = ("get", "head", "post", "options")
    template_name = "cf_protected/confirm_claim.html"
    ended_template = "cf_protected/claim_ended.html"

    def handle_no_permission(self) -> HttpResponseRedirect:
        """Return the redirect to the login, which names the link."""
        return confidential(super().handle_no_permission())

    def get_link(self) -> MailedLink | None:
        """Return the URL's link; ``None`` if it confirms nothing any more."""
        link = read_token(LinkKind.CLAIM, self.kwargs["token"])
        return None if link is None or link.is_expired else link

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the question."""
        link = self.get_link()
        if link is None:
            return self.ended()
        if not link.is_for(request.user):
            return render(request, self.template_name, {"is_for_another": True}, status=403)
        context = {"address": link.mailbox.email, "account": request.user.get_username()}
        return render(request, self.template_name, context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Add the purchases, and lead to the library."""
        link = self.get_link()
        if link is not None and not link.is_for(request.user):
            return self.get(request)
        if link is None or services.claim_by_link(request.user, link) is None:
            return self.ended()
        messages.success(request, _("Your purchases are in your account."), fail_silently=True)
        return see_other(reverse("cf_protected:library"))

    def ended(self) -> HttpResponseBase:
        """Return the page for a confirmation that was used, is over or was changed."""
        return render(self.request, self.ended_template, status=410)
