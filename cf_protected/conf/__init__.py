"""The one reader of ``settings.CF_PROTECTED``.

``current()`` returns the parsed setting; it follows ``override_settings``. ``problems()`` lists
everything that is wrong with it, for the system checks.
"""

from __future__ import annotations

from typing import Final

from cf_protected.conf.check_ids import CheckID
from cf_protected.conf.dotted_paths import import_function
from cf_protected.conf.errors import ConfigurationError
from cf_protected.conf.sections import (
    AppSettings,
    DistributionSettings,
    KeySourceSettings,
    VerifiedEmailsSettings,
)
from cf_protected.conf.setting import Setting
from cf_protected.conf.values import UNIX_SOCKET

__all__ = [
    "SETTING",
    "UNIX_SOCKET",
    "AppSettings",
    "CheckID",
    "ConfigurationError",
    "DistributionSettings",
    "KeySourceSettings",
    "Setting",
    "VerifiedEmailsSettings",
    "current",
    "import_function",
    "problems",
]

SETTING: Final = "CF_PROTECTED"

_setting: Final[Setting[AppSettings]] = Setting(
    SETTING, AppSettings, namespace="cf_protected", docs="docs/settings.md"
)
current = _setting.current
problems = _setting.problems
