"""Where a request comes from, behind proxies too."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from cf_protected import conf

# Some load balancers also write the viewer's port, such as AWS's with
# routing.http.xff_client_port.enabled: 203.0.113.7:54321, [2001:db8::1]:54321
_WITH_PORT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9.]+))(?::[0-9]+)?")


@dataclass(frozen=True)
class Viewer:
    """Where a request comes from: for the log, and to bind signatures to the address."""

    ip_address: str | None = None
    user_agent: str = ""


def get_viewer(request: HttpRequest) -> Viewer:
    """Return what the log keeps of the request, and what signatures are bound to."""
    return Viewer(
        ip_address=client_address(request), user_agent=request.headers.get("User-Agent", "")
    )


def client_address(request: HttpRequest) -> str | None:
    """Return the viewer's address: the connection's, or what ``TRUSTED_PROXIES`` wrote.

    ``X-Forwarded-For`` is read from its end, where the nearest proxy wrote, and only as far
    as each writer is trusted. A viewer's own entries precede those.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    while forwarded and _is_trusted(address):
        entry = forwarded.pop().strip()
        if not entry:
            break
        match = _WITH_PORT.fullmatch(entry)
        address = (match[1] or match[2]) if match else entry
    return address or None


def plain_address(ip_address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address without a zone, and an IPv4 address that came over IPv6 as IPv4.

    Return ``None`` for anything else, such as a socket's path: it isn't a reason to turn a
    buyer away.
    """
    try:
        address = ipaddress.ip_address((ip_address or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: str) -> bool:
    proxies = conf.current().trusted_proxies
    if not address:
        return conf.UNIX_SOCKET in proxies
    plain = plain_address(address)
    return plain is not None and any(
        plain in ipaddress.ip_network(proxy) for proxy in proxies if proxy != conf.UNIX_SOCKET
    )
