"""How often, and when last, a file was downloaded on a grant."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cf_protected.models.asset import AssetFile
from cf_protected.models.fields import LooseForeignKey
from cf_protected.models.grant import Grant


class Use(models.Model):
    """The downloads of one file on one grant, or by one user whom no grant allowed it.

    One conditional UPDATE of ``last_at`` decides whether a request is a new download or a
    repeat. A guest's repeat also needs the same ``proof``, so that a link that others got too
    gives no downloads away. The row stays when the download log is pruned.
    """

    grant = LooseForeignKey(
        Grant,
        models.CASCADE,
        verbose_name=_("grant"),
        blank=True,
        db_index=False,
        related_name="uses",
    )
    user = LooseForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("user"),
        blank=True,
        db_index=False,
        related_name="+",
        help_text=_("Only where the authoriser allowed the download without a grant."),
    )
    file = LooseForeignKey(AssetFile, verbose_name=_("file"), db_index=False, related_name="uses")
    count = models.PositiveIntegerField(_("downloads"), default=0)
    last_at = models.DateTimeField(_("last download"), null=True)
    proof = models.CharField(
        _("last proof"),
        max_length=32,
        blank=True,
        editable=False,
        help_text=_("The fingerprint of the last guest's proof. Empty for an account."),
    )

    class Meta:
        verbose_name = _("use")
        verbose_name_plural = _("uses")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grant", "file"], name="cf_protected_use_of_grant"),
            models.UniqueConstraint(fields=["user", "file"], name="cf_protected_use_by_user"),
            models.CheckConstraint(
                condition=models.Q(grant=None) ^ models.Q(user=None),
                name="cf_protected_use_has_one_key",
            ),
        ]

    def __str__(self) -> str:
        return _("%(file)s: %(count)s downloads") % {"file": self.file, "count": self.count}
