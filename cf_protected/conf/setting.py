"""A setting of the project: parsed when first needed, and again when it has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from typing import Generic, TypeVar

from django.conf import settings

from cf_protected.conf import check_ids
from cf_protected.conf.errors import ConfigurationError
from cf_protected.conf.reader import Reader
from cf_protected.conf.values import is_a

T = TypeVar("T")


class Setting(Generic[T]):
    """The setting ``name``, whose dict becomes a ``section``; made once, in a module.

    Mistakes have ids of system checks in ``namespace``. ``docs`` is the page that explains
    the setting. Safe for threads and forks.
    """

    def __init__(self, name: str, section: type[T], *, namespace: str, docs: str) -> None:
        self.name = name
        self._section = section
        self._namespace = namespace
        self._docs = docs
        self._parsed: tuple[object, T] | None = None
        self._lock = lock = Lock()
        # Only the forking thread lives on in the child, so a lock that another thread held
        # would stay locked there.
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )

    def current(self) -> T:
        """Return the setting as it is now: the same object until the setting changes.

        Raises ``ConfigurationError`` for its first mistake.
        """
        with self._lock:
            if self._parsed is None or self._parsed[0] is not getattr(settings, self.name, None):
                # No local of this frame holds the setting, which may hold a key: a debug page
                # shows the locals of every frame that an exception passed.
                parsed, errors = self._parse()
                if parsed is None:
                    raise errors[0]
                self._parsed = parsed
            return self._parsed[1]

    def problems(self) -> list[ConfigurationError]:
        """Return every mistake in the setting itself. Nothing is imported and no key is read."""
        return self._parse()[1]

    def _parse(self) -> tuple[tuple[object, T] | None, list[ConfigurationError]]:
        raw = getattr(settings, self.name, None)
        if problem := "isn't set" if raw is None else is_a(Mapping)(raw):
            check = replace(check_ids.NOT_SET, namespace=self._namespace)
            hint = f"Add it to the settings module: see {self._docs}."
            return None, [ConfigurationError(check, self.name, f"{problem}.", hint=hint)]
        reader = Reader(namespace=self._namespace, docs=self._docs)
        parsed: T | None = reader.section(self.name, self._section, raw)
        return None if parsed is None else (raw, parsed), reader.errors
