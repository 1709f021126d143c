"""Write the download log: who asked for which file, from where, and the outcome."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from cf_protected import conf
from cf_protected.access import Decision
from cf_protected.models import Asset, AssetFile, Download
from cf_protected.person import Person
from cf_protected.viewer import Viewer, plain_address


def log_download(
    person: Person,
    asset: Asset,
    file: AssetFile | None,
    decision: Decision,
    viewer: Viewer,
    *,
    now: datetime,
    url_expires_at: datetime | None,
) -> Download:
    """Write one row: an issued URL, or a refusal if ``url_expires_at`` is ``None``.

    ``file`` is ``None`` for a page of the asset. The names are copied, so that they outlive the
    file. What doesn't fit its column is cut.
    """
    outcome = Download.Outcome.REFUSED if url_expires_at is None else Download.Outcome.ISSUED
    return Download.objects.create(
        asset=asset,
        file=file,
        grant=decision.grant,
        user_id=person.account_id,
        email="" if person.guest is None else person.guest.email,
        asset_title=asset.title,
        file_name="" if file is None else file.file_name,
        requested_at=now,
        ip_address=address_to_log(viewer.ip_address),
        # PostgreSQL's text has no NUL, and some servers pass one on.
        user_agent=viewer.user_agent.replace("\0", "")[:255],
        outcome=outcome,
        reason=decision.reason[:50],
        url_expires_at=url_expires_at,
    )


def address_to_log(ip_address: str | None) -> str | None:
    """Return the address as ``LOG_IP_ADDRESSES`` asks: whole, without its last part, or none."""
    rule = conf.current().log_ip_addresses
    address = plain_address(ip_address)
    if address is None or rule == "drop":
        return None
    if rule == "keep":
        return str(address)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
