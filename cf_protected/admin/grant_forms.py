"""Forms of the grant's pages, and of the actions that grant and revoke in bulk."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.date_fields import EndField, StartField
from cf_protected.admin.people import Named, find_named

# The largest value of a PositiveIntegerField on every supported database.
_MAX_POSITIVE_INTEGER: Final = 2**31 - 1


class GrantForm(forms.ModelForm):
    """The form of a grant: for a user or an e-mail address.

    Of one that was made only the terms can be changed.
    """

    starts_at = StartField(
        label=_("Starts at"), initial=timezone.now, help_text=_("Without a time: at 0:00.")
    )
    expires_at = EndField(
        label=_("Expires at"),
        required=False,
        help_text=_("Empty: never. Without a time: at the end of the day."),
    )
    max_downloads = forms.IntegerField(
        label=_("Maximum downloads"),
        required=False,
        min_value=1,
        max_value=_MAX_POSITIVE_INTEGER,
        help_text=_("Empty: as many as wanted."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk is None and cleaned.get("user") and cleaned.get("email"):
            self.add_error("email", _("Name a user or an e-mail address, not both."))
        return cleaned


class BulkGrantForm(forms.Form):
    """The people who get the selected assets, and the terms."""

    people = forms.CharField(
        label=_("People"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
        help_text=_(
            "User names and e-mail addresses, on lines or between commas. What is granted to an "
            "address waits until the address is confirmed."
        ),
    )
    expires_at = EndField(
        label=_("Expires at"),
        required=False,
        help_text=_("Empty: never. Without a time: at the end of the day."),
    )
    max_downloads = forms.IntegerField(
        label=_("Maximum downloads"),
        required=False,
        min_value=1,
        max_value=_MAX_POSITIVE_INTEGER,
        help_text=_("Empty: as many as wanted."),
    )

    def entered_names(self) -> list[str]:
        """Return the names under which a browser sends the fields."""
        return ["people", "expires_at_0", "expires_at_1", "max_downloads"]

    def clean_people(self) -> list[Named]:
        return find_named(self.cleaned_data["people"])

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError(_("This is in the past."))
        return expires_at


class BulkRevokeForm(forms.Form):
    """The reason for revoking the selected grants."""

    reason = forms.CharField(
        label=_("Reason"), max_length=255, required=False, help_text=_("For staff to read.")
    )
