"""Tell staff how a buyer gets what waits for an address, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from cf_protected import conf
from cf_protected.admin.people import stated_address, users_stating
from cf_protected.verified_emails import vouched_addresses, vouching_user


def addresses_of(account: Any) -> list[str]:
    """Return the addresses that the account has, confirmed or not."""
    return sorted({*vouched_addresses(account), stated_address(account)} - {""})


def next_steps(email: str, *, can_download: bool) -> Iterator[str]:
    """Return how the buyer gets what waits for ``email``, and staff's next step, as sentences.

    ``can_download`` is whether a guest with that address can.
    """
    has_links = bool(conf.current().site_url)
    if not has_links:
        yield _("No links are mailed, since the setting SITE_URL is missing.")
    elif can_download:
        yield _(
            "The buyer can download as a guest, with the link that is mailed to %(address)s. "
            "If it is lost, send the link again."
        ) % {"address": email}
    yield from _about_accounts(email, has_links=has_links)


def _about_accounts(email: str, *, has_links: bool) -> Iterator[str]:
    account = vouching_user(email)
    if account is not None:
        yield _(
            "The account %(account)s, whose confirmed address this is, gets the grant when it "
            "signs in."
        ) % {"account": account.get_username()}
    elif users_stating([email]):
        yield _("An account has this e-mail address. Nothing shows that it was confirmed.")
        yield _to_the_account(has_links=has_links)
    elif not has_links:
        yield _(
            "Next: ask the buyer for an account. Once they proved that the address is theirs, "
            "transfer the grant to it."
        )


def _to_the_account(*, has_links: bool) -> str:
    if has_links:
        return _("Next: ask the buyer to sign in and confirm the address, which adds the grant.")
    return _(
        "Next: once the buyer proved that the address is theirs, transfer the grant to the account."
    )
