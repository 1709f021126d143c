"""The person who asks for a download."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

#: What Django calls a user: ``request.user`` is one of the two.
User = AbstractBaseUser | AnonymousUser


_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def normal_email(email: str) -> str:
    """Return the form in which e-mail addresses are compared: ASCII letters in lower case.

    Other letters stay. ``str.lower`` and databases take the kelvin sign for "k", so that one
    address would open what belongs to another.
    """
    return email.translate(_LOWER)


@dataclass(frozen=True)
class Guest:
    """A visitor who proved in this session that they read a mailbox."""

    email: str
    mailbox_id: int
    purchase_id: int | None = None
    proof: str = ""


@dataclass(frozen=True)
class Person:
    """The person who asks for a download: an account, or a stranger, of whom nothing is known.

    The authoriser, the services and the download log take a person, never a bare user.
    """

    account: AbstractBaseUser | None = None

    def __post_init__(self) -> None:
        # Grants are found by the account's primary key. That of another class, such as an API
        # client or a stateless token's user, could be the key of another person's account.
        if self.account is not None and not isinstance(self.account, get_user_model()):
            raise TypeError(f"{type(self.account).__name__} isn't AUTH_USER_MODEL's class.")

    @classmethod
    def of(cls, asker: Person | User) -> Person:
        """Return ``asker`` as a person; an anonymous user is a stranger.

        Raises ``TypeError`` for anything else, such as an object that only looks like a user.
        """
        if isinstance(asker, Person):
            return asker
        if not hasattr(asker, "is_authenticated"):
            raise TypeError(f"{type(asker).__name__} is neither a person's nor a user's class.")
        return cls(asker if asker.is_authenticated else None)

    @property
    def account_id(self) -> Any:
        """The account's primary key; ``None`` for a stranger."""
        return None if self.account is None else self.account.pk

    @property
    def is_known(self) -> bool:
        """Whether this person can be told from others: grants and repeats are theirs alone."""
        return self.account_id is not None
