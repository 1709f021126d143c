"""Keep the tokens of mailed links out of the log of requests that failed."""

from __future__ import annotations

import logging
from typing import Final

# Django logs the path of such a request with the first, or if CSRF protection refused it with
# the second.
_LOGGERS: Final = ("django.request", "django.security.csrf")


class HideTokens(logging.Filter):
    """Replaces the token of one of this app's links, which may still open something."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let each record pass."""
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        token = match.kwargs.get("token") if match and "cf_protected" in match.app_names else None
        if token and isinstance(record.args, tuple):
            record.args = tuple(
                one.replace(token, "***") if isinstance(one, str) else one for one in record.args
            )
        return True


_hide_tokens: Final = HideTokens()


def hide_tokens() -> None:
    """Add the filter to Django's loggers."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_hide_tokens)
