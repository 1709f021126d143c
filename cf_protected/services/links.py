"""Make and read the links that are mailed. None contains an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.db import router
from django.urls import get_script_prefix, reverse
from django.utils import timezone

from cf_protected import conf
from cf_protected.models import Grant, Mailbox, Purchase
from cf_protected.person import Guest, Person

#: How long the link of "send me my downloads" works.
MAILBOX_LIFETIME: Final = timedelta(days=1)
#: How long the confirmation works with which an account gets an address's purchases.
CLAIM_LIFETIME: Final = timedelta(hours=1)


class LinkKind(StrEnum):
    """What a link opens."""

    MAILBOX = "mailbox"  # all that waits for the address
    RECEIPT = "receipt"  # one purchase
    CLAIM = "claim"  # the question whether an account gets what waits for the address


@dataclass(frozen=True)
class MailedLink:
    """A genuine link of the mailbox's current generation, which may have expired."""

    kind: LinkKind
    mailbox: Mailbox
    purchase_id: int | None
    account: str
    is_expired: bool

    @property
    def guest(self) -> Guest:
        """The visitor who proves the mailbox with this link."""
        mailbox = self.mailbox
        return Guest(mailbox.email, mailbox.pk, self.purchase_id, generation=mailbox.generation)

    def opens_something(self) -> bool:
        """Return whether its mailbox still holds a grant, in any state, that the link shows."""
        # A replica may not know of the grant yet.
        grants = Grant.objects.using(router.db_for_write(Grant))
        return grants.held_by(Person(guest=self.guest)).exists()

    def is_for(self, user: Any) -> bool:
        """Return whether this confirmation was made for the account of ``user``."""
        return self.kind is LinkKind.CLAIM and self.account == str(user.pk)


def make_token(
    kind: LinkKind,
    mailbox: Mailbox,
    *,
    purchase: Purchase | None = None,
    user: Any = None,
    now: datetime | None = None,
) -> str:
    """Return what a link of this kind has in its path.

    It ends with its time, or when the mailbox's generation rises. That of a claim is bound to
    ``user``, and that of a receipt opens ``purchase`` alone.
    """
    content = {
        "mailbox": mailbox.uuid.hex,
        "generation": mailbox.generation,
        "purchase": None if purchase is None else purchase.pk,
        "account": "" if user is None else str(user.pk),
        "at": int((now or timezone.now()).timestamp()),
    }
    return _signer(kind).sign_object(content)


def read_token(kind: LinkKind, token: str, *, now: datetime | None = None) -> MailedLink | None:
    """Return the link; ``None`` for a changed one, and one whose mailbox ended its links."""
    now = now or timezone.now()
    try:
        content = _signer(kind).unsign_object(token)
    except (signing.BadSignature, ValueError):  # what isn't base64, or isn't ASCII
        return None
    mailboxes = Mailbox.objects.using(router.db_for_write(Mailbox))
    found = {"uuid": UUID(content["mailbox"]), "generation": content["generation"]}
    mailbox = mailboxes.filter(**found).first()
    if mailbox is None:
        return None
    age = now.timestamp() - content["at"]
    return MailedLink(
        kind,
        mailbox,
        content["purchase"],
        content["account"],
        is_expired=age >= lifetime_of(kind).total_seconds(),
    )


def lifetime_of(kind: LinkKind) -> timedelta:
    """Return how long links of this kind work."""
    if kind is LinkKind.RECEIPT:
        return conf.current().receipt_lifetime
    return CLAIM_LIFETIME if kind is LinkKind.CLAIM else MAILBOX_LIFETIME


def site_url_of(name: str, **kwargs: Any) -> str:
    """Return the absolute URL of one of this app's pages, below ``SITE_URL``.

    It never has the host that a request names, which anyone may choose.
    """
    path = reverse(f"cf_protected:{name}", kwargs=kwargs)
    # SITE_URL has the prefix of a site that isn't at its host's root. A thread has none.
    path = path.removeprefix(get_script_prefix()).lstrip("/")
    return f"{conf.current().site_url.rstrip('/')}/{path}"


def _signer(kind: LinkKind) -> signing.Signer:
    # Mail programs take a colon for the end of a link; a dot is in each web address.
    return signing.Signer(salt=f"cf_protected.link.{kind}", sep=".")
