"""The person who asks for a download, and the accounts with an e-mail address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist
from django.db import router
from django.db.models import Q

from cf_protected.addresses import normal_or_empty, spellings

#: What Django calls a user: ``request.user`` is one of the two.
User = AbstractBaseUser | AnonymousUser

# SQLite refuses more than a thousand alternatives.
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Guest:
    """A visitor without an account who proved in their session that they read a mailbox.

    ``email`` is the mailbox's address in its normal form. With ``purchase_id`` the guest has
    that purchase alone. ``proof`` is the random ID of the session's proof. The proof was given
    for the mailbox's ``generation``, and ends at ``until``.

    Raises ``ValueError`` for an empty address: a deleted account's grants have that one.
    """

    email: str
    mailbox_id: Any
    purchase_id: Any = None
    proof: str = field(default="", repr=False)
    generation: int | None = field(default=None, compare=False)
    until: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.email:
            raise ValueError("email: a guest has an address.")

    @property
    def fingerprint(self) -> str:
        """What tells this proof from others where it is stored, without giving its ID away."""
        return sha256(self.proof.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Person:
    """The person who asks for a download: an account, a guest, or a stranger, who is neither.

    The authoriser, the services and the download log take a person, never a bare user.
    ``account`` is ``None`` for guests too, who have no account.
    """

    account: AbstractBaseUser | None = None
    guest: Guest | None = None

    def __post_init__(self) -> None:
        # Grants are found by the account's primary key. That of another class, such as an API
        # client or a stateless token's user, could be the key of another person's account.
        if self.account is not None and not isinstance(self.account, get_user_model()):
            raise TypeError(f"{type(self.account).__name__} isn't AUTH_USER_MODEL's class.")
        if self.guest is not None and not isinstance(self.guest, Guest):
            raise TypeError(f"{type(self.guest).__name__} isn't a Guest.")
        if self.account is not None and self.guest is not None:
            raise ValueError("guest: a person with an account isn't a guest.")

    @classmethod
    def of(cls, asker: Person | User) -> Person:
        """Return ``asker`` as a person; an anonymous user is a stranger.

        ``guests.person_of`` also finds a request's guest.

        Raises ``TypeError`` for anything else, such as an object that only looks like a user.
        """
        if isinstance(asker, Person):
            return asker
        if not hasattr(asker, "is_authenticated"):
            raise TypeError(f"{type(asker).__name__} is neither a person's nor a user's class.")
        return cls(asker if asker.is_authenticated else None)

    @property
    def account_id(self) -> Any:
        """The account's primary key; ``None`` for guests and strangers."""
        return None if self.account is None else self.account.pk

    @property
    def is_known(self) -> bool:
        """Whether this person can be told from others: grants and repeats are theirs alone."""
        return self.account_id is not None or self.guest is not None


def email_field() -> str | None:
    """Return the name of the user model's e-mail field; ``None`` if it has none."""
    model = get_user_model()
    name = model.get_email_field_name()
    try:
        model._meta.get_field(name)  # noqa: SLF001 - public by its docs
    except FieldDoesNotExist:
        return None
    return name


def accounts_with_email(addresses: Iterable[str]) -> Iterator[tuple[str, AbstractBaseUser]]:
    """Yield each account that has one of these addresses, in any spelling, confirmed or not.

    ``addresses`` are in their normal form. With each account comes its address as it is stored.
    Without an index on the field in upper case, PostgreSQL and SQLite read every account.
    """
    field = email_field()
    if field is None:
        return
    wanted = {*addresses}
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    texts = [one for address in sorted(wanted) for one in spellings(address)]
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        named = Q(*((f"{field}__iexact", one) for one in some), _connector=Q.OR)
        # A replica may lag behind.
        for user in users.using(router.db_for_write(users.model)).filter(named):
            # Databases also take "ä" for "a", and the KELVIN SIGN for "k".
            if normal_or_empty(stored := getattr(user, field)) in wanted:
                yield stored, user
