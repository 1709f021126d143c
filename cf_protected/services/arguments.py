"""Refuse arguments that can't be stored, by their names."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

# The largest value of a PositiveIntegerField on every supported database.
_MAX_NUMBER: Final = 2**31 - 1


def check_moment(argument: str, moment: Any) -> None:
    """Raise ``ValueError`` for what isn't a datetime, or one without a time zone."""
    if not isinstance(moment, datetime) or timezone.is_naive(moment):
        raise ValueError(f"{argument} ({moment}) isn't a datetime, or has no time zone.")


def check_text(argument: str, text: str) -> None:
    """Raise ``ValueError`` for characters that not every database takes."""
    if re.search("[\0\ud800-\udfff]", text):
        raise ValueError(f"{argument} has a null character or a surrogate.")


def check_number(argument: str, number: Any) -> None:
    """Raise ``ValueError`` for a number that isn't whole, or that no column holds."""
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MAX_NUMBER:
        raise ValueError(
            f"{argument} is {number!r}; it must be a whole number from 1 to {_MAX_NUMBER}."
        )


def check_terms(starts_at: Any, expires_at: Any, max_downloads: Any) -> None:
    """Raise ``ValueError`` for terms that no grant can have. Each may be ``None``."""
    for argument, moment in (("starts_at", starts_at), ("expires_at", expires_at)):
        if moment is not None:
            check_moment(argument, moment)
    if starts_at is not None and expires_at is not None and expires_at <= starts_at:
        raise ValueError(
            f"expires_at: the grant would end ({expires_at}) before it starts ({starts_at})."
        )
    if max_downloads is not None:
        check_number("max_downloads", max_downloads)


def check_purchase(source: Any, reference: Any) -> None:
    """Raise ``ValueError`` for a source or reference that no purchase can have."""
    _check_name("source", source, 50)
    _check_name("reference", reference, 190)


def _check_name(argument: str, text: Any, length: int) -> None:
    if (
        not isinstance(text, str)
        or not text
        or text != text.strip()
        or not text.isprintable()
        or len(text) > length
    ):
        raise ValueError(
            f"{argument} isn't a text, is empty, has white space around it or characters that "
            f"can't be printed, or is longer than {length} characters."
        )
