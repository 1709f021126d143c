"""Users' accounts at OpenID Connect issuers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cf_protected.models.fields import ExactCharField


class Identity(models.Model):
    """A user's account at an issuer. A request with one of its access tokens acts as that user.

    Issuer and subject are unique together and compared exactly. Unlike an e-mail address a
    subject never changes, and the issuer never assigns it to another account.
    """

    issuer = ExactCharField(
        _("issuer"), max_length=255, help_text=_("As the setting has it, to the last slash.")
    )
    subject = ExactCharField(
        _("subject"), max_length=255, help_text=_("The “sub” claim of the person's tokens.")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="oidc_identities",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        # Without it Django would find the module in cf_protected where this app isn't installed.
        app_label = "cf_protected_oidc"
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                name="cf_protected_oidc_once_per_subject",
                violation_error_message=_("This subject belongs to a user already."),
            )
        ]

    def __str__(self) -> str:
        return _("%(subject)s at %(issuer)s") % {"subject": self.subject, "issuer": self.issuer}
