from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cf_protected.addresses import normal_address


class AddressField(forms.CharField):
    """An e-mail address, in the form in which ``cf_protected`` stores and compares it."""

    widget = forms.EmailInput(attrs={"autocomplete": "email"})

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return normal_address(text) if text else ""
        except ValueError as error:
            raise forms.ValidationError(_("Enter a valid e-mail address.")) from error
