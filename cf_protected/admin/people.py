"""Find people by what staff know of them, whatever the project's user model is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Person:
    """A user, or the e-mail address of somebody without an account."""

    user: Any = None
    email: str = ""


def user_search_fields(prefix: str = "user__") -> list[str]:
    """The fields of the user model that staff search by."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name()}
    known = {field.name for field in model._meta.get_fields()}  # noqa: SLF001 - public by its docs
    return [f"{prefix}{name}" for name in sorted(names & known)]


def find_people(text: str) -> Iterator[Person]:
    """The people that ``text`` names, one user name or e-mail address on each line.

    Raises ``ValidationError`` for a line that names nobody, or more than one user.
    """
    for line in dict.fromkeys(line.strip() for line in text.splitlines()):
        if line:
            yield _find(line)


def _find(name: str) -> Person:
    model = get_user_model()
    matches = Q(pk__in=[])
    for field in user_search_fields(prefix=""):
        matches |= Q(**{f"{field}__iexact": name})
    users = list(model._default_manager.filter(matches)[:2])  # noqa: SLF001 - documented
    if len(users) > 1:
        raise ValidationError(_("%(name)s stands for more than one user.") % {"name": name})
    if users:
        return Person(user=users[0])
    try:
        validate_email(name)
    except ValidationError as error:
        raise ValidationError(
            _("%(name)s is no user, and no e-mail address either.") % {"name": name}
        ) from error
    return Person(email=name)
