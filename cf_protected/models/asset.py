"""Assets and their files."""

from __future__ import annotations

import posixpath
import uuid
from datetime import datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.cloudfront.limits import check_key_length
from cf_protected.exceptions import InvalidURL
from cf_protected.models.fields import ExactCharField, ExactSlugField
from cf_protected.models.lengths import check_lengths
from cf_protected.models.overlaps import find_overlap
from cf_protected.models.querysets import AssetQuerySet

validate_file_name = RegexValidator(
    r"[\x00-\x1f\x7f/\\]",
    _("A file name has no slashes or control characters."),
    inverse_match=True,
)

OVERLAP = _(
    "This overlaps a file of another asset: one lies in the other's folder, so that whoever may "
    "open the folder could open both. Keep the files of each asset in folders of their own."
)


def validate_key(key: str) -> None:
    """Refuse keys that no URL can carry, or that are longer than S3 accepts."""
    try:
        quote_object_key(key)
        check_key_length(key)
    except InvalidURL as error:
        raise ValidationError(str(error)) from error


def validate_entry(entry: str) -> None:
    """Refuse entries that lie outside their folder or that no URL can carry."""
    if entry.startswith("/") or entry.endswith("/"):
        raise ValidationError(_("An entry is a path inside the folder, without slashes around it."))
    validate_key(entry)


def _is_valid(file: AssetFile) -> bool:
    try:
        validate_key(file.key)
        if file.entry:
            validate_entry(file.entry)
    except ValidationError:
        return False
    return True


class Asset(models.Model):
    """What is sold: one thing with any number of files.

    Grants are for assets, never for files, so that a file that is added or replaced later
    also reaches earlier buyers.
    """

    class State(models.TextChoices):
        """Whether the asset is on sale. A draft can't be downloaded."""

        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ARCHIVED = "archived", _("archived: not on sale, buyers keep it")

    uuid = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    slug = ExactSlugField(_("slug"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    sku = ExactCharField(  # type: ignore[misc]  # the stubs know null in Django's own fields alone
        _("SKU"),
        max_length=100,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The shop's own identifier."),
    )
    distribution = ExactCharField(
        _("distribution"),
        max_length=100,
        default="default",
        help_text=_("An alias of CF_PROTECTED['DISTRIBUTIONS']."),
    )
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.DRAFT)
    available_from = models.DateTimeField(
        _("available from"),
        null=True,
        blank=True,
        help_text=_("Links that are handed out earlier open nothing before this time."),
    )
    bind_to_ip = models.BooleanField(
        _("bind to the buyer's address"),
        default=False,
        help_text=_("Links and cookies work only from the IPv4 address they were made for."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = AssetQuerySet.as_manager()

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        ordering: ClassVar = ["title", "pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the page that lists the asset's files for people who have it.

        The link outlives a change of the slug, so it is fit for mail.
        """
        return reverse("cf_protected:asset", kwargs={"uuid": self.uuid})

    def clean(self) -> None:
        """Refuse another distribution where the files are too long or overlap those of others."""
        if self.pk is None or not self._moves():
            return
        files = [*self.files.all()]
        try:
            for file in files:
                file.asset = self
                check_lengths(file)
        except InvalidURL as error:
            raise ValidationError({"distribution": f"{file}: {error}"}) from error
        if find_overlap(self, files):
            raise ValidationError({"distribution": OVERLAP})

    def is_released_at(self, moment: datetime) -> bool:
        """Return whether the asset is released at ``moment``."""
        return self.available_from is None or self.available_from <= moment

    @property
    def is_released(self) -> bool:
        """Whether the asset is released now."""
        return self.is_released_at(timezone.now())

    def _moves(self) -> bool:
        stored = Asset.objects.filter(pk=self.pk).values_list("distribution", flat=True).first()
        return stored != self.distribution


class AssetFile(models.Model):
    """An object at the origin that belongs to an asset, or a folder of them.

    URLs show the ``uuid``, never the key. The size and content type are copied from the
    storage, so that pages don't read it. The key of a folder, such as a stream or a
    gallery, is the prefix of its objects' keys and ends in a slash.
    """

    class Kind(models.TextChoices):
        """One object for downloading, or a folder for cookies or a rewritten playlist."""

        OBJECT = "object", _("one file")
        PREFIX = "prefix", _("folder: a stream, gallery or site")

    asset = models.ForeignKey(
        Asset, verbose_name=_("asset"), on_delete=models.CASCADE, related_name="files"
    )
    uuid = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OBJECT)
    key = ExactCharField(
        _("key"),
        max_length=1024,
        db_index=True,
        validators=[validate_key],
        help_text=_("The object's name in the distribution's storage; a folder's ends in a slash."),
    )
    entry = models.CharField(
        _("opens with"),
        max_length=1024,
        blank=True,
        validators=[validate_entry],
        help_text=_("What a folder opens with, such as master.m3u8 or index.html."),
    )
    name = models.CharField(
        _("name"),
        max_length=255,
        blank=True,
        help_text=_("What buyers read; by default the file name."),
    )
    download_name = models.CharField(
        _("download as"),
        max_length=255,
        blank=True,
        validators=[validate_file_name],
        help_text=_("The name the file is saved under; by default that of the key."),
    )
    size = models.PositiveBigIntegerField(_("size in bytes"), null=True, blank=True)
    duration = models.DurationField(
        _("duration"),
        null=True,
        blank=True,
        help_text=_("A video's length: its links and cookies live that much longer."),
    )
    content_type = models.CharField(_("content type"), max_length=255, blank=True)
    checksum = models.CharField(
        _("checksum"), max_length=255, blank=True, help_text=_("For example sha256:9f86d0…")
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind="object") | models.Q(key__endswith="/"),
                name="cf_protected_folder_ends_in_slash",
                violation_error_message=_("The key of a folder ends in a slash."),
            )
        ]

    def __str__(self) -> str:
        return self.display_name

    def get_absolute_url(self) -> str:
        """Return the link for pages and mail: to the download view, or a folder's stream view.

        A folder without an entry can't be opened, so its link leads to the asset's page.
        """
        if self.is_prefix and not self.entry:
            return self.asset.get_absolute_url()
        view = "cf_protected:stream" if self.is_prefix else "cf_protected:download"
        return reverse(view, kwargs={"uuid": self.uuid})

    def clean(self) -> None:
        """Refuse a key or an entry that doesn't fit the kind of file."""
        if self.is_prefix and not self.key.endswith("/"):
            # Without it, course-1 would open course-10 too.
            raise ValidationError({"key": _("The key of a folder ends in a slash.")})
        if not self.is_prefix and self.key.endswith("/"):
            raise ValidationError({"key": _("Only the key of a folder ends in a slash.")})
        if not self.is_prefix and self.entry:
            raise ValidationError({"entry": _("Only a folder has an entry.")})
        if getattr(self, "asset", None) is None or not _is_valid(self):
            return  # as the fields' own errors say
        try:
            check_lengths(self)
        except InvalidURL as error:
            raise ValidationError({"key": str(error)}) from error
        if find_overlap(self.asset, [self]):
            raise ValidationError({"key": OVERLAP})

    @property
    def is_prefix(self) -> bool:
        """Whether the file is a folder of objects."""
        return self.kind == self.Kind.PREFIX

    @property
    def is_video(self) -> bool:
        """Whether the file is a stream for a player: HLS or DASH."""
        return self.entry.lower().endswith((".m3u8", ".mpd"))

    @property
    def file_name(self) -> str:
        """The name under which the buyer's browser saves the file; a folder's own name."""
        return self.download_name or posixpath.basename(self.key.rstrip("/"))

    @property
    def display_name(self) -> str:
        """The name that the buyer reads."""
        return self.name or self.file_name
