"""``manage.py cf_list_keys``: list CloudFront's public keys and what each is for."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from cf_protected.key_rotation.listing import Row, rows
from cf_protected.key_rotation.rules import Rules
from cf_protected.key_rotation.state import State
from cf_protected.key_rotation.steps import moment
from cf_protected.management.arguments import add_distribution, add_json
from cf_protected.management.errors import command_errors
from cf_protected.management.rotation import rotation_for


class Command(BaseCommand):
    """Prints the public keys. It changes nothing."""

    help = "Lists CloudFront's public keys: what each is for, since when, what depends on it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_distribution(parser)
        add_json(parser)

    def handle(self, *args: object, distribution: str, as_json: bool, **options: Any) -> None:
        with command_errors():
            rotation = rotation_for(distribution)
            state = rotation.observe()
            found = rows(state, rotation.rules)
            if as_json:
                self.stdout.write(json.dumps(_as_json(found, state, rotation.rules), indent=2))
                return
            for row in found:
                self._print(row)
            self.stdout.write(_summary(state, rotation.rules))

    def _print(self, row: Row) -> None:
        since = moment(row.since) if row.since else "unknown"
        trusted = "trusted" if row.in_group else "not trusted"
        self.stdout.write(
            f"{row.key_pair_id:15} {row.standing:9} {trusted:12} since {since:24} {row.name}\n"
            f"{'':15} {row.depends}"
        )


def _summary(state: State, rules: Rules) -> str:
    group = f"key group {state.group.name}" if state.group else f"no key group {rules.name}"
    store = "1 key signs" if state.current else "no key signs yet"
    return (
        f"{store}; {group}: {len(state.members)} of {rules.max_group_members} keys; "
        f"account: {len(state.public_keys)} of {rules.max_public_keys} public keys."
    )


def _as_json(found: list[Row], state: State, rules: Rules) -> dict[str, Any]:
    keys = [{**asdict(row), "since": row.since and row.since.isoformat()} for row in found]
    return {
        "keys": keys,
        "signing": state.current_id,
        "key_group": state.group and {"id": state.group.id, "name": state.group.name},
        "key_group_keys": [len(state.members), rules.max_group_members],
        "account_keys": [len(state.public_keys), rules.max_public_keys],
    }
