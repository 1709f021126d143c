"""Fields for a moment, of which staff may leave the time out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cf_protected.moments import in_current_zone, start_of


class MomentWidget(AdminSplitDateTime):
    """Shows a moment in the current time zone, also at the calendar's very end."""

    def decompress(self, value: datetime | None) -> tuple[date | None, time | None]:
        return super().decompress(value and in_current_zone(value).replace(tzinfo=None))


class StartField(forms.SplitDateTimeField):
    """A start: a date alone is the beginning of the day."""

    widget = MomentWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.require_all_fields = False
        day, __ = self.fields
        day.required = True  # as soon as there is a time
        # Django's widget writes the words beside the inputs, without labels.
        for widget, label in zip(self.widget.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = label

    def compress(self, data_list: Any) -> datetime | None:
        if not data_list or not data_list[0]:
            return super().compress(data_list)
        try:
            day, at = data_list if data_list[1] is not None else self.without_time(data_list[0])
            # On some days the clocks change at 0:00, and Django takes no such time.
            moment = start_of(day) if at == time.min else super().compress((day, at))
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(_("Dates don't reach so far.")) from error

    def without_time(self, day: date) -> list[Any]:
        """Return the date and the time that ``day`` alone stands for."""
        return [day, time.min]


class EndField(StartField):
    """An end: a date alone is the end of the day."""

    def without_time(self, day: date) -> list[Any]:
        return [day + timedelta(days=1), time.min]
