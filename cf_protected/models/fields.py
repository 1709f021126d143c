"""A reference that holds nothing back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

if TYPE_CHECKING:
    _Descriptor = ForwardManyToOneDescriptor[Any]
    _ForeignKey = models.ForeignKey[Any, Any]
else:
    _Descriptor, _ForeignKey = ForwardManyToOneDescriptor, models.ForeignKey


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
    ``None`` from then on. ``on_delete`` may also be ``CASCADE``.
    """

    forward_related_accessor_class = _LooseDescriptor

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **options: Any) -> None:
        options.update(null=True, db_constraint=False)
        super().__init__(to, on_delete, **options)
