"""The page behind a mailed link: a button that opens the downloads in this browser."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator

from cf_protected import conf, guests, services
from cf_protected.person import Guest
from cf_protected.services.links import LinkKind, MailedLink, read_token
from cf_protected.views.confidential import MailingMixin
from cf_protected.views.file import see_other


@method_decorator(login_not_required, name="dispatch")
class GuestLinkView(MailingMixin):
    """Proves the mailbox of a link for this session.

    Only POST does: mail programs and their scanners open each link. GET shows the button. For a
    link that has expired, it shows the button that mails a new one to the same mailbox.
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
        """Prove the mailbox and lead to the library, or mail a new link."""
        link = self.get_link()
        if link is None or (request.user.is_authenticated and not link.is_expired):
            return self.show(link)
        return self.renew(link) if link.is_expired else self.prove(link)

    def show(self, link: MailedLink | None) -> HttpResponseBase:
        """Return the page for the link as it is."""
        context = {
            "is_signed_in": self.request.user.is_authenticated,
            "can_be_mailed": bool(conf.current().site_url),
        }
        if link is None:
            return render(self.request, self.ended_template, context, status=404)
        if link.is_expired:
            return render(self.request, self.expired_template, context, status=410)
        return render(self.request, self.template_name, context)

    def prove(self, link: MailedLink) -> HttpResponseBase:
        """Make the visitor the guest of the link's mailbox."""
        mailbox = link.mailbox
        guest = Guest(mailbox.email, mailbox.pk, link.purchase_id, generation=mailbox.generation)
        guests.prove(self.request, guest)
        return see_other(reverse("cf_protected:library"))

    def renew(self, link: MailedLink) -> HttpResponseBase:
        """Mail a new link to the mailbox of the expired one."""
        if (refusal := self.too_many()) is not None:
            return refusal
        self.background.run(partial(services.send_new_link, link))
        return see_other(reverse("cf_protected:mail-sent"))
