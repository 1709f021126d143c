"""``manage.py demo``: the shop and its edge, ready to click through."""

from __future__ import annotations

import logging
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cf_protected.distributions import distributions
from cf_protected.edge.server import running
from cf_protected.management.commands.cf_edge import edge_for
from example_project.shop.demo.accounts import READER, STAFF, load_accounts
from example_project.shop.demo.keys import make_key_pair
from example_project.shop.demo.servers import ShopServer, use_addresses


class Command(BaseCommand):
    """Prepares whatever isn't there yet, then serves until it is interrupted."""

    help = "Prepares the example shop and serves it, together with its edge, until stopped."
    requires_system_checks = ()  # they come once there is a key

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="Address to listen on (default: 127.0.0.1)."
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="Port of the shop (default: 8000)."
        )
        parser.add_argument(
            "--edge-port", type=int, default=8001, help="Port of the edge (default: 8001)."
        )

    def handle(
        self,
        *args: object,
        host: str,
        port: int,
        edge_port: int,
        verbosity: int,
        **options: Any,
    ) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell's "&" has SIGINT ignored
            signal.signal(number, signal.default_int_handler)
        if verbosity < 2:  # of the shop's requests, only those that failed, and once
            logging.getLogger("django.server").setLevel(logging.WARNING)
            logging.getLogger("django.request").setLevel(logging.ERROR)
        with suppress(KeyboardInterrupt):
            self._serve(host, port, edge_port)
        self.stdout.write("\nStopped.")

    def _serve(self, host: str, port: int, edge_port: int) -> None:
        make_key_pair(settings.KEY_FILE)
        public_host = use_addresses(host, port, edge_port)
        self.check()
        edge = edge_for(distributions["default"], cors_origins=[settings.SITE_URL])
        # Lines about requests go where runserver's do, and in the same colour.
        log = partial(self.stderr.write, style_func=str)
        with ExitStack() as stack:
            with _explained("shop", host, port, "--port"):
                shop = stack.enter_context(ShopServer(host, port))
            with _explained("edge", host, edge_port, "--edge-port"):
                server = stack.enter_context(running(edge, host=host, port=edge_port, log=log))
            self._prepare()
            self._announce(settings.SITE_URL, f"http://{public_host}:{edge_port}")
            if not server.is_loopback:
                self.stderr.write(
                    f"It listens on {host}, so other machines can reach the shop, and its "
                    "passwords and mails are public. Leave --host out unless they must.",
                    style_func=self.style.WARNING,
                )
            shop.serve_forever()

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        try:
            from example_project.shop.demo.loading import load_catalogue  # noqa: PLC0415
        except ImportError as error:
            raise CommandError(
                f"{error}. The demo draws its own goods: pip install -e '.[demo]'"
            ) from error
        self.stdout.write("Making books, pictures, music and a film, unless they are there ...")
        self.stdout.flush()
        load_catalogue()
        load_accounts()

    def _announce(self, shop: str, edge: str) -> None:
        self.stdout.write(
            f"""
  {self.style.MIGRATE_HEADING("Plover Press")} is open.

    Shop     {shop}/
    Tour     {shop}/tour/ (what to try)
    Library  {shop}/downloads/
    Mailbox  {shop}/mailbox/ (of everyone: no mail leaves this computer)
    Admin    {shop}/admin/
    Edge     {edge}/ (for signed URLs only)

  Sign in with the password beside the name:

    {READER[0]:8} {READER[1]:10} bought a book, a film and pictures
    {STAFF[0]:8} {STAFF[1]:10} sees the admin

  Stop it with Control-C.
"""
        )
        self.stdout.flush()


@contextmanager
def _explained(server: str, host: str, port: int, option: str) -> Iterator[None]:
    try:
        yield
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"The {server} can't listen on {host}, port {port}: {error}. "
            f"Give another port with {option}."
        ) from error
