"""Fields for a moment, of which staff may leave the time out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime


class StartField(forms.SplitDateTimeField):
    """A start: a date alone is the beginning of the day."""

    widget = AdminSplitDateTime

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.require_all_fields = False
        day, _ = self.fields
        day.required = True  # as soon as there is a time

    def compress(self, data_list: Any) -> datetime | None:
        if data_list and data_list[0] and data_list[1] is None:
            data_list = self.without_time(data_list[0])
        return super().compress(data_list)

    def without_time(self, day: date) -> list[Any]:
        """Return the date and the time that ``day`` alone stands for."""
        return [day, time.min]


class EndField(StartField):
    """An end: a date alone is the end of the day."""

    def without_time(self, day: date) -> list[Any]:
        return [day + timedelta(days=1), time.min]
