"""``manage.py cf_forget_person``: take a person out of all that is stored."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from cf_protected import services
from cf_protected.management.people import add_person, find_person

_LABELS: Final = {
    "grants": "grants ended, which have no holder now",
    "purchases": "purchases kept without their holder",
    "events": "events of the history without the person",
    "downloads": "rows of the download log without the person",
    "uses": "counts of downloads without a grant deleted",
    "mailboxes": "mailboxes deleted, with all mailed links",
    "admin_entries": "entries of the admin's log without the person",
}


class Command(BaseCommand):
    """Asks before it acts. Run twice, it finds nothing the second time."""

    help = (
        "Forgets a person: grants end, and purchases, history and log stay without the person. "
        "It can't be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_person(parser)
        parser.add_argument("--dry-run", action="store_true", help="Only count, change nothing.")
        parser.add_argument("--yes", action="store_true", help="Don't ask.")

    def handle(
        self,
        *args: object,
        user: str | None,
        user_id: str | None,
        email: str,
        dry_run: bool,
        yes: bool,
        **options: Any,
    ) -> None:
        person = find_person(user=user, user_id=user_id, email=email)
        try:
            if dry_run or not yes:
                self._print(services.forget_person(person, email=email, dry_run=True))
            if dry_run:
                self.stdout.write("Nothing was changed (--dry-run).")
                return
            if not yes and not _is_sure():
                raise CommandError("Nothing was changed.")
            self._print(services.forget_person(person, email=email))
        except ValueError as error:
            raise CommandError(f"--{error}") from error
        if person is not None:
            self.stdout.write("The account itself is your project's: delete it now.")

    def _print(self, numbers: services.Forgotten) -> None:
        for name, label in _LABELS.items():
            self.stdout.write(f"{getattr(numbers, name):8} {label}")


def _is_sure() -> bool:
    try:
        return input("Forget this person? It can't be undone. Type 'yes': ") == "yes"
    except EOFError:
        return False  # no terminal
