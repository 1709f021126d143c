"""Conditional requests: does the viewer have the object already? RFC 9110, section 13."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message
from typing import Final

_OPAQUE_TAG: Final = re.compile(r'"[^"]*"')
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"


def is_not_modified(headers: Message, etag: str, last_modified: str) -> bool:
    """Whether the answer is 304. ``If-None-Match`` wins over ``If-Modified-Since``."""
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        # Weak comparison: W/"a" is "a" here.
        return none_match.strip() == "*" or etag in _OPAQUE_TAG.findall(none_match)
    since = _parse(headers.get("If-Modified-Since", ""))
    modified = _parse(last_modified)
    return since is not None and modified is not None and modified <= since


def range_applies(headers: Message, etag: str, last_modified: str) -> bool:
    """Whether ``Range`` counts: not if ``If-Range`` names another state of the object."""
    condition = headers.get("If-Range")
    return condition is None or condition.strip() in (etag, last_modified)


def _parse(http_date: str) -> datetime | None:
    """The one form that HTTP still sends; any other is no condition, as the RFC has it."""
    try:
        return datetime.strptime(http_date.strip(), _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
