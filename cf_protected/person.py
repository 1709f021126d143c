"""The person who asks for a download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

#: What Django calls a user: ``request.user`` is one of the two.
User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Person:
    """The person who asks for a download: an account, or a stranger, of whom nothing is known.

    The authoriser, the services and the download log take a person, never a bare user.
    """

    account: AbstractBaseUser | None = None

    @classmethod
    def of(cls, asker: Person | User) -> Person:
        """Return ``asker`` as a person; an anonymous user is a stranger.

        Raises ``TypeError`` for ``None`` and other values that aren't users.
        """
        if isinstance(asker, Person):
            return asker
        if not hasattr(asker, "is_authenticated"):
            raise TypeError(f"{asker!r} is neither a person nor a user.")
        return cls(asker if asker.is_authenticated else None)

    @property
    def account_id(self) -> Any:
        """The account's primary key; ``None`` for a stranger."""
        return None if self.account is None else self.account.pk

    @property
    def is_known(self) -> bool:
        """Whether this person can be told from others: grants and repeats are theirs alone."""
        return self.account_id is not None
