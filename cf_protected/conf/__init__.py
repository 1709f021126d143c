"""The one reader of ``settings.CF_PROTECTED``: typed, live, and clear about mistakes.

``current()`` is the parsed setting; it follows ``override_settings`` by itself.
``problems()`` lists everything wrong with it, for the system checks.
"""

from __future__ import annotations

from functools import partial

from django.conf import settings

from cf_protected.conf.reader import Reader
from cf_protected.conf.sections import (
    SETTING,
    ConfigurationError,
    DistributionSettings,
    KeySourceSettings,
    OIDCSettings,
    Settings,
)
from cf_protected.conf.values import ASYMMETRIC_ALGORITHMS, UNIX_SOCKET
from cf_protected.process import Once

__all__ = [
    "ASYMMETRIC_ALGORITHMS",
    "SETTING",
    "UNIX_SOCKET",
    "ConfigurationError",
    "DistributionSettings",
    "KeySourceSettings",
    "OIDCSettings",
    "Settings",
    "current",
    "problems",
]


def _parse() -> Settings:
    # No local here holds the setting, which may hold a key: a debug page shows the locals of
    # every frame that an exception passed.
    reader = Reader()
    parsed = reader.read()
    if parsed is None or reader.errors:
        raise reader.errors[0]
    return parsed


_parsed = Once(_parse, depends_on=partial(getattr, settings, SETTING, None))


def current() -> Settings:
    """Return the setting as it is now: one object, until the setting is another.

    Raises ``ConfigurationError`` for its first mistake.
    """
    return _parsed.get()


def problems() -> list[ConfigurationError]:
    """Return every mistake in the setting's own text; imports and keys aren't looked at."""
    reader = Reader()
    reader.read()
    return reader.errors
