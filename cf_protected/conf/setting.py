"""A setting of the project: parsed when first needed, and again when it has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from django.conf import settings

from cf_protected.conf import check_ids
from cf_protected.conf.errors import ConfigurationError
from cf_protected.conf.reader import Reader
from cf_protected.conf.values import is_a
from cf_protected.process import Once

T = TypeVar("T")


class Setting(Generic[T]):
    """The setting ``name``, whose dict becomes a ``type_``: a section, or sections by name.

    Each module makes its own once. Mistakes have ids of system checks in ``namespace``.
    ``docs`` is the page that explains the setting. Safe for threads and forks.
    """

    def __init__(self, name: str, type_: Any, *, namespace: str, docs: str) -> None:
        self.name = name
        self._type = type_
        self._namespace = namespace
        self._docs = docs
        self._parsed = Once(self._load, depends_on=self._raw)

    def current(self) -> T:
        """Return the setting as it is now: the same object until the setting changes.

        Raises ``ConfigurationError`` for its first mistake.
        """
        return self._parsed.get()

    def problems(self) -> list[ConfigurationError]:
        """Return every mistake in the setting itself. Nothing is imported and no key is read."""
        return self._parse()[1]

    def _raw(self) -> object:
        return getattr(settings, self.name, None)

    def _load(self) -> T:
        # No local of this frame holds the setting, which may hold a key: a debug page shows
        # the locals of every frame that an exception passed.
        parsed, errors = self._parse()
        if parsed is None:
            raise errors[0]
        return parsed

    def _parse(self) -> tuple[T | None, list[ConfigurationError]]:
        raw = self._raw()
        if problem := "isn't set" if raw is None else is_a(Mapping)(raw):
            check = replace(check_ids.NOT_SET, namespace=self._namespace)
            hint = f"Add it to the settings module: see {self._docs}."
            return None, [ConfigurationError(check, self.name, f"{problem}.", hint=hint)]
        reader = Reader(namespace=self._namespace, docs=self._docs)
        parsed: T | None = reader.value(self.name, self._type, raw)
        return parsed, reader.errors
