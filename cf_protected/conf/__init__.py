"""The one reader of ``settings.CF_PROTECTED``: typed, live, and clear about mistakes.

``current()`` is the parsed setting; it follows ``override_settings`` by itself.
``problems()`` lists everything wrong with it, for the system checks.
"""

from __future__ import annotations

import os
from threading import Lock

from django.conf import settings

from cf_protected.conf.reader import Reader
from cf_protected.conf.sections import (
    SETTING,
    ConfigurationError,
    DistributionSettings,
    KeySourceSettings,
    Settings,
)
from cf_protected.conf.values import UNIX_SOCKET

__all__ = [
    "SETTING",
    "UNIX_SOCKET",
    "ConfigurationError",
    "DistributionSettings",
    "KeySourceSettings",
    "Settings",
    "current",
    "problems",
]

_parsed: tuple[object, Settings] | None = None
_lock = Lock()
# A child has none of its parent's other threads, so nobody there would release their lock.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def current() -> Settings:
    """Return the setting as it is now: one object, until the setting is another.

    Raises ``ConfigurationError`` for its first mistake.
    """
    global _parsed  # noqa: PLW0603 - the one slot, under its lock
    with _lock:
        if _parsed is None or _parsed[0] is not getattr(settings, SETTING, None):
            # No local here holds the setting, which may hold a key: a debug page shows
            # the locals of every frame that an exception passed.
            reader = Reader()
            parsed = reader.read()
            if parsed is None or reader.errors:
                raise reader.errors[0]
            _parsed = (reader.raw, parsed)
        return _parsed[1]


def problems() -> list[ConfigurationError]:
    """Return every mistake in the setting's own text; imports and keys aren't looked at."""
    reader = Reader()
    reader.read()
    return reader.errors
