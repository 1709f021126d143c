"""The codes of why a download is allowed or refused, shared by pages, logs and the API."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """The reason of a decision. A replaced authoriser may use codes of its own."""

    GRANTED = "granted", _("Granted")
    ANONYMOUS = "anonymous", _("Not signed in")
    INACTIVE_USER = "inactive_user", _("The account is not active")
    UNPUBLISHED = "unpublished", _("The asset is not published")
    NO_GRANT = "no_grant", _("No grant")
    NOT_STARTED = "not_started", _("The grant has not started yet")
    EXPIRED = "expired", _("The grant has expired")
    REVOKED = "revoked", _("The grant was revoked")
    LIMIT_REACHED = "limit_reached", _("All downloads of the grant are used up")
    NOT_RELEASED = "not_released", _("The asset isn't released yet")
    ENDS_TOO_SOON = "ends_too_soon", _("The grant ends before the asset is released")
    ADDRESS_NOT_BOUND = "address_not_bound", _("The link can't be bound to the address")
    STAFF = "staff", _("Tried by staff")
