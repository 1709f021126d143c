"""Who a user is elsewhere: the subject of an OpenID Connect issuer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Identity(models.Model):
    """A user's account at an issuer. Whoever presents its tokens is that user here.

    Issuer and subject are unique together and compared exactly: a subject is never given
    to somebody else and never changes, unlike an e-mail address.
    """

    issuer = models.CharField(
        _("issuer"), max_length=255, help_text=_("As the setting has it, to the last slash.")
    )
    subject = models.CharField(
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
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                name="cf_protected_identity_once_per_subject",
                violation_error_message=_("This subject belongs to a user already."),
            )
        ]

    def __str__(self) -> str:
        return _("%(subject)s at %(issuer)s") % {"subject": self.subject, "issuer": self.issuer}
