"""Every signature for a person is made here, and only after the authoriser's yes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cf_protected.access import Decision, DownloadRefused, unreleased
from cf_protected.conf import DistributionSettings
from cf_protected.distributions import (
    Conditions,
    SignedCookies,
    SignedQuery,
    SignedURL,
    distributions,
)
from cf_protected.download_log import Viewer, plain_address
from cf_protected.models import AssetFile
from cf_protected.reasons import Reason


@dataclass(frozen=True)
class Terms:
    """What is asked of one signature, beyond what the asset asks of all of its own.

    ``bind_to_ip`` is by default the asset's. ``date_greater_than`` is when the signature
    begins to open something, and never before the asset's ``available_from``.
    """

    viewer: Viewer
    bind_to_ip: bool | None = None
    date_greater_than: datetime | None = None


def refine(decision: Decision, file: AssetFile, terms: Terms, now: datetime) -> Decision:
    """Turn a yes into a no where the terms can't be had.

    That is so for a viewer without an IPv4 address where the signature is to be bound to
    one, and for a start so far away that the key may have been replaced by then.
    """
    if not decision.allowed:
        return decision
    settings = distributions[file.asset.distribution].settings
    if _is_bound(file, terms) and not _can_bind(terms.viewer, settings):
        return replace(decision, allowed=False, reason=Reason.ADDRESS_NOT_BOUND)
    starts = starts_at(file, terms, now)
    longest = settings.shortest_overlap
    if starts and starts - now + longest > settings.rotation_overlap:
        return unreleased(decision, file.asset)
    return decision


def sign_url(file: AssetFile, decision: Decision, terms: Terms, now: datetime) -> SignedURL:
    """Sign the URL of one object. Raises ``DownloadRefused`` without a yes."""
    conditions = _conditions(file, decision, terms, now)
    distribution = distributions[file.asset.distribution]
    return distribution.sign(distribution.url(file.key, download_name=file.file_name), conditions)


def sign_cookies(
    file: AssetFile, decision: Decision, terms: Terms, now: datetime, *, folder: str = ""
) -> SignedCookies:
    """Sign the cookies of one object, or of a folder or what lies in its ``folder``.

    Raises ``DownloadRefused`` without a yes.
    """
    conditions = _conditions(file, decision, terms, now)
    distribution = distributions[file.asset.distribution]
    shortest = max(conditions.lifetime or timedelta(0), distribution.settings.cookie_lifetime)
    resource = (
        distribution.resource(file.key + folder) if file.is_prefix else distribution.url(file.key)
    )
    return distribution.sign_cookies(resource, replace(conditions, lifetime=shortest))


def sign_query(file: AssetFile, decision: Decision, terms: Terms, now: datetime) -> SignedQuery:
    """Sign one query for all of a folder. Raises ``DownloadRefused`` without a yes."""
    conditions = _conditions(file, decision, terms, now)
    distribution = distributions[file.asset.distribution]
    return distribution.sign_query(distribution.resource(file.key), conditions)


def _conditions(file: AssetFile, decision: Decision, terms: Terms, now: datetime) -> Conditions:
    decision = refine(decision, file, terms, now)
    if not decision.allowed:
        raise DownloadRefused(decision)
    settings = distributions[file.asset.distribution].settings
    starts = starts_at(file, terms, now)
    return Conditions(
        lifetime=lifetime(file, settings),
        date_greater_than=starts and _second_before(starts),
        ip_address=_network(terms.viewer, settings) if _is_bound(file, terms) else None,
    )


def lifetime(file: AssetFile, settings: DistributionSettings) -> timedelta:
    """How long a signature for ``file`` lives: long enough to fetch or to watch it.

    ``URL_LIFETIME`` at least; beyond it as long as the download takes at
    ``MIN_DOWNLOAD_SPEED`` or the video lasts, but not over ``MAX_LIFETIME``.
    """
    longest = settings.max_lifetime
    needed = settings.url_lifetime + min(file.duration or timedelta(0), longest)
    if file.size and settings.min_download_speed:
        seconds = min(file.size / settings.min_download_speed, longest.total_seconds())
        needed = max(needed, timedelta(seconds=seconds))
    return max(settings.url_lifetime, min(needed, longest))


def starts_at(file: AssetFile, terms: Terms, now: datetime) -> datetime | None:
    """When the signature begins to open something, if that is later than now."""
    moments = (file.asset.available_from, terms.date_greater_than)
    return max((moment for moment in moments if moment and moment > now), default=None)


def _second_before(moment: datetime) -> datetime:
    """The last whole second before: the edge opens after the one that a policy names."""
    whole = moment.replace(microsecond=0)
    return whole if whole < moment else whole - timedelta(seconds=1)


def _is_bound(file: AssetFile, terms: Terms) -> bool:
    return file.asset.bind_to_ip if terms.bind_to_ip is None else terms.bind_to_ip


def _can_bind(viewer: Viewer, settings: DistributionSettings) -> bool:
    if _network(viewer, settings) is not None:
        return True
    # Only a known address may go unbound: that of nobody says nothing about IPv6.
    return settings.ipv6_viewers == "unbound" and plain_address(viewer.ip_address) is not None


def _network(viewer: Viewer, settings: DistributionSettings) -> str | None:
    """The viewer's IPv4 network; ``None`` where there is none, since policies know no IPv6."""
    address = plain_address(viewer.ip_address)
    if not isinstance(address, ipaddress.IPv4Address):
        return None
    return str(ipaddress.ip_network((address, settings.ip_prefix_length), strict=False))
