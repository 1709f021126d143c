"""Forms of the asset's page and of its files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.files.storage import Storage
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.objects import describe, describe_folder, discard, store
from cf_protected.distributions import distributions
from cf_protected.exceptions import InvalidURL
from cf_protected.models import Asset, AssetFile
from cf_protected.models.lengths import check_lengths
from cf_protected.models.overlaps import shared_objects

_NOT_YOURS = _("This object belongs to another asset, which you may not change.")


def _nobody(asset: Asset) -> bool:
    return False


class AssetForm(forms.ModelForm):
    """The form of an asset, with the configured distributions to choose from.

    ``may_change`` tells whether the user may change an asset; the admin sets it.
    """

    may_change: Callable[[Asset], bool] = staticmethod(_nobody)

    distribution = forms.ChoiceField(
        label=_("Distribution"),
        initial="default",
        choices=lambda: [(alias, alias) for alias in distributions],
        help_text=_("The CloudFront distribution that delivers the files."),
    )

    def clean_distribution(self) -> str:
        """Refuse a distribution where the asset's keys are objects of assets out of reach."""
        alias: str = self.cleaned_data["distribution"]
        if self.instance.pk is not None and "distribution" in self.changed_data:
            moved = Asset(pk=self.instance.pk, distribution=alias)
            others = shared_objects(moved, self.instance.files.all())
            if not all(self.may_change(other.asset) for other in others):
                raise forms.ValidationError(_NOT_YOURS)
        return alias


class AssetFileForm(forms.ModelForm):
    """The form of a file: uploaded to the distribution's storage, or attached by its key.

    ``may_change`` tells whether the user may change an asset; the admin sets it.
    """

    may_change: Callable[[Asset], bool] = staticmethod(_nobody)

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
        self.stored_key = ""
        if "key" not in self.fields:  # the page is read-only
            return
        self.fields["key"].required = False
        self.fields["key"].widget.attrs["size"] = 40
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

    def ask(self) -> None:
        """Store the upload, or look up a changed key or entry. Add errors to the field."""
        if not {"upload", "key", "kind", "entry"}.intersection(self.changed_data):
            return
        file = self.instance
        storage = distributions[file.asset.distribution].storage
        field = "upload" if self.cleaned_data.get("upload") else "entry" if file.entry else "key"
        try:
            file.checksum = self._store(storage) if field == "upload" else ""
            self._check_owners()
            facts = (
                describe_folder(storage, file.key, file.entry)
                if file.is_prefix
                else describe(storage, file.key)
            )
        except forms.ValidationError as error:
            self.add_error(field, error)
        else:
            file.size, file.content_type = facts.size, facts.content_type

    def take_back(self) -> None:
        """Delete the upload, because an error keeps the form from being saved."""
        if not self.stored_key:
            return
        discard(distributions[self.instance.asset.distribution].storage, self.stored_key)
        if not self.errors:
            self.add_error("upload", _("Nothing was saved yet; choose this file again."))

    def _check_owners(self) -> None:
        others = shared_objects(self.instance.asset, [self.instance])
        if not all(self.may_change(other.asset) for other in others):
            raise forms.ValidationError(_NOT_YOURS)

    def _store(self, storage: Storage) -> str:
        """Save the upload under a new key below the file's UUID, and return its checksum.

        CloudFront caches objects by their keys, so buyers get a replaced file at once only
        under a new key. Also, django-storages' S3 overwrites an object of the same name.
        """
        upload, file = self.cleaned_data["upload"], self.instance
        file.key = posixpath.join(str(file.uuid), get_random_string(8), upload.name)
        file.download_name = file.download_name or upload.name
        try:
            check_lengths(file)
        except InvalidURL as error:
            raise forms.ValidationError(str(error)) from error
        file.key, checksum = store(storage, file.key, upload)
        self.stored_key = file.key
        return checksum


class StoredFileForm(AssetFileForm):
    """The form on a file's own page. The storage is used only after everything else is valid."""

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and not self.errors:
            self.ask()
            if self.errors:
                self.take_back()


class AssetFileFormSet(forms.BaseInlineFormSet):
    """New files of one asset. The storage is used only after everything else is valid."""

    def clean(self) -> None:
        super().clean()
        # Nothing is uploaded for an asset whose form is invalid: see AssetAdmin.save_form.
        if any(self.errors) or not getattr(self.instance, "form_is_valid", False):
            return
        changed: list[Any] = [form for form in self.forms if form.has_changed()]
        for form in changed:
            form.ask()
        if any(form.errors for form in changed):
            for form in changed:
                form.take_back()
