from __future__ import annotations

import uuid

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User


class CheckoutForm(forms.Form):
    """A hidden token, so that sending the form twice makes one order."""

    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


class SignUpForm(UserCreationForm):
    """A user name and a password."""

    class Meta:
        model = User
        fields = ("username",)
