"""Moments in words: in the viewer's language and the current time zone, which is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, localtime


def start_of(day: date) -> datetime:
    """Return the first moment of ``day`` in the current time zone, in UTC.

    Where the clocks change at midnight, 0:00 doesn't exist on one day, and comes twice on another.
    Raises ``OverflowError`` where UTC has no such date.
    """
    return datetime.combine(day, time.min, get_current_timezone()).astimezone(UTC)


def in_words(moment: datetime) -> str:
    """Return date, time and time zone."""
    local = _local(moment)
    # Django's format "T" is empty in the hour that comes twice.
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def end_in_words(end: datetime) -> str:
    """Return the last minute before ``end``, if a day begins there, and else ``end`` itself.

    Who reads "until 1 December" takes the day for theirs.
    """
    return in_words(_last_moment(end))


def last_day(end: datetime) -> str:
    """Return the date of the last day before ``end``, in short."""
    return date_format(_local(_last_moment(end)), "SHORT_DATE_FORMAT")


def _last_moment(end: datetime) -> datetime:
    """Return the moment before ``end`` if a day begins there: not always at 0:00, see above."""
    before = end.astimezone(UTC) - datetime.resolution
    return before if _local(before).date() != _local(end).date() else end


def _local(moment: datetime) -> datetime:
    """Return ``moment`` in the current time zone, or as it is at the calendar's very end."""
    try:
        return localtime(moment)
    except OverflowError:
        return moment
