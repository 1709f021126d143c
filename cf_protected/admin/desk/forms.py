"""The forms of the support desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.date_fields import EndField
from cf_protected.admin.people import find_holder, stated_address
from cf_protected.models import Asset, Grant
from cf_protected.moments import end_in_words
from cf_protected.services import Holder
from cf_protected.verified_emails import vouched_addresses


class SearchForm(forms.Form):
    """Whom to find."""

    q = forms.CharField(
        label=_("Person or purchase"),
        max_length=320,
        help_text=_("A user name, an e-mail address or a purchase's reference, written exactly."),
    )


class AssetChoiceForm(forms.Form):
    """Of which asset to tell whether it can be downloaded."""

    asset = forms.CharField(
        label=_("Asset"), max_length=200, help_text=_("Its slug, SKU or title, written exactly.")
    )

    def clean_asset(self) -> Asset:
        text = self.cleaned_data["asset"]
        for field in ("slug", "sku", "title"):
            # Compared here too: MariaDB takes the title "EBOOK" for "Ebook".
            alike = Asset.objects.filter(**{field: text})
            found = [asset for asset in alike if getattr(asset, field) == text]
            if len(found) > 1:
                raise ValidationError(_("Several assets have this title. Write the slug."))
            if found:
                return found[0]
        raise ValidationError(_("No asset has this slug, SKU or title."))


class ReasonForm(forms.Form):
    """A reason for the history."""

    reason = forms.CharField(
        label=_("Reason"), max_length=255, required=False, help_text=_("For staff to read.")
    )
    field_order = ("expires_at", "count", "to", "whole_purchase", "reason")

    def add_service_error(self, error: ValueError) -> None:
        """Show what a service refused at the field of the argument that its message names."""
        argument = str(error).partition(" ")[0].rstrip(":")
        name = {"user": "to", "email": "to"}.get(argument, argument)
        self.add_error(name if name in self.fields else None, str(error))


class VerbForm(ReasonForm):
    """What a verb asks about a grant. Forms of verbs with more to ask are subclasses."""

    def __init__(self, *args: Any, grant: Grant, actor: Any, **options: Any) -> None:
        self.grant, self.actor = grant, actor
        super().__init__(*args, **options)


class ExtendForm(VerbForm):
    """A later end."""

    expires_at = EndField(
        label=_("Expires at"), help_text=_("Without a time: at the end of the day.")
    )

    def clean_expires_at(self) -> datetime:
        expires_at: datetime = self.cleaned_data["expires_at"]
        if expires_at <= timezone.now():
            raise ValidationError(_("This is in the past."))
        if self.grant.expires_at is not None and expires_at <= self.grant.expires_at:
            raise ValidationError(
                _("The grant ends later, on %(end)s.")
                % {"end": end_in_words(self.grant.expires_at)}
            )
        return expires_at


class AllowMoreForm(VerbForm):
    """How many more downloads. ``seen`` is the maximum before: a double click adds them once."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    count = forms.IntegerField(
        label=_("More downloads"), initial=3, min_value=1, max_value=1_000_000
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["seen"].initial = self.grant.max_downloads

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "seen" not in cleaned or cleaned.pop("seen") != self.grant.max_downloads:
            self.add_error(
                None,
                _("The maximum is %(count)s by now. Open this page again.")
                % {"count": self.grant.max_downloads},
            )
        return cleaned


class TransferForm(VerbForm):
    """The new holder, and why."""

    to = forms.CharField(
        label=_("New holder"), max_length=320, help_text=_("A user name or an e-mail address.")
    )
    whole_purchase = forms.BooleanField(
        label=_("Everything of this purchase"),
        required=False,
        initial=True,
        help_text=_("What this holder has of it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=255,
        help_text=_("For staff to read, such as “the address was mistyped”."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.grant.purchase_id is None:
            del self.fields["whole_purchase"]

    def clean_to(self) -> Holder:
        holder = find_holder(self.cleaned_data["to"])
        if holder == Holder.of(self.grant):
            raise ValidationError(_("This is the holder already."))
        if holder.user is not None and not holder.user.is_active:
            raise ValidationError(_("The account is not active."))
        own = [stated_address(self.actor), *vouched_addresses(self.actor)]
        if holder.user == self.actor or (holder.email and holder.email in own):
            raise ValidationError(_("Another person must transfer to you."))
        return holder
