"""Forms of the asset's page and of its files."""

from __future__ import annotations

import posixpath
from typing import Any, ClassVar

from django import forms
from django.core.files.storage import Storage
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.objects import describe, describe_folder, discard, store
from cf_protected.distributions import distributions
from cf_protected.models import AssetFile


class AssetForm(forms.ModelForm):
    """The form of an asset, with the configured distributions to choose from."""

    distribution = forms.ChoiceField(
        label=_("Distribution"),
        initial="default",
        choices=lambda: [(alias, alias) for alias in distributions],
        help_text=_("The CloudFront distribution that delivers the files."),
    )


class AssetFileForm(forms.ModelForm):
    """The form of a file: uploaded to the distribution's storage, or attached by its key."""

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
        help_texts: ClassVar = {"checksum": ""}  # read-only here

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
            return cleaned  # the model validates the key
        if not upload and not key and not self.errors.keys() & {"upload", "key"}:
            self.add_error("upload", _("Upload a file, or give the key of an object."))
        if upload and key and "key" in self.changed_data:
            self.add_error("upload", _("Upload a file or give a key, not both."))
        return cleaned

    def ask(self, storage: Storage, folder: str) -> None:
        """Store the upload, or look up a changed key or entry. Add errors to the field."""
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
        """Delete the upload, because another form's error keeps this one from being saved."""
        if not self.stored_key:
            return
        discard(storage, self.stored_key)
        if not self.errors:
            self.add_error("upload", _("Nothing was saved yet; choose this file again."))

    def _store(self, storage: Storage, folder: str) -> str:
        """Save the upload under a new key, and return its checksum.

        CloudFront caches objects by their keys, so buyers get a replaced file at once only
        under a new key. Also, django-storages' S3 overwrites an object of the same name.
        """
        upload = self.cleaned_data["upload"]
        name = posixpath.join(folder, get_random_string(8), upload.name)
        self.stored_key, checksum = store(storage, name, upload)
        self.instance.key = self.stored_key
        self.instance.download_name = self.instance.download_name or upload.name
        return checksum


class AssetFileFormSet(forms.BaseInlineFormSet):
    """The files of one asset. The storage is used only after everything else is valid."""

    def clean(self) -> None:
        super().clean()
        # Nothing is uploaded for an asset whose form is invalid: see AssetAdmin.save_form.
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
