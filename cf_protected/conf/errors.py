"""The error for a mistake in a setting."""

from __future__ import annotations

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from cf_protected.conf.check_ids import CheckID
from cf_protected.exceptions import CFProtectedError


class ConfigurationError(CFProtectedError, ImproperlyConfigured):
    """A setting is wrong at ``where``; ``hint`` is what to do, ``id`` the system check's."""

    def __init__(self, check: CheckID, where: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.hint = hint or check.remedy
        self.check = check

    @property
    def id(self) -> str:
        """The system check's id, such as ``cf_protected.E004``."""
        return str(self.check)

    def as_message(self) -> CheckMessage:
        """Return the message with which ``manage.py check`` reports this."""
        return self.check.message(str(self), hint=self.hint)
