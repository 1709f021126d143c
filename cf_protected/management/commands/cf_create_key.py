"""``manage.py cf_create_key``: make the first key, without showing it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.steps import Done, Refuse, Wait
from cf_protected.management.arguments import add_distribution, add_json, add_key_type
from cf_protected.management.errors import command_errors
from cf_protected.management.rotation import rotation_for


class Command(BaseCommand):
    """Makes each of pair, secret, public key and key group that is missing."""

    help = (
        "Makes the first signing key: the pair, the secret, CloudFront's public key and the key "
        "group. Does nothing if there is a key."
    )
    # They would read the key, which doesn't exist yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_distribution(parser)
        add_json(parser)
        add_key_type(parser)

    def handle(
        self, *args: object, distribution: str, as_json: bool, key_type: KeyType, **options: Any
    ) -> None:
        with command_errors(on_concurrent=self.stderr.write):
            rotation = rotation_for(distribution, key_type)
            goal = Goal(create=True)
            while True:
                step = rotation.advance(goal)
                if isinstance(step, Refuse):
                    raise CommandError(step.reason)
                if isinstance(step, Wait | Done):
                    break
                if not as_json:
                    self.stdout.write(str(step))
            state = rotation.observe()
            made = {
                "key_pair_id": state.current_id,
                "key_group_id": state.group.id if state.group else None,
            }
            if as_json:
                self.stdout.write(json.dumps(made))
            else:
                self.stdout.write(
                    f"{made['key_pair_id']} signs, and key group {made['key_group_id']} trusts it. "
                    "Let the distribution's behaviours trust that group."
                )
