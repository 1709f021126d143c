"""The history of grants."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.models.fields import ExactEmailField, LooseForeignKey
from cf_protected.models.grant import Grant
from cf_protected.models.purchase import Purchase


class GrantEvent(models.Model):
    """One change of a grant, or of a purchase with all of its grants.

    ``old_…`` is what was before, ``new_…`` what is since. A holder stands in columns, so that it
    can be erased. Terms are ``Grant.terms``. Without an ``actor`` a program did it, such as a
    webhook. The history outlives what it is about.
    """

    class Verb(models.TextChoices):
        """What happened."""

        GRANTED = "granted", _("granted")
        EXTENDED = "extended", _("extended")
        REVOKED = "revoked", _("revoked")
        REFUNDED = "refunded", _("refunded")
        RESTORED = "restored", _("restored")
        TRANSFERRED = "transferred", _("transferred")
        CLAIMED = "claimed", _("claimed")
        ALLOWED_MORE = "allowed_more", _("more downloads allowed")
        RESET = "reset", _("downloads counted from zero")
        FORGOTTEN = "forgotten", _("holder forgotten")
        CHANGED = "changed", _("terms changed")

    purchase = LooseForeignKey(
        Purchase, verbose_name=_("purchase"), db_index=False, related_name="events"
    )
    grant = LooseForeignKey(Grant, verbose_name=_("grant"), db_index=False, related_name="events")
    verb = models.CharField(_("verb"), max_length=20, choices=Verb)
    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = LooseForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("actor"), db_index=False, related_name="+"
    )
    old_user = LooseForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("old user"), db_index=False, related_name="+"
    )
    old_email = ExactEmailField(_("old e-mail"), blank=True)
    new_user = LooseForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("new user"), db_index=False, related_name="+"
    )
    new_email = ExactEmailField(_("new e-mail"), blank=True)
    old_terms = models.JSONField(_("old terms"), default=dict, encoder=DjangoJSONEncoder)
    new_terms = models.JSONField(_("new terms"), default=dict, encoder=DjangoJSONEncoder)
    reason = models.CharField(_("reason"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("history")
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["grant", "at"], name="cf_protected_event_of_grant"),
            models.Index(fields=["purchase", "at"], name="cf_protected_event_of_purchase"),
            # For support, which finds former holders.
            models.Index(fields=["old_user"], name="cf_protected_event_from_user"),
            models.Index(fields=["old_email"], name="cf_protected_event_from_email"),
        ]

    def __str__(self) -> str:
        return str(self.get_verb_display())
