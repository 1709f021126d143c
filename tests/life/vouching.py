"""Vouch for the addresses that a test has confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser

from cf_protected.verified_emails import VerifiedEmails
from tests.accounts.models import User


class ConfirmedEmails(VerifiedEmails):
    """Knows the pairs of an account's primary key and an address in ``confirmed``."""

    confirmed: ClassVar[set[tuple[int, str]]] = set()

    @classmethod
    def forget(cls, account: int) -> None:
        cls.confirmed.difference_update([pair for pair in cls.confirmed if pair[0] == account])

    def addresses(self, user: AbstractBaseUser) -> Iterable[str]:
        return [address for pk, address in self.confirmed if pk == user.pk]

    def users(self, address: str) -> Iterable[AbstractBaseUser]:
        return User.objects.filter(pk__in=[pk for pk, one in self.confirmed if one == address])
