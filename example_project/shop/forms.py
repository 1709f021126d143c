from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from example_project.accounts.fields import AddressField


class CheckoutForm(forms.Form):
    """The address of a buyer without an account.

    The token makes one order of a form that is sent twice.
    """

    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    email = AddressField(
        label=_("Your e-mail address"),
        help_text=_("We mail you the link to your downloads. You need no account."),
    )

    def __init__(self, user: AbstractBaseUser | AnonymousUser, *args: Any) -> None:
        super().__init__(*args)
        self._buyer = user if user.is_authenticated else None
        if self._buyer:
            del self.fields["email"]

    def order(self) -> dict[str, Any]:
        """Return the valid form's answers, as ``checkout.place_order`` takes them."""
        return self.cleaned_data | {"buyer": self._buyer}


class GiftForm(CheckoutForm):
    """Also the address of the person whom it is for."""

    email = AddressField(
        label=_("Your e-mail address"), help_text=_("In case we have to ask you about the gift.")
    )
    recipient = AddressField(
        label=_("Whom is it for?"),
        help_text=_("The e-mail address of the person who gets it. They need no account."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("recipient",)
