"""The mails that were sent, to whomever."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Mail(models.Model):
    sent_at = models.DateTimeField(_("sent at"), default=timezone.now)
    sender = models.TextField(_("sender"))
    recipients = models.TextField(_("recipients"))
    subject = models.TextField(_("subject"))
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("mailbox:mail", kwargs={"pk": self.pk})
