"""The shop's server, and what the demo changes about its settings."""

from __future__ import annotations

import copy
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler


def use_addresses(host: str, port: int, edge_port: int) -> str:
    """Sign for the edge at this address, and let the shop answer and mail links there.

    Return the host.

    A server that listens on all addresses is reached at the loopback address.
    """
    public_host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    changed: dict[str, Any] = copy.deepcopy(settings.CF_PROTECTED)
    changed["DISTRIBUTIONS"]["default"]["DOMAIN"] = f"{public_host}:{edge_port}"
    settings.SITE_URL = changed["SITE_URL"] = f"http://{public_host}:{port}"
    settings.CF_PROTECTED = changed
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, public_host]
    return public_host


class ShopServer(ThreadedWSGIServer):
    """Django's development server with the shop and its static files.

    Raises ``OSError`` if it can't listen there.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), WSGIRequestHandler)
        self.set_app(StaticFilesHandler(WSGIHandler()))
