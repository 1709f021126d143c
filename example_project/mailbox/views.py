"""The mailbox of everyone: there is no mail server, and this is a laptop."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.generic import DetailView, ListView
from django.views.generic.base import View

from example_project.mailbox.models import Mail


class DebugOnlyMixin(View):
    """Refuses where ``DEBUG`` is off: the mails are for their recipients."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404("The mailbox works with DEBUG only.")
        return super().dispatch(request, *args, **kwargs)


class MailboxView(DebugOnlyMixin, ListView):
    """The latest mails, or with ``?to=`` those to one address."""

    template_name = "mailbox/mailbox.html"

    def get_queryset(self) -> QuerySet[Mail]:
        mails, address = Mail.objects.all(), self.request.GET.get("to")
        return (mails.filter(recipients=address) if address else mails)[:200]


class MailView(DebugOnlyMixin, DetailView):
    """One mail: its HTML in a frame that runs no script and loads nothing, and its text."""

    model = Mail
    template_name = "mailbox/mail.html"
