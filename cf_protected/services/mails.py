"""Write mails from templates, and send them when the transaction is committed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.db import router, transaction
from django.template.loader import render_to_string
from django.utils import translation

from cf_protected import conf
from cf_protected.models import Mailbox

logger = logging.getLogger("cf_protected")

# No holiday message is an answer: https://www.rfc-editor.org/rfc/rfc3834#section-5
_HEADERS: Final = {"Auto-Submitted": "auto-generated"}


Context = Callable[[], dict[str, Any]]


def post(name: str, mailbox: Mailbox, context: Context) -> None:
    """Send the mail ``name`` to the mailbox after the commit, in the active language.

    ``context`` is called then, so the mail has what was committed. A failure, such as a mail
    server's, is logged without the address and raises nothing: what was committed mustn't look
    as if it had failed.
    """
    deliver = partial(_deliver, name, mailbox.email, context, translation.get_language())
    transaction.on_commit(deliver, using=router.db_for_write(Mailbox))


def _deliver(name: str, address: str, context: Context, language: str | None) -> None:
    try:
        with translation.override(language):
            _message(name, address, context()).send()
    except Exception as error:  # noqa: BLE001 - each mail backend has its own
        # Not its text, nor its traceback: that of a mail server names the address.
        logger.error("The mail %r wasn't sent: %s", name, type(error).__name__)


def _message(name: str, address: str, context: dict[str, Any]) -> EmailMultiAlternatives:
    settings = conf.current()
    context |= {
        "site_name": urlsplit(settings.site_url).netloc,
        "site_url": settings.site_url,
        "support_contact": settings.support_contact,
        "support_url": settings.support_url,
    }
    # Of one line: a title may have several.
    context["subject"] = " ".join(_rendered(f"{name}_subject.txt", context).split())
    message = EmailMultiAlternatives(
        context["subject"],
        _rendered(f"{name}.txt", context).strip() + "\n",
        to=[address],
        reply_to=_reply_to(settings.support_contact),
        headers=dict(_HEADERS),
    )
    message.attach_alternative(_rendered(f"{name}.html", context), "text/html")
    return message


def _reply_to(contact: str) -> list[str] | None:
    return [contact] if contact and "://" not in contact else None


def _rendered(template: str, context: dict[str, Any]) -> str:
    return render_to_string(f"cf_protected/mail/{template}", context)
