"""Arguments that several commands have."""

from __future__ import annotations

from argparse import ArgumentParser

from cf_protected.key_rotation.record import KEY_TYPES


def add_distribution(parser: ArgumentParser) -> None:
    """Add ``--distribution``, an alias."""
    parser.add_argument(
        "--distribution", default="default", help="Alias in DISTRIBUTIONS (default: default)."
    )


def add_json(parser: ArgumentParser, help: str = "Print JSON.") -> None:
    """Add ``--json``, which ``handle`` gets as ``as_json``."""
    parser.add_argument("--json", action="store_true", dest="as_json", help=help)


def add_key_type(parser: ArgumentParser) -> None:
    """Add ``--key-type``, for commands that make keys."""
    parser.add_argument(
        "--key-type", choices=KEY_TYPES, default="P-256", help="Kind of a new key (default: P-256)."
    )
