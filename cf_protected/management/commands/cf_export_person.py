"""``manage.py cf_export_person``: write what is stored about a person."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cf_protected import services
from cf_protected.management.people import add_person, find_person


class Command(BaseCommand):
    """Writes JSON to a file that only its owner may read, or prints it."""

    help = "Exports what is stored about a person, as JSON: grants, purchases, history, downloads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_person(parser)
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="A new file (default: print it)."
        )

    def handle(
        self,
        *args: object,
        user: str | None,
        user_id: str | None,
        email: str,
        output: Path | None,
        **options: Any,
    ) -> None:
        person = find_person(user=user, user_id=user_id, email=email)
        try:
            exported = services.export_person(person, email=email)
        except ValueError as error:
            raise CommandError(f"--{error}") from error
        text = json.dumps(exported, indent=2, ensure_ascii=False)
        if output is None:
            self.stdout.write(text)
        else:
            _write(output, text)
            self.stdout.write(f"Written to {output}, which only its owner may read.")


def _write(path: Path, text: str) -> None:
    """Write a new file. Raises ``CommandError`` if there is one, which others may have opened."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(f"--output: {path} exists. Name a new file.") from error
    except OSError as error:
        raise CommandError(f"--output: {path} can't be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text + "\n")
