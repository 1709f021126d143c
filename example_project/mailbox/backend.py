"""A mail backend that needs no mail server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from example_project.mailbox.models import Mail


class MailboxBackend(BaseEmailBackend):
    """Keeps mails in the database, where the mailbox's pages show them to every visitor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.DEBUG:
            raise ImproperlyConfigured(
                "MailboxBackend shows all mails to every visitor, so it works with "
                "DEBUG only. Name a backend that sends mails."
            )

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            _keep(message)
        return len(email_messages)


def _keep(message: EmailMessage) -> None:
    message.message()  # raises an error for a header that no mail server would take
    Mail.objects.create(
        sender=message.from_email,
        recipients=", ".join(message.recipients()),
        subject=str(message.subject),
        text=str(message.body),
        html=_html_of(message),
    )


def _html_of(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    parts = (str(content) for content, kind in message.alternatives if kind == "text/html")
    return next(parts, "")
