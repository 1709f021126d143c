"""``manage.py cf_edge``: serve a distribution on the laptop."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import STORAGE_ERRORS, Distribution, distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import EdgeServer
from cf_protected.management.arguments import add_distribution
from cf_protected.management.errors import command_errors


def edge_for(distribution: Distribution, *, cors_origins: Collection[str] = ()) -> Edge:
    """Return an edge in front of the distribution's storage, which trusts its signing key.

    The key is looked up for each request, so a new one is trusted at once. Raises
    ``InvalidOrigin``.
    """
    return Edge(
        storage=distribution.storage,
        verifier=partial(_verifier, distribution),
        scheme=distribution.scheme,
        path_prefix=distribution.path_prefix,
        storage_errors=STORAGE_ERRORS,
        cors_origins=cors_origins,
    )


def _verifier(distribution: Distribution) -> CloudFrontVerifier:
    key = distribution.key_source.get_signing_key()
    return CloudFrontVerifier({key.key_pair_id: key.public_key})


class Command(BaseCommand):
    """Runs the edge until it is interrupted."""

    help = "Serves a distribution's storage as CloudFront would, for development."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_distribution(parser)
        parser.add_argument(
            "--host", default="127.0.0.1", help="Address to listen on (default: 127.0.0.1)."
        )
        parser.add_argument(
            "--port", type=int, default=8001, help="Port to listen on; 0: any (default: 8001)."
        )
        parser.add_argument(
            "--cors-origin",
            action="append",
            default=[],
            metavar="ORIGIN",
            help="Let pages of this origin read files, as in http://127.0.0.1:8000; repeatable.",
        )

    def handle(
        self,
        *args: object,
        distribution: str,
        host: str,
        port: int,
        cors_origin: list[str],
        **options: Any,
    ) -> None:
        chosen, edge = _load(distribution, cors_origin)
        # Requests are logged where runserver logs them, and in the same colour.
        log = partial(self.stderr.write, style_func=str)
        try:
            server = EdgeServer(host, port, edge, log=log)
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Can't listen on {host}, port {port}: {str(error).rstrip('.')}. "
                "Give another --host or --port."
            ) from error
        with server, _sigterm_interrupts(), suppress(KeyboardInterrupt):
            self._announce(chosen, f"[{host}]" if ":" in host else host, server.port)
            self._warn(server, host)
            server.serve_forever()

    def _announce(self, distribution: Distribution, host: str, port: int) -> None:
        here, signed = f"http://{host}:{port}", f"{distribution.scheme}://{distribution.domain}"
        self.stdout.write(
            f"The edge of {distribution.alias!r} is at {here}; stop it with Control-C."
        )
        self.stdout.flush()
        if here != signed:
            self.stderr.write(
                f"URLs are signed for {signed} and open only there. Unless that leads here, "
                f"set the distribution's 'DOMAIN': '{host}:{port}' and 'SCHEME': 'http'.",
                style_func=self.style.WARNING,
            )

    def _warn(self, server: EdgeServer, host: str) -> None:
        """Say that the edge isn't for production, where it seems to be there."""
        warnings = []
        if not settings.DEBUG:
            warnings.append(
                "DEBUG is False, and cf_edge is for development alone: in production, "
                "CloudFront serves the files. Stop it, or set DEBUG = True."
            )
        if not server.is_loopback:
            warnings.append(
                f"It listens on {host or 'every address'}, so other machines can reach it, "
                "without TLS. Leave --host out unless they must."
            )
        for warning in warnings:
            self.stderr.write(warning, style_func=self.style.WARNING)


def _load(alias: str, cors_origins: Collection[str]) -> tuple[Distribution, Edge]:
    """Return the distribution and its edge. Raises ``CommandError`` now, not at each request."""
    with command_errors():
        distribution = distributions[alias]
        distribution.key_source.get_signing_key()
        return distribution, edge_for(distribution, cors_origins=cors_origins)


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM end the block as Control-C does."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
