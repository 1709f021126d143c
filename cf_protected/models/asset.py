"""Assets and their files."""

from __future__ import annotations

import posixpath
import uuid
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.exceptions import InvalidURL
from cf_protected.querysets import AssetQuerySet

validate_file_name = RegexValidator(
    r"[\x00-\x1f\x7f/\\]",
    _("A file name has no slashes or control characters."),
    inverse_match=True,
)


def validate_key(key: str) -> None:
    """Refuse keys that no URL can carry."""
    try:
        quote_object_key(key)
    except InvalidURL as error:
        raise ValidationError(str(error)) from error


class Asset(models.Model):
    """What is sold: one thing with any number of files.

    Grants are for assets, never for files, so that a file added or replaced later
    reaches earlier buyers too.
    """

    class State(models.TextChoices):
        """A draft can't be downloaded; an archived asset only by those who have it."""

        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ARCHIVED = "archived", _("archived: not on sale, buyers keep it")

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    sku = models.CharField(
        _("SKU"),
        max_length=100,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The shop's own identifier."),
    )
    distribution = models.CharField(
        _("distribution"),
        max_length=100,
        default="default",
        help_text=_("An alias of CF_PROTECTED['DISTRIBUTIONS']."),
    )
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.DRAFT)
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
        """The page that lists the asset's files for those who have it."""
        return reverse("cf_protected:asset", kwargs={"slug": self.slug})


class AssetFile(models.Model):
    """An object at the origin that belongs to an asset.

    URLs show the ``uuid``, never the key. The size and content type are copied from the
    storage, so that pages need not ask it.
    """

    asset = models.ForeignKey(
        Asset, verbose_name=_("asset"), on_delete=models.CASCADE, related_name="files"
    )
    uuid = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(
        _("key"),
        max_length=1024,
        validators=[validate_key],
        help_text=_("The object's name in the distribution's storage."),
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

    def __str__(self) -> str:
        return self.display_name

    def get_absolute_url(self) -> str:
        """The download view: the link to put on pages and into mail."""
        return reverse("cf_protected:download", kwargs={"uuid": self.uuid})

    @property
    def file_name(self) -> str:
        """The name the buyer's browser saves the file under."""
        return self.download_name or posixpath.basename(self.key)

    @property
    def display_name(self) -> str:
        """The name the buyer reads."""
        return self.name or self.file_name
