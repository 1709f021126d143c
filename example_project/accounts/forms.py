from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm, UserCreationForm
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from example_project.accounts.fields import AddressField
from example_project.accounts.models import Confirmation


class SignUpForm(UserCreationForm):
    """A user name, an address to confirm, and a password."""

    email = AddressField(
        label=_("E-mail address"),
        help_text=_("What you bought with it is in your account once you have confirmed it."),
    )

    class Meta:
        model = User
        fields = ("username", "email")

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        Confirmation.objects.create(user=user, address=user.email)
        return user


class ResetForm(PasswordResetForm):
    """Django's, whose link leads to ``SITE_URL``, whatever host the request named."""

    def save(self, *args: Any, **options: Any) -> None:
        site = urlsplit(settings.SITE_URL)
        options |= {"domain_override": site.netloc, "use_https": site.scheme == "https"}
        super().save(*args, **options)
