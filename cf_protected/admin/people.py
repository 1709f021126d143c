"""Find users by name or e-mail address, with any user model."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cf_protected.addresses import has_ascii_mailbox, normal_address, normal_or_empty
from cf_protected.person import accounts_with_email
from cf_protected.services import Holder
from cf_protected.verified_emails import vouching_users


class ChoosesUser(admin.ModelAdmin):
    """A model admin that completes its ``user`` field, if the user admin has a search."""

    user_id_help: Any = ""

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Return these fields, with the user's if the project's user admin has a search."""
        fields = [*super().get_autocomplete_fields(request)]
        user_admin = self.admin_site._registry.get(get_user_model())  # noqa: SLF001
        searchable = user_admin is not None and user_admin.get_search_fields(request)
        return [*fields, "user"] if searchable else fields

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Return a field for the user's ID if the admin can't complete users.

        A list of all users may be too long.
        """
        if db_field.name == "user" and "user" not in self.get_autocomplete_fields(request):
            kwargs["widget"] = ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site)
            kwargs["help_text"] = self.user_id_help
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_SEPARATORS: Final = re.compile(r"[,;]")


def user_search_fields(prefix: str = "user__", lookup: str = "") -> list[str]:
    """Return the fields of the user model that staff search by, with ``prefix`` and ``lookup``."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name()}
    return [f"{prefix}{name}{lookup}" for name in sorted(names & _field_names(model))]


@dataclass(frozen=True)
class Named:
    """One name that staff wrote, and whom it means.

    ``stated_by`` are the accounts that have the address, although nothing confirms that.
    """

    line: int
    text: str
    holder: Holder
    stated_by: tuple[Any, ...] = ()

    @property
    def is_vouched(self) -> bool:
        """Whether the account is meant because it vouches for the address that was written."""
        return self.holder.user is not None and "@" in self.text


def find_named(text: str) -> list[Named]:
    """Return whom ``text`` names, on lines or between commas, with a few queries for all.

    What has an ``@`` is an e-mail address, never a user name: else a stranger who took the
    address as a user name would get what was meant for its owner. It means the account that
    vouches for it, and waits for the address where none does.

    Raises ``ValidationError`` with the lines that match neither, and if no person is named.
    """
    names = list(_names(text))
    addresses, errors = _addresses(names)
    users = users_named(name for _, name in names if "@" not in name)
    errors += [
        (line, _("%(name)s is neither a user nor an e-mail address.") % {"name": name})
        for line, name in names
        if "@" not in name and name not in users
    ]
    if errors:
        raise ValidationError(
            [
                _("Line %(line)s: %(error)s") % {"line": line, "error": error}
                for line, error in sorted(errors)
            ]
        )
    if not names:
        raise ValidationError(_("Name a user or an e-mail address."))
    vouching = vouching_users({*addresses.values()})
    stating = users_stating({*addresses.values()} - {*vouching})
    accounts = {**users, **{name: vouching.get(one) for name, one in addresses.items()}}
    return [
        Named(line, name, Holder(accounts[name]))
        if accounts[name] is not None
        else Named(line, name, Holder(email=addresses[name]), _stating(stating, addresses[name]))
        for line, name in names
    ]


def find_holder(text: str) -> Holder:
    """Return the one holder that ``text`` names, as ``find_named`` does."""
    if "@" in text:
        try:
            return Holder.named(email=text).resolved()
        except ValueError as error:
            raise ValidationError(_not_an_address(text)) from error
    user = users_named([text]).get(text)
    if user is None:
        raise ValidationError(
            _("%(name)s is neither a user nor an e-mail address.") % {"name": text}
        )
    return Holder(user)


def users_named(names: Iterable[str]) -> dict[str, Any]:
    """Return the accounts with these user names, with one query."""
    model = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)  # noqa: SLF001 - public by its docs
    wanted = {*names}
    values = [value for value in (_as_value(field, name) for name in wanted) if value is not None]
    if not values:
        return {}
    users = model._default_manager.filter(**{f"{field.name}__in": values})  # noqa: SLF001 - documented
    # Compared here too: some databases take "é" for "e", and "A" for "a".
    by_name = {str(user.get_username()): user for user in users}
    return {name: user for name, user in by_name.items() if name in wanted}


def users_stating(addresses: Collection[str]) -> dict[str, list[Any]]:
    """Return the accounts that have these e-mail addresses, confirmed or not."""
    found: dict[str, list[Any]] = {}
    for stored, user in accounts_with_email(addresses):
        found.setdefault(normal_or_empty(stored), []).append(user)
    return found


def as_stored(search: str) -> str:
    """Return a search's text with its addresses in the form in which grants have them."""
    return " ".join(map(_as_stored, search.split()))


def _as_stored(word: str) -> str:
    try:
        return normal_address(word) if "@" in word else word
    except ValueError:
        return word


def stated_address(user: Any) -> str:
    """Return the normal form of the account's e-mail address; empty without one."""
    return normal_or_empty(getattr(user, get_user_model().get_email_field_name(), "") or "")


def _names(text: str) -> Iterable[tuple[int, str]]:
    for line, content in enumerate(_LINE_ENDS.split(text), start=1):
        yield from ((line, name) for name in map(str.strip, _SEPARATORS.split(content)) if name)


def _addresses(
    names: Iterable[tuple[int, str]],
) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Return the normal form of each address, and the errors with their lines."""
    addresses, errors = {}, []
    for line, name in names:
        if "@" not in name:
            continue
        try:
            addresses[name] = normal_address(name)
        except ValueError:
            errors.append((line, _not_an_address(name)))
    return addresses, errors


def _not_an_address(name: str) -> str:
    if has_ascii_mailbox(name):
        problem = _("%(name)s isn't an e-mail address.")
    else:
        problem = _("%(name)s has letters that few mailboxes have. Write the address in ASCII.")
    return problem % {"name": name}


def _stating(stating: dict[str, list[Any]], address: str) -> tuple[Any, ...]:
    return tuple(stating.get(address, ()))


def _as_value(field: Any, name: str) -> Any:
    """Return ``name`` as the field's type, or ``None`` if it can't be one."""
    try:
        return field.to_python(name)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None


def _field_names(model: Any) -> set[str]:
    return {field.name for field in model._meta.get_fields()}  # noqa: SLF001 - public by its docs
