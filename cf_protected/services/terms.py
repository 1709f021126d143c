"""What one request asks of its signatures, and the terms on which they can be signed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from cf_protected.access import Decision, DownloadRefused, unreleased
from cf_protected.cloudfront.policy import to_epoch_seconds
from cf_protected.conf import DistributionSettings
from cf_protected.models import Asset, AssetFile
from cf_protected.moments import after
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.viewer import Viewer, plain_address

# What a household gets: https://www.rfc-editor.org/rfc/rfc6177
_IPV6_PREFIX_LENGTH: Final = 64


@dataclass(frozen=True)
class DownloadRequest:
    """One request: the person, where and when they ask, and how to sign.

    ``bind_to_ip`` is by default the asset's. A signature opens nothing before
    ``date_greater_than`` or the asset's ``available_from``. Without ``ahead`` nothing is
    signed before that release. A ``trial`` is that of staff: it waits for no release. Unless it
    is ``confirmed``, no guest's download is counted.
    """

    person: Person
    viewer: Viewer
    now: datetime
    bind_to_ip: bool | None = None
    date_greater_than: datetime | None = None
    ahead: bool = True
    trial: bool = False
    confirmed: bool = True


def make_request(
    asker: Person | User,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
    bind_to_ip: bool | None = None,
    date_greater_than: datetime | None = None,
    ahead: bool = True,
    confirmed: bool = True,
) -> DownloadRequest:
    """Return the request, by default one of an unknown viewer at this moment.

    Raises ``InvalidCondition`` for a ``date_greater_than`` without a time zone.
    """
    if date_greater_than is not None:
        to_epoch_seconds(date_greater_than, "date_greater_than")
    return DownloadRequest(
        Person.of(asker),
        viewer or Viewer(),
        now or timezone.now(),
        bind_to_ip=bind_to_ip,
        date_greater_than=date_greater_than,
        ahead=ahead,
        confirmed=confirmed,
    )


@dataclass(frozen=True)
class Terms:
    """How long a signature lives, and from when and from where it opens something.

    ``starts_at`` is ``None`` for at once. The ``lifetime`` runs from there; cookies may live
    longer. No signature lives beyond ``ends_at``: the grant's last whole second, or ``None``.
    ``ip_address`` is an IPv4 network, or ``None`` for any address.
    """

    lifetime: timedelta
    starts_at: datetime | None
    ends_at: datetime | None
    ip_address: str | None


def agree_on_terms(
    request: DownloadRequest, file: AssetFile, decision: Decision, settings: DistributionSettings
) -> Terms:
    """Return the terms of a signature for ``file``, which ``decision`` allows.

    Raises ``DownloadRefused`` for a start at the grant's end or later; before the asset's
    release unless the request is ``ahead`` of it; for a start so far away that the key may be
    replaced by then; and for a viewer without an IPv4 address if the signature must be bound
    to one.
    """
    asset = file.asset
    starts_at, ends_at = starts(request, asset), grant_end(decision)
    if ends_at and ends_at <= (starts_at or request.now):
        reason = Reason.ENDS_TOO_SOON if starts_at else Reason.EXPIRED
        raise DownloadRefused(replace(decision, allowed=False, reason=reason), asset)
    if too_early(request, asset, decision):
        raise DownloadRefused(unreleased(decision, asset), asset)
    ip_address = None
    if is_bound(request, asset):
        ip_address = _policy_network(request.viewer, settings)
        if ip_address is None and not _may_go_unbound(request.viewer, settings):
            refusal = replace(decision, allowed=False, reason=Reason.ADDRESS_NOT_BOUND)
            raise DownloadRefused(refusal, asset)
    key_is_used_until = after(starts_at or request.now, settings.shortest_overlap)
    if starts_at and key_is_used_until > request.now + settings.rotation_overlap:
        raise DownloadRefused(unreleased(decision, asset), asset)
    return Terms(lifetime(file, settings), starts_at, ends_at, ip_address)


def grant_end(decision: Decision) -> datetime | None:
    """Return the last whole second that the decision's grant allows; ``None`` without an end.

    Policies state whole seconds.
    """
    if decision.grant is None or decision.grant.expires_at is None:
        return None
    return decision.grant.expires_at.replace(microsecond=0)


def is_bound(request: DownloadRequest, asset: Asset) -> bool:
    """Return whether a signature for ``asset`` is to be bound to the viewer's network."""
    return asset.bind_to_ip if request.bind_to_ip is None else request.bind_to_ip


def too_early(request: DownloadRequest, asset: Asset, decision: Decision) -> bool:
    """Return whether a person who may have ``asset`` must wait for its release."""
    waits = not request.ahead and not asset.is_released_at(request.now)
    return waits and decision.allowed


def lifetime(file: AssetFile, settings: DistributionSettings) -> timedelta:
    """Return how long a signature for ``file`` lives: long enough to fetch or to watch it.

    That is ``URL_LIFETIME`` plus a video's duration, or the time that the download takes at
    ``MIN_DOWNLOAD_SPEED`` if that is longer. ``MAX_LIFETIME`` limits both.
    """
    longest = settings.max_lifetime
    needed = settings.url_lifetime + min(file.duration or timedelta(0), longest)
    if file.size and settings.min_download_speed:
        seconds = min(file.size / settings.min_download_speed, longest.total_seconds())
        needed = max(needed, timedelta(seconds=seconds))
    return max(settings.url_lifetime, min(needed, longest))


def starts(request: DownloadRequest, asset: Asset) -> datetime | None:
    """Return when the signature begins to open something, if that is later than now."""
    released = None if request.trial else asset.available_from
    moments = (released, request.date_greater_than)
    return max((moment for moment in moments if moment and moment > request.now), default=None)


def _may_go_unbound(viewer: Viewer, settings: DistributionSettings) -> bool:
    # Only a known address may go unbound: an unknown one may be an IPv4 address.
    return settings.ipv6_viewers == "unbound" and plain_address(viewer.ip_address) is not None


def viewer_network(
    viewer: Viewer, settings: DistributionSettings
) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that a viewer is bound to, of IPv6 the usual /64.

    Return ``None`` for an unknown address.
    """
    address = plain_address(viewer.ip_address)
    if address is None:
        return None
    prefix_length = settings.ip_prefix_length if address.version == 4 else _IPV6_PREFIX_LENGTH
    return ipaddress.ip_network((address, prefix_length), strict=False)


def _policy_network(viewer: Viewer, settings: DistributionSettings) -> str | None:
    """Return the viewer's IPv4 network, or ``None``: policies don't support IPv6.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
    """
    network = viewer_network(viewer, settings)
    return str(network) if isinstance(network, ipaddress.IPv4Network) else None
