"""``manage.py cf_build_rotation_lambda``: build the function that rotates keys."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.lambda_package import (
    ARCHITECTURES,
    HANDLER,
    REQUIREMENTS,
    Architecture,
    build,
    download_wheels,
)


class Command(BaseCommand):
    """Builds the zip. It needs pip and the network, for the wheels."""

    help = "Builds the zip of the AWS Lambda function that rotates keys: the same bytes each time."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("output", type=Path, help="The zip to write.")
        parser.add_argument(
            "--architecture",
            choices=ARCHITECTURES,
            required=True,
            help="The function's architecture.",
        )
        parser.add_argument(
            "--python-version",
            default="3.13",
            help="The Python of the function's runtime (default: 3.13).",
        )
        parser.add_argument(
            "--requirements",
            type=Path,
            default=REQUIREMENTS,
            help="A requirements file with hashes, instead of this package's.",
        )

    def handle(
        self,
        *args: object,
        output: Path,
        architecture: Architecture,
        python_version: str,
        requirements: Path,
        **options: Any,
    ) -> None:
        download = partial(download_wheels, requirements=requirements)
        try:
            build(output, architecture, python_version=python_version, download=download)
        except (RotationError, OSError) as error:
            raise CommandError(str(error)) from error
        content = output.read_bytes()
        self.stdout.write(
            f"{output}: {len(content):,} bytes, SHA-256 {sha256(content).hexdigest()}\n"
            f"Handler: {HANDLER}"
        )
