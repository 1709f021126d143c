"""Moments in words: in the viewer's language and the current time zone, which is named."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime


def in_words(moment: datetime) -> str:
    """Return date, time and time zone."""
    local = _local(moment)
    return f"{date_format(local, 'DATETIME_FORMAT')} {date_format(local, 'T')}"


def end_in_words(end: datetime) -> str:
    """Return the last minute before ``end``, if that is at midnight, and else ``end`` itself.

    Who reads "until 1 December" takes the day for theirs.
    """
    return in_words(_last_moment(end))


def last_day(end: datetime) -> str:
    """Return the date of the last day before ``end``, in short."""
    return date_format(_last_moment(end), "SHORT_DATE_FORMAT")


def _last_moment(end: datetime) -> datetime:
    local = _local(end)
    return local - timedelta(minutes=1) if local.time() == time.min else local


def _local(moment: datetime) -> datetime:
    """Return ``moment`` in the current time zone, or as it is where that has no such year.

    Shops write the end of the year 9999 for "never".
    """
    try:
        return localtime(moment)
    except OverflowError:
        return moment
