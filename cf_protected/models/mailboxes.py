"""Mailboxes: the addresses to which links to downloads are mailed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cf_protected.models.fields import ExactEmailField


class Mailbox(models.Model):
    """An e-mail address for which grants wait, as mailed links and guests' sessions name it.

    Links sign ``uuid`` and ``generation``, never the address. Raising the generation ends all
    links and sessions of the mailbox.
    """

    uuid = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    email = ExactEmailField(_("e-mail"), unique=True)
    generation = models.PositiveIntegerField(_("generation"), default=0, editable=False)
    mails = models.PositiveIntegerField(_("requested mails"), default=0, editable=False)
    latest_mails = models.JSONField(_("latest requested mails"), default=list, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.email


class RequestingNetwork(models.Model):
    """How many mails visitors from one network asked for since a moment, for the limit.

    ``network`` is a keyed hash, so that a dump of the database shows no visitor's address.
    """

    network = models.CharField(_("network"), max_length=64, unique=True)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    since = models.DateTimeField(_("since"), db_index=True)

    class Meta:
        verbose_name = _("requesting network")
        verbose_name_plural = _("requesting networks")

    def __str__(self) -> str:
        return self.network
