"""Grants: which person may download which asset, from when, until when, how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cf_protected.addresses import normal_address
from cf_protected.models.asset import Asset
from cf_protected.models.fields import ExactEmailField, LooseForeignKey
from cf_protected.models.purchase import Purchase
from cf_protected.models.querysets import GrantQuerySet

#: The columns that say what a grant allows, and how much of it was used.
TERMS: Final = ("starts_at", "expires_at", "max_downloads", "downloads_used")


class Grant(models.Model):
    """The right of one holder to download one asset.

    The holder is an account, or the address of a buyer who has none. The state is computed when
    it is read and never stored, so no scheduled job can be late. ``purchase`` is the order line
    that granted it. It is ``None`` for what staff gave. A grant outlives its holder's account, and
    so a repeated webhook grants nothing again. ``user`` is ``None`` then, and ``user_id`` unless
    the account got the grant while it was being deleted. ``seat`` counts from 0 where a purchase
    has several holders of one asset.
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
    purchase = models.ForeignKey(
        Purchase,
        verbose_name=_("purchase"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="grants",
    )
    user = LooseForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("user"),
        blank=True,
        db_index=False,
        related_name="asset_grants",
    )
    email = ExactEmailField(_("e-mail"), blank=True, help_text=_("For a buyer without an account."))
    seat = models.PositiveIntegerField(_("seat"), default=0, editable=False)
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
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    #: What a repeated ``services.grant`` asked for, if that isn't what the grant has.
    other_terms: Mapping[str, Any] = MappingProxyType({})

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering: ClassVar = ["-created_at", "-pk"]
        permissions: ClassVar = [
            ("support_grant", "Can see buyers, mail their links, extend and reset their grants"),
            ("manage_grant", "Can transfer, revoke and restore grants"),
            ("try_files", "Can try any file"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purchase", "asset", "seat"], name="cf_protected_grant_once_per_seat"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(email=""),
                name="cf_protected_grant_has_one_holder",
                violation_error_message=_("Name a user or an e-mail address, not both."),
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("starts_at")),
                name="cf_protected_grant_ends_after_it_starts",
                violation_error_message=_("The grant must end after it starts."),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "asset"], name="cf_protected_grant_of_user"),
            models.Index(fields=["email", "asset"], name="cf_protected_grant_of_email"),
        ]

    def __str__(self) -> str:
        return _("%(asset)s for %(holder)s") % {"asset": self.asset, "holder": self.holder}

    def clean(self) -> None:
        """Refuse a new grant without a holder, and a text that isn't an address."""
        if self.email:
            try:
                self.email = normal_address(self.email)
            except ValueError as error:
                raise ValidationError({"email": _("This isn't an e-mail address.")}) from error
        if self._state.adding and self.user is None and not self.email:
            raise ValidationError(_("Name a user or an e-mail address."))

    @property
    def source(self) -> str:
        """The source of the purchase; ``"manual"`` for what staff gave."""
        return "manual" if self.purchase is None else str(self.purchase.source)

    @property
    def reference(self) -> str | None:
        """The reference of the purchase."""
        return None if self.purchase is None else str(self.purchase.reference)

    @property
    def terms(self) -> dict[str, Any]:
        """What the history keeps of the grant: its terms, by name."""
        return {name: getattr(self, name) for name in TERMS}

    @property
    def is_revoked(self) -> bool:
        """Whether the grant was taken back, alone or with its purchase."""
        return self.revoked_at is not None or (
            self.purchase is not None and self.purchase.is_revoked
        )

    @property
    def revocation(self) -> tuple[datetime, str] | None:
        """When and why the grant was taken back; ``None`` while it isn't."""
        if self.revoked_at is not None:
            return self.revoked_at, self.revoked_reason
        if self.purchase is None:
            return None
        if self.purchase.revoked_at is not None:
            return self.purchase.revoked_at, self.purchase.revoked_reason
        if self.purchase.refunded_at is not None:
            return self.purchase.refunded_at, gettext("the purchase was refunded")
        return None

    @property
    def holder(self) -> str:
        """The holder's user name or address, for staff."""
        if self.user is not None:
            return str(self.user.get_username())
        return self.email or str(_("a deleted account"))

    def state_at(self, moment: datetime | None = None) -> State:
        """Return the state at ``moment``, by default now, by the rules of ``GrantQuerySet``."""
        moment = moment or timezone.now()
        if self.is_revoked:
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
