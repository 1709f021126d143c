"""Moments in words: in the viewer's language and the current time zone, which is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, localtime


def start_of(day: date) -> datetime:
    """Return the first moment of ``day`` in the current time zone, in UTC.

    Where the clocks change at midnight, 0:00 doesn't exist on one day, and comes twice on another.
    Raises ``OverflowError`` where UTC has no such date.
    """
    return datetime.combine(day, time.min, get_current_timezone()).astimezone(UTC)


def after(moment: datetime, duration: timedelta) -> datetime:
    """Return the moment that is so much later, or the calendar's last."""
    try:
        return moment + duration
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def in_current_zone(moment: datetime) -> datetime:
    """Return ``moment`` in the current time zone, or as it is at the calendar's very end."""
    try:
        return localtime(moment)
    except OverflowError:
        return moment


def in_words(moment: datetime) -> str:
    """Return date, time and time zone."""
    local = in_current_zone(moment)
    # Django's format "T" is empty in the hour that comes twice.
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def end_in_words(end: datetime) -> str:
    """Return the last minute before ``end``, if a day begins there, and else ``end`` itself.

    Who reads "until 1 December" takes the day for theirs.
    """
    return in_words(_last_moment(end))


def last_day(end: datetime) -> str:
    """Return the date of the last day before ``end``, in short."""
    return date_format(in_current_zone(_last_moment(end)), "SHORT_DATE_FORMAT")


def _last_moment(end: datetime) -> datetime:
    """Return the moment before ``end`` if a day begins there: not always at 0:00, see above."""
    before = end.astimezone(UTC) - datetime.resolution
    return before if in_current_zone(before).date() != in_current_zone(end).date() else end
