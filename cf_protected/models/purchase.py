"""Purchases: lines of orders, each granted, refunded and restored as one."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cf_protected.models.fields import ExactCharField, ExactEmailField, LooseForeignKey


class Purchase(models.Model):
    """One line of an order, known by its ``source`` and ``reference``.

    The first event about it makes it, whichever that is. So a refund that arrives before its
    payment isn't lost. All grants of a purchase that was revoked, or refunded whole, are revoked.
    ``user`` and ``email`` are its first holder. Later ones stand in its grants and their events.
    """

    source = ExactCharField(
        _("source"),
        max_length=50,
        help_text=_("Where the purchase comes from, such as a payment provider."),
    )
    reference = ExactCharField(
        _("reference"),
        max_length=190,
        help_text=_("The source's own identifier of the order line."),
    )
    user = LooseForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("first user"),
        blank=True,
        related_name="+",
    )
    email = ExactEmailField(_("first e-mail"), blank=True, db_index=True)
    quantity = models.PositiveIntegerField(
        _("quantity"), default=1, validators=[MinValueValidator(1)]
    )
    refunded = models.PositiveIntegerField(
        _("refunded"), default=0, help_text=_("How many of the quantity were refunded so far.")
    )
    refunded_at = models.DateTimeField(_("refunded whole at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_reason = models.CharField(_("reason for revoking"), max_length=255, blank=True)
    erased_at = models.DateTimeField(
        _("erased at"), null=True, blank=True, help_text=_("When its holder was forgotten.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints: ClassVar = [
            models.UniqueConstraint(
                # In this order, so that staff find a reference by it alone.
                fields=["reference", "source"],
                name="cf_protected_purchase_once",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="cf_protected_purchase_of_one_or_more"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.reference}"

    @property
    def is_revoked(self) -> bool:
        """Whether none of its grants allows a download."""
        return self.revoked_at is not None or self.refunded_at is not None

    @property
    def was_granted(self) -> bool:
        """Whether it has or had a holder, and isn't only known by an early refund."""
        return self.user_id is not None or bool(self.email) or self.erased_at is not None
