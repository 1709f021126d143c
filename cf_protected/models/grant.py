"""Grants: which person may download which asset, from when, until when, how often."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.addresses import normal_address
from cf_protected.models.asset import Asset
from cf_protected.models.querysets import GrantQuerySet


class Grant(models.Model):
    """The right of one person to download one asset.

    A buyer without an account is known by ``email`` until ``services.claim``. The state is
    computed when it is read and never stored, so no scheduled job can be late. ``source`` and
    ``reference`` name the origin, such as ``"stripe"`` and the order line. With the asset
    they are unique together, so that a repeated webhook changes nothing. That is also why a
    grant outlives its holder's account: nobody holds it from then on.
    """

    class State(models.TextChoices):
        """The state of a grant at a given moment; only an active one allows a download."""

        ACTIVE = "active", _("active")
        NOT_STARTED = "not_started", _("not started")
        EXPIRED = "expired", _("expired")
        REVOKED = "revoked", _("revoked")
        USED_UP = "used_up", _("used up")

    asset = models.ForeignKey(
        Asset, verbose_name=_("asset"), on_delete=models.PROTECT, related_name="grants"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="asset_grants",
    )
    email = models.EmailField(
        _("e-mail"), blank=True, db_index=True, help_text=_("For a buyer without an account.")
    )
    source = models.CharField(
        _("source"),
        max_length=50,
        default="manual",
        help_text=_("Where the grant comes from, such as a payment provider."),
    )
    reference = models.CharField(
        _("reference"),
        max_length=190,
        null=True,
        blank=True,
        help_text=_("The source's own identifier, such as an order line."),
    )
    starts_at = models.DateTimeField(_("starts at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    max_downloads = models.PositiveIntegerField(
        _("maximum downloads"), null=True, blank=True, help_text=_("Empty: as many as wanted.")
    )
    downloads_used = models.PositiveIntegerField(_("downloads used"), default=0, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    revoked_reason = models.CharField(
        _("reason for revoking"), max_length=255, blank=True, editable=False
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("granted by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["asset", "source", "reference"],
                name="cf_protected_grant_once_per_reference",
                violation_error_message=_("This reference was granted already."),
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("starts_at")),
                name="cf_protected_grant_ends_after_it_starts",
                violation_error_message=_("The grant has to end after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return _("%(asset)s for %(holder)s") % {"asset": self.asset, "holder": self.holder}

    def clean(self) -> None:
        """Refuse a new grant without a holder."""
        if self.email:
            try:
                self.email = normal_address(self.email)
            except ValueError as error:
                raise ValidationError({"email": _("This isn't an e-mail address.")}) from error
        if self._state.adding and self.user is None and not self.email:
            raise ValidationError(_("Name a user or an e-mail address."))

    @property
    def holder(self) -> str:
        """The holder's user name or address, for staff."""
        if self.user is not None:
            return self.user.get_username()
        return self.email or str(_("a deleted account"))

    def state_at(self, moment: datetime | None = None) -> State:
        """Return the state at ``moment``, by default now, by the rules of ``GrantQuerySet``."""
        moment = moment or timezone.now()
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.starts_at > moment:
            return self.State.NOT_STARTED
        if self.expires_at is not None and self.expires_at <= moment:
            return self.State.EXPIRED
        if self.downloads_left == 0:
            return self.State.USED_UP
        return self.State.ACTIVE

    @property
    def downloads_left(self) -> int | None:
        """The number of downloads left; ``None`` where there is no limit."""
        if self.max_downloads is None:
            return None
        return max(0, self.max_downloads - self.downloads_used)
