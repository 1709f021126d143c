"""The person that a command is about, named by its arguments."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import DataError


def add_person(parser: ArgumentParser) -> None:
    """Add ``--user``, ``--user-id`` and ``--email``."""
    account = parser.add_mutually_exclusive_group()
    account.add_argument("--user", metavar="NAME", help="The account with this user name.")
    account.add_argument(
        "--user-id", metavar="ID", help="The account with this ID, also if it was deleted."
    )
    parser.add_argument("--email", metavar="ADDRESS", default="", help="An e-mail address.")


def find_person(*, user: str | None, user_id: str | None, email: str) -> Any:
    """Return the account, or ``None`` if only an address was given.

    A deleted account is an unsaved one with its ID. Raises ``CommandError`` for an unknown
    account, and if no person is named.
    """
    if user is not None:
        return _by_name(user)
    if user_id is not None:
        return _by_id(user_id)
    if not email:
        raise CommandError(
            "Name the person: --user, --user-id, --email, or an account and --email."
        )
    return None


def _by_name(name: str) -> Any:
    model = get_user_model()
    users = model._default_manager  # noqa: SLF001 - documented
    try:
        found = users.filter(**{model.USERNAME_FIELD: name}).first()
    except (DataError, ValidationError, ValueError):  # not a text that a user name can be
        found = None
    # Compared here too: some databases take "é" for "e", and "A" for "a".
    if found is None or str(found.get_username()) != name:
        raise CommandError(
            "No account has this user name (--user). Of a deleted one give --user-id. For an "
            "address give --email."
        )
    return found


def _by_id(text: str) -> Any:
    model = get_user_model()
    try:
        key = model._meta.pk.clean(text, None)  # noqa: SLF001 - public by its docs
    except ValidationError as error:
        raise CommandError("--user-id isn't the ID of an account.") from error
    return model._base_manager.filter(pk=key).first() or model(pk=key)  # noqa: SLF001 - documented
