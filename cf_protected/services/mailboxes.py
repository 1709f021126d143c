"""Find mailboxes, end their links, and limit the mails that visitors send to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import router
from django.db.models import F, QuerySet
from django.utils import timezone

from cf_protected.addresses import normal_address
from cf_protected.models import Mailbox

#: A visitor's request sends no mail so soon after another one.
MAIL_PAUSE: Final = timedelta(minutes=2)
MAILS_A_DAY: Final = 5
_DAY: Final = timedelta(days=1)


def mailbox_of(address: str) -> Mailbox:
    """Return the mailbox of ``address``, which must be normal; make one if there is none."""
    mailbox, _created = _mailboxes().get_or_create(email=address)
    return mailbox


def end_links(email: str) -> bool:
    """End all links and guests' sessions of a mailbox. Return whether there is one.

    New links can be mailed at once. Raises ``ValueError`` for what isn't an address.
    """
    mailbox = _mailboxes().filter(email=normal_address(email, "email"))
    return bool(mailbox.update(generation=F("generation") + 1))


def admit_mail(mailbox: Mailbox, *, now: datetime | None = None) -> bool:
    """Return whether a visitor's request may mail the mailbox now, and count the mail.

    One mail in two minutes, and five in any day. Of parallel requests one is admitted: the
    conditional UPDATE decides.
    """
    now = now or timezone.now()
    current = _mailboxes().filter(pk=mailbox.pk)
    mails, latest = current.values_list("mails", "latest_mails").first() or (0, [now.timestamp()])
    recent = [moment for moment in latest if abs(now.timestamp() - moment) < _DAY.total_seconds()]
    # A moment far ahead is from a clock that was wrong.
    if len(recent) >= MAILS_A_DAY or any(
        abs(now.timestamp() - moment) < MAIL_PAUSE.total_seconds() for moment in recent
    ):
        return False
    counted = {"mails": F("mails") + 1, "latest_mails": [*recent, now.timestamp()]}
    return bool(current.filter(mails=mails).update(**counted))


def _mailboxes() -> QuerySet[Mailbox]:
    """Return the mailboxes where they are written: a replica may not have the latest yet."""
    return Mailbox.objects.using(router.db_for_write(Mailbox))
