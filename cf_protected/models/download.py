"""The download log."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.models.asset import Asset, AssetFile
from cf_protected.models.fields import ExactEmailField, LooseForeignKey
from cf_protected.models.grant import Grant
from cf_protected.models.querysets import DownloadQuerySet
from cf_protected.reasons import Reason


class Download(models.Model):
    """One download or one refusal. It outlives the user, the grant and the file.

    Their keys stay when they are deleted, and their names are copied. So no deletion waits for
    a download or rewrites the log.
    """

    class Outcome(models.TextChoices):
        """Whether the person got a signature or a refusal."""

        ISSUED = "issued", _("issued")
        REFUSED = "refused", _("refused")

    asset = LooseForeignKey(Asset, verbose_name=_("asset"), related_name="downloads")
    file = LooseForeignKey(AssetFile, verbose_name=_("file"), related_name="downloads")
    grant = LooseForeignKey(Grant, verbose_name=_("grant"), related_name="downloads")
    user = LooseForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        db_index=False,
        related_name="asset_downloads",
    )
    email = ExactEmailField(_("e-mail"), blank=True, help_text=_("Of a guest."))
    asset_title = models.CharField(_("title"), max_length=200)
    file_name = models.CharField(
        _("file name"), max_length=1024, blank=True, help_text=_("Empty: a page of the asset.")
    )
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now, db_index=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=255, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=50, choices=Reason)
    url_expires_at = models.DateTimeField(_("URL expires at"), null=True)

    objects = DownloadQuerySet.as_manager()

    class Meta:
        verbose_name = _("download")
        verbose_name_plural = _("downloads")
        ordering: ClassVar = ["-requested_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["user", "requested_at"], name="cf_protected_log_of_user"),
            models.Index(fields=["email", "requested_at"], name="cf_protected_log_of_email"),
        ]

    def __str__(self) -> str:
        return _("%(file)s: %(outcome)s") % {
            "file": self.file_name or self.asset_title,
            "outcome": self.get_outcome_display(),
        }
