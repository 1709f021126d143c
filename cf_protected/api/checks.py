"""The system check of the API."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from cf_protected import conf
from cf_protected.api.authentication import get_authenticators


def check_authenticators(**kwargs: Any) -> list[CheckMessage]:
    """Check that each class in ``AUTHENTICATORS`` can be used (E017)."""
    if conf.problems():
        return []
    try:
        get_authenticators()
    except conf.ConfigurationError as mistake:
        return [Error(str(mistake), hint=mistake.hint, id=mistake.id)]
    return []
