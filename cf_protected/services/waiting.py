"""Claim what waits for a user's addresses when they sign in or open their library."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import get_user_model

from cf_protected.services.changes import claim

logger = logging.getLogger("cf_protected")


def claim_what_waits(user: Any) -> int:
    """Claim the grants that wait for the addresses that ``VERIFIED_EMAILS`` vouches for.

    Return their number. An error, such as a receiver's, is logged and changes nothing: neither a
    sign-in nor a page fails for it, and the next one tries again. A user of another class, such as
    an anonymous one, has no grants.
    """
    if not isinstance(user, get_user_model()):
        return 0
    try:
        return claim(user)
    except Exception:
        logger.exception("What waits for account %s wasn't claimed.", user.pk)
        return 0


def claim_at_sign_in(sender: Any, user: Any, **kwargs: Any) -> None:
    """Receive ``user_logged_in``."""
    claim_what_waits(user)
