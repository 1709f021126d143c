"""Confirm an address: a mailed link, good once, and only for the account that asked for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cf_protected import services
from example_project.accounts.models import Confirmation

PAUSE: Final = timedelta(minutes=2)


class _Tokens(PasswordResetTokenGenerator):
    """Signs what a confirmation changes, so that a link works once."""

    key_salt = "example_project.accounts.confirming"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        confirmation = user.confirmation
        return f"{user.pk} {confirmation.address} {confirmation.confirmed_at} {timestamp}"


_tokens: Final = _Tokens()


def send_link(confirmation: Confirmation) -> bool:
    """Mail the link. Return ``False`` if one was sent less than two minutes ago."""
    now = timezone.now()
    is_due = Q(sent_at__isnull=True) | Q(sent_at__lt=now - PAUSE)
    unconfirmed = Confirmation.objects.filter(pk=confirmation.pk, confirmed_at__isnull=True)
    if not unconfirmed.filter(is_due).update(sent_at=now):
        return False
    context = {"user": confirmation.user, "url": _link(confirmation)}
    text = render_to_string("accounts/confirm.txt", context)
    send_mail(_("Confirm your e-mail address"), text, None, [confirmation.address])
    return True


def _link(confirmation: Confirmation) -> str:
    token = _tokens.make_token(confirmation.user)
    path = reverse("confirm", kwargs={"pk": confirmation.pk, "token": token})
    return f"{settings.SITE_URL}{path}"


def is_valid(confirmation: Confirmation, token: str) -> bool:
    """Return whether the link with this token still confirms the address."""
    return _tokens.check_token(confirmation.user, token)


@transaction.atomic
def confirm(confirmation: Confirmation) -> int:
    """Confirm the address, and return how many purchases that waited for it are the account's."""
    confirmation.confirmed_at = timezone.now()
    confirmation.save(update_fields=["confirmed_at"])
    return services.claim(confirmation.user, confirmation.address)
