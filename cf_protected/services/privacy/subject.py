"""The person whose data is asked for: an account, addresses, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from cf_protected.addresses import normal_address
from cf_protected.models import Grant, GrantEvent
from cf_protected.verified_emails import own_addresses


@dataclass(frozen=True)
class Subject:
    """A person, by the primary key of the account and by addresses in their normal form.

    ``spellings`` are all addresses that texts may name. ``user_name`` is empty for an address.
    """

    user_id: Any = None
    emails: frozenset[str] = frozenset()
    user_name: str = ""
    spellings: frozenset[str] = field(default=frozenset())

    @classmethod
    def named(cls, user: Any, email: str) -> Subject:
        """Return the person with this account and this address, either or both.

        An address for which the account alone vouches belongs to it. Raises ``ValueError``
        without a user and an address, for a user without a primary key, and for a text that isn't
        an address.
        """
        if user is None and not email:
            raise ValueError("Name a user or an e-mail address (email), or both.")
        emails = {normal_address(email, "email")} if email else set()
        if user is None:
            return cls(emails=frozenset(emails), spellings=frozenset(emails))
        if not isinstance(user, get_user_model()) or user.pk is None:
            raise ValueError("user isn't an account with a primary key.")
        emails |= {*own_addresses(user)}
        name = str(user.get_username() or "")
        known = {name, str(getattr(user, user.get_email_field_name(), None) or "")}
        texts = emails | {text for text in known if "@" in text}
        key = user._meta.pk.to_python(user.pk)  # noqa: SLF001 - public by its docs
        return cls(key, frozenset(emails), name, frozenset(texts))

    @property
    def held(self) -> Q:
        """The condition for the person's grants, purchases and rows of the download log."""
        return self._matches("user", "email")

    @property
    def mentioned(self) -> Q:
        """The condition for events that name the person as old or new holder."""
        return self._matches("old_user", "old_email") | self._matches("new_user", "new_email")

    def holds(self, grant: Grant) -> bool:
        """Return whether the person holds the grant."""
        return self.is_named(grant.user_id, grant.email)

    def was_old(self, event: GrantEvent) -> bool:
        """Return whether the event names the person as the old holder."""
        return self.is_named(event.old_user_id, event.old_email)

    def was_new(self, event: GrantEvent) -> bool:
        """Return whether the event names the person as the new holder."""
        return self.is_named(event.new_user_id, event.new_email)

    def is_account(self, user_id: Any) -> bool:
        """Return whether this is the primary key of the person's account."""
        return self.user_id is not None and bool(user_id == self.user_id)

    def is_named(self, user_id: Any, email: str) -> bool:
        """Return whether a holder is the person."""
        return self.is_account(user_id) or email in self.emails

    def _matches(self, user: str, email: str) -> Q:
        condition = Q(**{f"{email}__in": self.emails})
        if self.user_id is not None:
            condition |= Q(**{user: self.user_id})
        return condition
