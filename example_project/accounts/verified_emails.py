"""Who vouches for an address: ``CF_PROTECTED["VERIFIED_EMAILS"]`` names this class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from cf_protected.verified_emails import VerifiedEmails
from example_project.accounts.models import Confirmation


class ConfirmedEmails(VerifiedEmails):
    """Vouches for the addresses that accounts have confirmed with a mailed link."""

    def addresses(self, user: Any) -> Iterable[str]:
        confirmed = Confirmation.objects.filter(user=user, confirmed_at__isnull=False)
        return confirmed.values_list("address", flat=True)

    def users(self, address: str) -> Iterable[User]:
        return User.objects.filter(
            confirmation__address=address, confirmation__confirmed_at__isnull=False
        )
