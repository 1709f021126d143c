"""The admin's forms."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils.translation import gettext_lazy as _

from cf_protected.admin.objects import describe, store
from cf_protected.admin.people import Person, find_people
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile

if TYPE_CHECKING:
    AssetModelForm = forms.ModelForm[Asset]
    AssetFileModelForm = forms.ModelForm[AssetFile]
    AssetFileInlineFormSet = forms.BaseInlineFormSet[AssetFile, Asset, AssetFileModelForm]
else:
    AssetModelForm = AssetFileModelForm = forms.ModelForm
    AssetFileInlineFormSet = forms.BaseInlineFormSet


class AssetForm(AssetModelForm):
    """An asset; its distribution is one of those configured."""

    distribution = forms.ChoiceField(
        label=_("Distribution"),
        initial="default",
        choices=lambda: [(alias, alias) for alias in distributions],
    )


class AssetFileForm(AssetFileModelForm):
    """A file: uploaded through the distribution's storage, or attached by its key."""

    upload = forms.FileField(
        label=_("Upload"), required=False, help_text=_("Or give the key of an object that exists.")
    )

    class Meta:
        model = AssetFile
        fields = ("name", "upload", "key", "download_name", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False
        self.fields["key"].widget.attrs["size"] = 40

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("upload") and not cleaned.get("key") and "key" not in self.errors:
            self.add_error("upload", _("Upload a file, or give the key of an object."))
        return cleaned


class AssetFileFormSet(AssetFileInlineFormSet):
    """The files of one asset; asks the storage once everything else is right."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or not self._asset_is_valid():
            return
        for form in self.forms:
            if form.has_changed() and not form.cleaned_data.get("DELETE"):
                self._ask_storage(form)

    def _asset_is_valid(self) -> bool:
        """Nothing is uploaded for an asset that can't be saved anyway."""
        try:
            self.instance.full_clean()
        except forms.ValidationError:
            return False
        return self.instance.distribution in distributions

    def _ask_storage(self, form: AssetFileModelForm) -> None:
        storage = distributions[self.instance.distribution].storage
        upload, file = form.cleaned_data.get("upload"), form.instance
        if not upload and "key" not in form.changed_data:
            return
        try:
            if upload:
                name = posixpath.join(self.instance.slug, upload.name)
                file.key, file.checksum = store(storage, name, upload)
                file.download_name = file.download_name or upload.name
            else:
                file.checksum = ""
            facts = describe(storage, file.key)
        except forms.ValidationError as error:
            form.add_error("upload" if upload else "key", error)
        else:
            file.size, file.content_type = facts.size, facts.content_type


class BulkGrantForm(forms.Form):
    """Who gets the selected assets, and on what terms."""

    people = forms.CharField(
        label=_("People"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
        help_text=_("A user name or e-mail address on each line."),
    )
    expires_at = forms.SplitDateTimeField(
        label=_("Expires at"), required=False, widget=AdminSplitDateTime
    )
    max_downloads = forms.IntegerField(label=_("Maximum downloads"), required=False, min_value=1)

    def clean_people(self) -> Iterable[Person]:
        return list(find_people(self.cleaned_data["people"]))


class BulkRevokeForm(forms.Form):
    """Why the selected grants are revoked."""

    reason = forms.CharField(label=_("Reason"), max_length=255, required=False)
