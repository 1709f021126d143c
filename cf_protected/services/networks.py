"""Limit the mails that visitors from one network ask for, in all processes together."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final

from django.db import router
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cf_protected.models import RequestingNetwork
from cf_protected.viewer import Viewer, plain_address

#: So many requests from one network in this time.
MAX_REQUESTS: Final = 20
WINDOW: Final = timedelta(minutes=10)
#: The table holds at most about so many networks: the latest.
MAX_NETWORKS: Final = 10_000
_DELETED_AT_ONCE: Final = 100

# An IPv6 subscriber has at least a /64 of their own: https://www.rfc-editor.org/rfc/rfc6177
_PREFIX_LENGTHS: Final = {4: 32, 6: 64}


def seconds_to_wait(viewer: Viewer, *, now: datetime | None = None) -> int:
    """Count a request for a mail. Return 0, or how long its network must wait for the next.

    A viewer without an IP address, such as that of a Unix socket, never waits.
    """
    now = now or timezone.now()
    network = _network(viewer)
    if network is None or _count(network, now):
        return 0
    since = _networks().filter(network=network).values_list("since", flat=True).first()
    return max(1, math.ceil(((since or now) + WINDOW - now).total_seconds()))


def _count(network: str, now: datetime) -> bool:
    """Return whether this request is within the limit. Conditional UPDATEs decide."""
    row = _networks().filter(network=network)
    since = row.values_list("since", flat=True).first()
    if since is None:
        _forget(now)
        first = {"since": now, "requests": 1}
        _row, created = _networks().get_or_create(network=network, defaults=first)
        return created or _count_one_more(row)
    # A moment far ahead is from a clock that was wrong.
    if abs(now - since) < WINDOW:
        return _count_one_more(row)
    return bool(row.filter(since=since).update(since=now, requests=1)) or _count_one_more(row)


def _count_one_more(row: QuerySet[RequestingNetwork]) -> bool:
    return bool(row.filter(requests__lt=MAX_REQUESTS).update(requests=F("requests") + 1))


def _forget(now: datetime) -> None:
    """Delete what is over, and the oldest of too many."""
    rows = _networks().order_by("-pk").values_list("pk", flat=True)
    over = rows.filter(since__lte=now - WINDOW)[:_DELETED_AT_ONCE]
    too_many = rows[MAX_NETWORKS - 1 : MAX_NETWORKS - 1 + _DELETED_AT_ONCE]
    # By primary key, in one order: processes that do this at once then don't deadlock.
    _networks().filter(pk__in=sorted({*over, *too_many})).delete()


def _network(viewer: Viewer) -> str | None:
    """Return the keyed hash of the viewer's network."""
    address = plain_address(viewer.ip_address)
    if address is None:
        return None
    network = ip_network((address, _PREFIX_LENGTHS[address.version]), strict=False)
    return salted_hmac("cf_protected.network", str(network), algorithm="sha256").hexdigest()


def _networks() -> QuerySet[RequestingNetwork]:
    return RequestingNetwork.objects.using(router.db_for_write(RequestingNetwork))
