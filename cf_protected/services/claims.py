"""Give an account what waits for an address, after a confirmation by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import router
from django.db.models import F

from cf_protected.models import Grant, Mailbox
from cf_protected.services.changes import claim
from cf_protected.services.holders import UnsavedAccount
from cf_protected.services.links import MailedLink, site_url_of
from cf_protected.services.mails import post
from cf_protected.transactions import atomically


class _LinkEnded(Exception):
    """Another request used the confirmation meanwhile."""


def claim_by_link(user: Any, link: MailedLink, *, now: datetime | None = None) -> int | None:
    """Claim for ``user`` what waits for the link's mailbox, and return the number of grants.

    Return ``None`` unless the link is for this account, current and unused, and the account wasn't
    deleted meanwhile. It ends all links of the mailbox, as they open nothing any more. The mailbox
    is told.
    """
    if link.is_expired or not link.is_for(user):
        return None
    try:
        return atomically(lambda: _claim(user, link.mailbox, now), using=router.db_for_write(Grant))
    except (_LinkEnded, UnsavedAccount):
        return None


def _claim(user: Any, mailbox: Mailbox, now: datetime | None) -> int:
    claimed = claim(user, mailbox.email, now=now)
    # Last, since transfers lock the grants first as well.
    current = Mailbox.objects.using(router.db_for_write(Mailbox)).filter(
        pk=mailbox.pk, generation=mailbox.generation
    )
    if not current.update(generation=F("generation") + 1):
        raise _LinkEnded
    if claimed:
        post("claimed", mailbox, lambda: _context(user))
    return claimed


def _context(user: Any) -> dict[str, Any]:
    return {"account": user.get_username(), "sign_in_url": site_url_of("library")}
