"""The page behind a mailed link: a button that opens the downloads in this browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator

from cf_protected import conf, guests, services
from cf_protected.services.links import LinkKind, MailedLink, read_token
from cf_protected.views.confidential import MailingMixin
from cf_protected.views.file import see_other


@method_decorator(login_not_required, name="dispatch")
class GuestLinkView(MailingMixin):
    """Proves the mailbox of a link for this session.

    Only POST does: mail programs and their scanners open each link. GET shows the button. For a
    link that has expired, it shows the button that mails a new one to the same mailbox. A user who
    is signed in chooses: sign out first, or have the purchases added to the account.
    """

    http_method_names = ("get", "head", "post", "options")
    template_name = "cf_protected/guest_link.html"
    expired_template = "cf_protected/link_expired.html"
    ended_template = "cf_protected/link_ended.html"

    def get_link(self) -> MailedLink | None:
        """Return the URL's link; ``None`` if it opens nothing. Raises ``Http404``."""
        kind = self.kwargs["kind"]
        if kind not in (LinkKind.MAILBOX, LinkKind.RECEIPT):
            raise Http404("There are no links of this kind.")
        return read_token(LinkKind(kind), self.kwargs["token"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page, and change nothing."""
        return self.show(self.get_link())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Prove the mailbox and lead to the library, or mail a link."""
        link = self.get_link()
        if link is not None and link.is_expired:
            return self.mail(partial(services.send_new_link, link))
        if link is None or not link.opens_something():
            return self.show(link)
        if not request.user.is_authenticated:
            return self.prove(link)
        if "add" in request.POST:
            return self.mail(partial(services.send_claim_link, request.user, link.mailbox.email))
        if "sign_out" in request.POST:
            logout(request)
            return self.prove(link)
        return self.show(link)

    def show(self, link: MailedLink | None) -> HttpResponseBase:
        """Return the page for the link as it is."""
        context = {
            "is_signed_in": self.request.user.is_authenticated,
            "account": self.request.user.get_username(),
            "can_be_mailed": bool(conf.current().site_url),
        }
        if link is not None and link.is_expired:
            return render(self.request, self.expired_template, context, status=410)
        if link is None or not link.opens_something():
            return render(self.request, self.ended_template, context, status=404)
        return render(self.request, self.template_name, context)

    def prove(self, link: MailedLink) -> HttpResponseBase:
        """Make the visitor the guest of the link's mailbox."""
        guests.prove(self.request, link.guest)
        return see_other(reverse("cf_protected:library"))

    def mail(self, send: Callable[[], object]) -> HttpResponseBase:
        """Let ``send`` mail a link to the mailbox, without waiting for it."""
        if (refusal := self.too_many()) is not None:
            return refusal
        self.background.run(send)
        return see_other(reverse("cf_protected:mail-sent"))
