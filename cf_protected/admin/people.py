"""Find users by name or e-mail address, with any user model."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cf_protected.addresses import has_ascii_mailbox, normal_address
from cf_protected.services import Holder


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


_SEPARATORS: Final = re.compile(r"[,;\r\n]")


def user_search_fields(prefix: str = "user__") -> list[str]:
    """Return the fields of the user model that staff search by, with ``prefix``."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name()}
    known = {field.name for field in model._meta.get_fields()}  # noqa: SLF001 - public by its docs
    return [f"{prefix}{name}" for name in sorted(names & known)]


def find_holders(text: str) -> list[Holder]:
    """Return the holders that ``text`` names, on lines or between commas.

    What has an ``@`` is an e-mail address, never a user name: else a stranger who took the
    address as a user name would get what was meant for its owner. An account with the address
    isn't meant either, since nobody may have confirmed that it is theirs.

    Raises ``ValidationError`` with everything that is neither, and where nobody is named.
    """
    holders: dict[Holder, None] = {}  # in order, without repeats
    errors: list[ValidationError] = []
    for name in filter(None, map(str.strip, _SEPARATORS.split(text))):
        try:
            holders[_find(name)] = None
        except ValidationError as error:
            errors.append(error)
    if not holders and not errors:
        errors.append(ValidationError(_("Name a user or an e-mail address.")))
    if errors:
        raise ValidationError(errors)
    return list(holders)


def has_account(address: str) -> bool:
    """Return whether an account has this e-mail address, confirmed or not, in any case."""
    model = get_user_model()
    field = model.get_email_field_name()
    known = {one.name for one in model._meta.get_fields()}  # noqa: SLF001 - public by its docs
    users = model._default_manager  # noqa: SLF001 - documented
    return field in known and users.filter(**{f"{field}__iexact": address}).exists()


def _find(name: str) -> Holder:
    if "@" in name:
        return Holder(email=_address(name))
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    user = users.filter(**{get_user_model().USERNAME_FIELD: name}).first()
    # Compared here too: some databases take "é" for "e", and "A" for "a".
    if user is None or user.get_username() != name:
        raise ValidationError(
            _("%(name)s is neither a user nor an e-mail address.") % {"name": name}
        )
    return Holder(user=user)


def _address(name: str) -> str:
    try:
        return normal_address(name)
    except ValueError as error:
        if has_ascii_mailbox(name):
            problem = _("%(name)s isn't an e-mail address.")
        else:
            problem = _("%(name)s has letters that few mailboxes have. Write the address in ASCII.")
        raise ValidationError(problem % {"name": name}) from error
