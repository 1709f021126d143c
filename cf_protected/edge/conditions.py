"""Evaluate conditional requests. Source: RFC 9110, section 13."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message
from typing import Final

_OPAQUE_TAG: Final = re.compile(r'"[^"]*"')
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"


def is_not_modified(headers: Message, etag: str, last_modified: str) -> bool:
    """Return whether the viewer has this state of the object already, so the answer is 304.

    ``If-None-Match`` takes precedence over ``If-Modified-Since``.
    """
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        # The comparison is weak: W/"a" equals "a".
        return none_match.strip() == "*" or etag in _OPAQUE_TAG.findall(none_match)
    since = _parse(headers.get("If-Modified-Since", ""))
    modified = _parse(last_modified)
    return since is not None and modified is not None and modified <= since


def range_applies(headers: Message, etag: str, last_modified: str) -> bool:
    """Return whether ``If-Range`` lets ``Range`` count: it is absent or names this state."""
    condition = headers.get("If-Range")
    return condition is None or condition.strip() in (etag, last_modified)


def _parse(http_date: str) -> datetime | None:
    """Parse the only form that clients may still send; the RFC says to ignore other texts."""
    try:
        return datetime.strptime(http_date.strip(), _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
