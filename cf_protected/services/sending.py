"""Mail people the links to their downloads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.db import router
from django.utils import timezone

from cf_protected import conf
from cf_protected.addresses import normal_address
from cf_protected.models import Asset, Grant, Mailbox, Purchase
from cf_protected.models.querysets import GrantQuerySet
from cf_protected.moments import after
from cf_protected.services.arguments import check_moment
from cf_protected.services.links import (
    LinkKind,
    MailedLink,
    lifetime_of,
    make_token,
    site_url_of,
)
from cf_protected.services.mailboxes import admit_mail, mailbox_of
from cf_protected.services.mails import post
from cf_protected.verified_emails import vouched_addresses, vouching_user

logger = logging.getLogger("cf_protected")

#: How many titles a mail lists.
MAX_TITLES: Final = 50
_OPEN: Final = {Grant.State.ACTIVE, Grant.State.NOT_STARTED}


def send_downloads(email: str, *, now: datetime | None = None) -> bool:
    """Mail a link to all that waits for ``email``, and return whether a mail leaves.

    If an account that vouches for the address has downloads, the mail says to sign in. None
    leaves if neither is so, without ``SITE_URL``, and after one in the last two minutes or five
    in the last day. The link works for a day.

    The mail goes to the stored address after the commit, in the active language. A failure of
    the mail server is logged. Raises ``ValueError`` for what isn't an address.
    """
    address, now = normal_address(email, "email"), _moment(now)
    waiting = _waiting_for(address)
    user = vouching_user(address)
    has_account = user is not None and _grants(user=user).exists()
    if not _can_mail() or not (has_account or waiting.exists()):
        return False
    mailbox = mailbox_of(address)
    if not admit_mail(mailbox, now=now):
        return False

    def context() -> dict[str, Any]:
        link = _link(LinkKind.MAILBOX, mailbox, now) if waiting.exists() else {}
        return _context(_titles(waiting, now), sign_in=has_account) | link

    post("downloads", mailbox, context)
    return True


def send_receipt(purchase: Purchase, *, gift: bool = False, now: datetime | None = None) -> int:
    """Mail the holders of a purchase the link to it, and return the number of mails.

    The mail doesn't say who paid. With ``gift`` it says that the purchase was given to its reader.

    An address gets a link that opens this purchase alone, for ``RECEIPT_LIFETIME``. An account
    is told to sign in, at the address that it vouches for. None leaves for a purchase that opens
    nothing, such as a revoked one, and without ``SITE_URL``. For the rest see ``send_downloads``;
    no limit applies, so call it once for each purchase. Raises ``ValueError`` for ``None``, such
    as the purchase of a grant that staff made.
    """
    if purchase is None:  # a query would find all grants without a purchase
        raise ValueError("purchase is None: the grant has none. Use send_downloads instead.")
    now = _moment(now)
    if not _can_mail():
        return 0
    grants = _grants(purchase=purchase)
    waiting = sorted({*grants.exclude(email="").values_list("email", flat=True)})
    sent = [_post_receipt(purchase, mailbox_of(address), now, gift=gift) for address in waiting]
    accounts = _of_accounts(purchase, grants)
    sent += [_post_news(address, held, now, gift=gift) for address, held in accounts]
    return sum(sent)


def send_new_link(link: MailedLink, *, now: datetime | None = None) -> bool:
    """Mail a new link in place of an expired one to the same mailbox. Return whether a mail leaves.

    The limit of ``send_downloads`` applies.
    """
    now = _moment(now)
    held = _waiting_for(link.mailbox.email).filter(purchase__isnull=False)
    grant = held.filter(purchase=link.purchase_id).select_related("purchase").first()
    if grant is None or grant.purchase is None:
        return send_downloads(link.mailbox.email, now=now)
    if not _can_mail() or not admit_mail(link.mailbox, now=now):
        return False
    return _post_receipt(grant.purchase, link.mailbox, now)


def send_claim_link(user: Any, email: str, *, now: datetime | None = None) -> bool:
    """Mail to ``email`` the question whether ``user`` gets what waits for it.

    Only this account can say yes, once, within an hour. None leaves if nothing waits. For the rest
    see ``send_downloads``.
    """
    address, now = normal_address(email, "email"), _moment(now)
    waiting = _waiting_for(address)
    if not _can_mail() or not waiting.exists():
        return False
    mailbox = mailbox_of(address)
    if not admit_mail(mailbox, now=now):
        return False

    def context() -> dict[str, Any]:
        link = _link(LinkKind.CLAIM, mailbox, now, user=user)
        return _context(_titles(waiting, now)) | link | {"account": user.get_username()}

    post("claim", mailbox, context)
    return True


def _moment(now: datetime | None) -> datetime:
    now = now or timezone.now()
    check_moment("now", now)
    return now


def _post_receipt(
    purchase: Purchase, mailbox: Mailbox, now: datetime, *, gift: bool = False
) -> bool:
    """Mail the link to what a purchase opens for the mailbox."""
    held = _waiting_for(mailbox.email).filter(purchase=purchase)
    if not _titles(held, now):
        return False

    def context() -> dict[str, Any]:
        link = _link(LinkKind.RECEIPT, mailbox, now, purchase=purchase)
        return _context(_titles(held, now)) | link | {"is_gift": gift}

    post("receipt", mailbox, context)
    return True


def _post_news(address: str, held: GrantQuerySet, now: datetime, *, gift: bool) -> bool:
    """Tell an account's owner to sign in."""
    if not _titles(held, now):
        return False

    def context() -> dict[str, Any]:
        return _context(_titles(held, now), sign_in=True) | {"is_gift": gift}

    post("receipt", mailbox_of(address), context)
    return True


def tell_of_transfer(address: str, grants: Iterable[Grant], *, now: datetime) -> None:
    """Tell a mailbox which of its downloads another holder got. Without ``SITE_URL`` it isn't."""
    shown = (one for one in grants if one.asset.state != Asset.State.DRAFT)
    titles = sorted({one.asset.title for one in shown if one.state_at(now) in _OPEN})
    if titles and _can_mail():
        post("transferred", mailbox_of(address), lambda: _context(titles))


def _link(kind: LinkKind, mailbox: Mailbox, now: datetime, **what: Any) -> dict[str, Any]:
    token = make_token(kind, mailbox, now=now, **what)
    if kind is LinkKind.CLAIM:
        url = site_url_of("confirm-claim", token=token)
    else:
        url = site_url_of("guest-link", kind=str(kind), token=token)
    return {"link": url, "expires_at": after(now, lifetime_of(kind))}


def _context(titles: list[str], *, sign_in: bool = False) -> dict[str, Any]:
    return {
        "titles": titles[:MAX_TITLES],
        "more": max(0, len(titles) - MAX_TITLES),
        "link": "",
        "sign_in_url": site_url_of("library") if sign_in else "",
    }


def _titles(grants: GrantQuerySet, now: datetime) -> list[str]:
    """Return the titles of what the grants open now or later."""
    shown = grants.exclude(asset__state=Asset.State.DRAFT).select_related("asset", "purchase")
    return sorted({grant.asset.title for grant in shown if grant.state_at(now) in _OPEN})


def _of_accounts(purchase: Purchase, grants: GrantQuerySet) -> Iterator[tuple[str, GrantQuerySet]]:
    """Yield an address of each account that holds the purchase, with its grants."""
    held = grants.filter(user__isnull=False).select_related("user")
    for user in {grant.user_id: grant.user for grant in held}.values():
        addresses = [] if user is None else vouched_addresses(user)
        if purchase.email in addresses:
            addresses = [purchase.email]
        if addresses:
            yield addresses[0], grants.filter(user=user)


def _waiting_for(address: str) -> GrantQuerySet:
    """Return the grants that an address holds, in any state."""
    return _grants(user=None, email=address)


def _grants(**condition: Any) -> GrantQuerySet:
    """Return grants where they are written: those of a webhook that isn't committed yet, too."""
    return Grant.objects.using(_database()).filter(**condition)


def _can_mail() -> bool:
    if not conf.current().site_url:
        logger.warning("CF_PROTECTED['SITE_URL'] isn't set, so no link is mailed.")
    return bool(conf.current().site_url)


def _database() -> str:
    return router.db_for_write(Grant)
