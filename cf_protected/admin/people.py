"""Find people by what staff know of them, whatever the project's user model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cf_protected.models import Grant

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = object


class ChoosesUser(AnyModelAdmin):
    """A model admin whose ``user`` is found by typing, where users can be searched."""

    user_id_help: Any = ""

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """The user too, where the project's user admin can be searched."""
        fields = [*super().get_autocomplete_fields(request)]
        user_admin = self.admin_site._registry.get(get_user_model())  # noqa: SLF001
        searchable = user_admin is not None and user_admin.get_search_fields(request)
        return [*fields, "user"] if searchable else fields

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """The user's ID, where users can't be completed: a list of them all may be long."""
        if db_field.name == "user" and "user" not in self.get_autocomplete_fields(request):
            kwargs["widget"] = ForeignKeyRawIdWidget(db_field.remote_field, self.admin_site)
            kwargs["help_text"] = self.user_id_help
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


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


def find_people(text: str) -> list[Person]:
    """The people that ``text`` names, one user name or e-mail address on each line.

    Raises ``ValidationError`` with every line that names nobody, or more than one user.
    """
    people: dict[Person, None] = {}
    errors: list[ValidationError] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            people[_find(line)] = None
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise ValidationError(errors)
    return list(people)


def users_named(name: str) -> list[Any]:
    """The first two users of this user name or e-mail address, in whatever case."""
    matches = Q(pk__in=[])
    for field in user_search_fields(prefix=""):
        matches |= Q(**{f"{field}__iexact": name})
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    return list(users.filter(matches)[:2])


def _find(name: str) -> Person:
    users = users_named(name)
    if len(users) > 1:
        raise ValidationError(_("%(name)s stands for more than one user.") % {"name": name})
    if users:
        return Person(user=users[0])
    try:
        Grant._meta.get_field("email").clean(name, None)  # noqa: SLF001 - public by its docs
    except ValidationError as error:
        raise ValidationError(
            _("%(name)s is no user, and no e-mail address either.") % {"name": name}
        ) from error
    return Person(email=name.lower())
