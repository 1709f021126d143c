"""The system check of the API."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage

from cf_protected import conf
from cf_protected.api.authentication import get_authenticators


def check_authenticators(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the classes in ``AUTHENTICATORS``."""
    if conf.problems():
        return []
    try:
        get_authenticators()
    except conf.ConfigurationError as mistake:
        return [mistake.as_message()]
    return []
