"""Where a request comes from, behind proxies too."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from django.http import HttpRequest

from cf_protected import conf
from cf_protected.download_log import Viewer, plain_address

# Some load balancers write the viewer's port too, such as AWS's with
# routing.http.xff_client_port.enabled: 203.0.113.7:54321, [2001:db8::1]:54321
_WITH_PORT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9.]+))(?::[0-9]+)?")


def get_viewer(request: HttpRequest) -> Viewer:
    """What the log keeps of the request, and what signatures are bound to."""
    return Viewer(
        ip_address=client_address(request), user_agent=request.headers.get("User-Agent", "")
    )


def client_address(request: HttpRequest) -> str | None:
    """The viewer's address: the connection's, or what ``TRUSTED_PROXIES`` say of it.

    ``X-Forwarded-For`` is read from its end, where the nearest proxy wrote, and only as far
    as each writer is trusted: whatever a viewer sends himself stands before that.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    while forwarded and _is_trusted(address):
        said = forwarded.pop().strip()
        if not said:
            break
        match = _WITH_PORT.fullmatch(said)
        address = (match[1] or match[2]) if match else said
    return address or None


def _is_trusted(address: str) -> bool:
    proxies = conf.current().trusted_proxies
    if not address:
        return conf.UNIX_SOCKET in proxies
    plain = plain_address(address)
    return plain is not None and any(
        plain in ipaddress.ip_network(proxy) for proxy in proxies if proxy != conf.UNIX_SOCKET
    )
