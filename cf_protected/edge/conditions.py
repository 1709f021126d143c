"""Evaluate conditional requests. Source: RFC 9110, section 13."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

# What precedes an entity tag is "W/" if the tag is weak.
_ENTITY_TAG: Final = re.compile(r'([^\s,"]*)("[^"]*")')
# The three forms of RFC 9110, section 5.6.7, in any locale.
_HTTP_DATE: Final = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
    r"|[A-Z][a-z]{5,8}, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} [0-9:]{8} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}"
)


def failed_precondition(headers: Message, etag: str, last_modified: str) -> str:
    """Return the name of the header that asks for another state, so the answer is 412.

    It is empty if there is none. ``If-Match`` takes precedence over ``If-Unmodified-Since``.
    """
    match = _list(headers, "If-Match")
    if match is not None:
        # The comparison is strong: W/"a" never matches.
        tags = [tag for mark, tag in _ENTITY_TAG.findall(match) if not mark]
        return "" if match.strip() == "*" or etag in tags else "If-Match"
    since, modified = _date(headers, "If-Unmodified-Since"), _parse(last_modified)
    is_newer = since is not None and modified is not None and modified > since
    return "If-Unmodified-Since" if is_newer else ""


def is_not_modified(headers: Message, etag: str, last_modified: str) -> bool:
    """Return whether the viewer has this state of the object already, so the answer is 304.

    ``If-None-Match`` takes precedence over ``If-Modified-Since``.
    """
    none_match = _list(headers, "If-None-Match")
    if none_match is not None:
        # The comparison is weak: W/"a" equals "a".
        tags = [tag for mark, tag in _ENTITY_TAG.findall(none_match) if mark in ("", "W/")]
        return none_match.strip() == "*" or etag in tags
    since, modified = _date(headers, "If-Modified-Since"), _parse(last_modified)
    return since is not None and modified is not None and modified <= since


def range_applies(headers: Message, etag: str, last_modified: str) -> bool:
    """Return whether ``If-Range`` lets ``Range`` count: it is absent or names this state."""
    condition = headers.get("If-Range")
    return condition is None or condition.strip() in (etag, last_modified)


def _list(headers: Message, name: str) -> str | None:
    """Return the value of a header that may occur several times."""
    values = headers.get_all(name)
    return None if values is None else ", ".join(values)


def _date(headers: Message, name: str) -> datetime | None:
    return _parse(_list(headers, name) or "")


def _parse(http_date: str) -> datetime | None:
    """Parse a date; the RFC says to ignore other texts, and two dates."""
    text = http_date.strip()
    if not _HTTP_DATE.fullmatch(text):
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC)
    except ValueError:
        return None
