"""Days that begin or end at another time than 0:00, and the calendar's ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from cf_protected.admin.date_fields import EndField, StartField
from cf_protected.moments import end_in_words, last_day

# The clocks change at midnight here: 0:00 is missing, or comes twice.
CHANGES = [
    ("Africa/Cairo", "2026-04-24", datetime(2026, 4, 23, 22, tzinfo=UTC), "April 23, 2026"),
    ("Atlantic/Azores", "2026-03-29", datetime(2026, 3, 29, 1, tzinfo=UTC), "March 28, 2026"),
    ("Atlantic/Azores", "2026-10-25", datetime(2026, 10, 25, 0, tzinfo=UTC), "Oct. 24, 2026"),
    ("America/Havana", "2026-11-01", datetime(2026, 11, 1, 4, tzinfo=UTC), "Oct. 31, 2026"),
    ("America/Santiago", "2026-09-06", datetime(2026, 9, 6, 4, tzinfo=UTC), "Sept. 5, 2026"),
    ("Europe/Berlin", "2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), "March 28, 2026"),
]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(("zone", "day", "begins", "last"), CHANGES)
def test_a_date_alone_works_on_days_when_the_clocks_change(
    zone: str, day: str, begins: datetime, last: str
) -> None:
    before = datetime.fromisoformat(day).date().toordinal() - 1
    with timezone.override(ZoneInfo(zone)):
        assert StartField().clean([day, ""]) == begins
        assert StartField().clean([day, "00:00"]) == begins
        assert EndField().clean([str(datetime.fromordinal(before).date()), ""]) == begins
        assert end_in_words(begins).startswith(f"{last}, 11:59 p.m. ")


def test_the_last_minute_of_a_day_names_its_own_zone() -> None:
    """In Cairo, 23:00 to 23:59 of 29 October comes twice. The day ends after the second time."""
    with timezone.override(ZoneInfo("Africa/Cairo")):
        end = datetime(2026, 10, 29, 22, tzinfo=UTC)
        assert end_in_words(end) == "Oct. 29, 2026, 11:59 p.m. EET"
        assert last_day(end) == "10/29/2026"


def test_an_end_within_a_day_is_shown_as_it_is() -> None:
    with timezone.override(ZoneInfo("Atlantic/Azores")):
        second_midnight = datetime(2026, 10, 25, 1, tzinfo=UTC)
        assert end_in_words(second_midnight) == "Oct. 25, 2026, midnight -01"
        assert last_day(second_midnight) == "10/25/2026"


@pytest.mark.parametrize(
    ("zone", "value"),
    [
        ("UTC", ["9999-12-31", ""]),
        ("Europe/Berlin", ["9999-12-31", ""]),
        ("America/New_York", ["9999-12-31", "23:59"]),
        ("Europe/Berlin", ["0001-01-01", "00:30"]),
    ],
)
def test_a_date_beyond_the_calendar_is_an_error_of_the_field(zone: str, value: list[str]) -> None:
    with (
        timezone.override(ZoneInfo(zone)),
        pytest.raises(ValidationError, match="Dates don't reach so far"),
    ):
        EndField().clean(value)


def test_the_calendars_last_moment_can_be_shown_in_any_zone() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        shown = end_in_words(datetime.max.replace(tzinfo=UTC))
    assert shown == "Dec. 31, 9999, 11:59 p.m. UTC"
