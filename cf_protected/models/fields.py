"""References that hold nothing back, and texts that are compared exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

if TYPE_CHECKING:
    _Descriptor = ForwardManyToOneDescriptor[Any]
    _ForeignKey = models.ForeignKey[Any, Any]
    _CharField = models.CharField[str, str]
    _EmailField = models.EmailField[str, str]
    _SlugField = models.SlugField[str, str]
    _Lookup = lookups.BuiltinLookup[Any]
else:
    _Descriptor, _ForeignKey = ForwardManyToOneDescriptor, models.ForeignKey
    _CharField, _EmailField = models.CharField, models.EmailField
    _SlugField, _Lookup = models.SlugField, object


class _LooseDescriptor(_Descriptor):
    """Reads the row that the column names, or ``None`` if it was deleted."""

    def get_object(self, instance: models.Model) -> Any:
        try:
            return super().get_object(instance)
        except ObjectDoesNotExist:
            return None


class LooseForeignKey(_ForeignKey):
    """A foreign key without a constraint in the database.

    A row is written although the row that it names is being deleted, and that deletion neither
    waits for it nor rewrites it. The column keeps the primary key, and the attribute is
    ``None`` from then on. ``on_delete`` may also be ``CASCADE`` or ``SET_NULL``, for the rows that
    the deletion finds.
    """

    forward_related_accessor_class = _LooseDescriptor

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **options: Any) -> None:
        options.update(null=True, db_constraint=False)
        super().__init__(to, on_delete, **options)


class _Exact(_CharField):
    """A text whose letters and spaces all count when the database compares it.

    MariaDB's default collation takes ``li_1Abc`` for ``li_1aBc``, and ``jose`` for ``josé``.
    Source: https://mariadb.com/kb/en/supported-character-sets-and-collations/
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "mysql":
            is_mariadb = getattr(connection, "mysql_is_mariadb", False)
            parameters["collation"] = "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
        return parameters


class _IgnoresCase(_Lookup):
    """Lets a lookup that ignores capitals do so on MySQL and MariaDB too.

    There the column's collation decides.
    """

    def process_lhs(self, compiler: Any, connection: BaseDatabaseWrapper, lhs: Any = None) -> Any:
        sql, parameters = super().process_lhs(compiler, connection, lhs)
        if connection.vendor == "mysql":
            sql = f"{sql} COLLATE utf8mb4_unicode_ci"
        return sql, parameters


@_Exact.register_lookup
class _IExact(_IgnoresCase, lookups.IExact):
    pass


@_Exact.register_lookup
class _IContains(_IgnoresCase, lookups.IContains):
    pass


@_Exact.register_lookup
class _IStartsWith(_IgnoresCase, lookups.IStartsWith):
    pass


@_Exact.register_lookup
class _IEndsWith(_IgnoresCase, lookups.IEndsWith):
    pass


class ExactCharField(_Exact):
    """A ``CharField`` that is compared exactly on every database."""


class ExactEmailField(_Exact, _EmailField):
    """An ``EmailField`` that is compared exactly on every database."""


class ExactSlugField(_Exact, _SlugField):
    """A ``SlugField`` that is compared exactly on every database."""
