"""The admin's forms."""

from __future__ import annotations

import posixpath
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.files.storage import Storage
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.objects import describe, describe_folder, discard, store
from cf_protected.admin.people import Person, find_people
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant

if TYPE_CHECKING:
    AssetModelForm = forms.ModelForm[Asset]
    AssetFileModelForm = forms.ModelForm[AssetFile]
    AssetFileInlineFormSet = forms.BaseInlineFormSet[AssetFile, Asset, AssetFileModelForm]
    GrantModelForm = forms.ModelForm[Grant]
else:
    AssetModelForm = AssetFileModelForm = GrantModelForm = forms.ModelForm
    AssetFileInlineFormSet = forms.BaseInlineFormSet

# What a PositiveIntegerField holds on every database.
_MAX_POSITIVE_INTEGER: Final = 2**31 - 1


class AssetForm(AssetModelForm):
    """An asset; its distribution is one of those configured."""

    distribution = forms.ChoiceField(
        label=_("Distribution"),
        initial="default",
        choices=lambda: [(alias, alias) for alias in distributions],
        help_text=_("The CloudFront distribution that delivers the files."),
    )


class AssetFileForm(AssetFileModelForm):
    """A file: uploaded through the distribution's storage, or attached by its key."""

    upload = forms.FileField(
        label=_("Upload"), required=False, help_text=_("Or give the key of an object that exists.")
    )

    class Meta:
        model = AssetFile
        fields = (
            "name",
            "upload",
            "key",
            "kind",
            "entry",
            "duration",
            "download_name",
            "position",
        )
        help_texts: ClassVar = {"checksum": ""}  # it is read here, not entered

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False
        self.fields["key"].widget.attrs["size"] = 40
        self.stored_key = ""
        if self.instance.pk is not None:
            self.fields["upload"].help_text = _("Replaces the file for everyone who has it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        upload, key = cleaned.get("upload"), cleaned.get("key")
        if cleaned.get("kind") == AssetFile.Kind.PREFIX:
            if upload:
                self.add_error("upload", _("A folder isn't uploaded here; give its key."))
            return cleaned  # what is wrong with its key, the model knows
        if not upload and not key and not self.errors.keys() & {"upload", "key"}:
            self.add_error("upload", _("Upload a file, or give the key of an object."))
        if upload and key and "key" in self.changed_data:
            self.add_error("upload", _("Upload a file or give a key, not both."))
        return cleaned

    def ask(self, storage: Storage, folder: str) -> None:
        """Store what was uploaded, or look up another key or entry; errors go to the field."""
        if not {"upload", "key", "kind", "entry"}.intersection(self.changed_data):
            return
        file = self.instance
        field = "upload" if self.cleaned_data.get("upload") else "entry" if file.entry else "key"
        try:
            file.checksum = self._store(storage, folder) if field == "upload" else ""
            facts = (
                describe_folder(storage, file.key, file.entry)
                if file.is_prefix
                else describe(storage, file.key)
            )
        except forms.ValidationError as error:
            self.add_error(field, error)
        else:
            file.size, file.content_type = facts.size, facts.content_type

    def take_back(self, storage: Storage) -> None:
        """Delete the upload, since the form isn't saved after all."""
        if not self.stored_key:
            return
        discard(storage, self.stored_key)
        if not self.errors:
            self.add_error("upload", _("Nothing was saved yet; choose this file again."))

    def _store(self, storage: Storage, folder: str) -> str:
        """Save the upload under a key of its own, and return its checksum.

        CloudFront caches objects by their keys: buyers get a replaced file at once only
        under a new one. And django-storages' S3 overwrites what has the same name.
        """
        upload = self.cleaned_data["upload"]
        name = posixpath.join(folder, get_random_string(8), upload.name)
        self.stored_key, checksum = store(storage, name, upload)
        self.instance.key = self.stored_key
        self.instance.download_name = self.instance.download_name or upload.name
        return checksum


class AssetFileFormSet(AssetFileInlineFormSet):
    """The files of one asset; asks the storage once everything else is right."""

    def clean(self) -> None:
        super().clean()
        # Nothing is uploaded for an asset that can't be saved anyway: see AssetAdmin.save_form.
        if any(self.errors) or not getattr(self.instance, "form_is_valid", False):
            return
        storage = distributions[self.instance.distribution].storage
        changed: list[Any] = [form for form in self.forms if form.has_changed()]
        kept = [form for form in changed if not form.cleaned_data.get("DELETE")]
        for form in kept:
            form.ask(storage, self.instance.slug)
        if any(form.errors for form in kept):
            for form in kept:
                form.take_back(storage)


class GrantForm(GrantModelForm):
    """A grant. Who claims one that was made for an e-mail address is added to it later."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk is None and cleaned.get("user") and cleaned.get("email"):
            self.add_error("email", _("Name a user or an e-mail address, not both."))
        return cleaned


class BulkGrantForm(forms.Form):
    """Who gets the selected assets, and on what terms."""

    people = forms.CharField(
        label=_("People"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
        help_text=_("A user name or e-mail address on each line."),
    )
    expires_at = forms.SplitDateTimeField(
        label=_("Expires at"),
        required=False,
        widget=AdminSplitDateTime,
        help_text=_("Empty: never."),
    )
    max_downloads = forms.IntegerField(
        label=_("Maximum downloads"),
        required=False,
        min_value=1,
        max_value=_MAX_POSITIVE_INTEGER,
        help_text=_("Empty: as many as wanted."),
    )

    def clean_people(self) -> list[Person]:
        return find_people(self.cleaned_data["people"])

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError(_("This is in the past."))
        return expires_at


class BulkRevokeForm(forms.Form):
    """Why the selected grants are revoked."""

    reason = forms.CharField(
        label=_("Reason"), max_length=255, required=False, help_text=_("For staff to read.")
    )
