"""``manage.py cf_rotate_keys``: replace the signing key without a failed download."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from cf_protected.key_rotation.plan import is_underway
from cf_protected.key_rotation.preview import preview
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.state import State
from cf_protected.key_rotation.steps import (
    Done,
    Phase,
    Refuse,
    Step,
    Wait,
    duration,
    moment,
)
from cf_protected.management.arguments import add_distribution, add_json, add_key_type
from cf_protected.management.errors import command_errors
from cf_protected.management.rotation import rotation_for

#: Seconds between two lines of progress during a long wait.
PROGRESS_SECONDS: Final = 600.0

_STILL_THERE: Final = (
    "{} still signs and is trusted: there is no room for another key until an overlap is over. "
    "Don't wait for that. Delete an unused public key, or end the overlap with --emergency and the "
    "replaced key's ID. Then run this again. manage.py cf_list_keys shows the keys."
)


class Command(BaseCommand):
    """Does one step after another. Stopped anywhere, the next run goes on from there."""

    help = (
        "Replaces the signing key, or finishes a rotation that was begun. Without --wait it does "
        "what can be done now, and says when to run it again."
    )
    requires_system_checks = ()

    # Tests replace them.
    clock: Callable[[], float] = staticmethod(time.time)
    sleep: Callable[[float], object] = staticmethod(time.sleep)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_distribution(parser)
        add_json(parser)
        add_key_type(parser)
        parser.add_argument(
            "--plan", action="store_true", help="Print what would be done, without doing it."
        )
        parser.add_argument(
            "--wait", action="store_true", help="Wait until it is finished: about two days."
        )
        parser.add_argument(
            "--if-older-than",
            type=float,
            metavar="DAYS",
            help="Begin a rotation only if the key is older. For a daily job.",
        )
        parser.add_argument(
            "--emergency",
            metavar="KEY_PAIR_ID",
            help="Distrust this leaked key at once. URLs and cookies signed with it stop working.",
        )

    def handle(
        self,
        *args: object,
        distribution: str,
        key_type: KeyType,
        as_json: bool,
        plan: bool,
        wait: bool,
        if_older_than: float | None,
        emergency: str | None,
        **options: Any,
    ) -> None:
        report = _Report(self, as_json=as_json)
        # Another run wouldn't distrust a leaked key.
        with command_errors(on_concurrent=None if emergency else report.concurrent):
            rotation = rotation_for(distribution, key_type, clock=self.clock)
            state = rotation.observe()
            goal = _goal(state, rotation, if_older_than, emergency)
            if emergency:
                report.warn(_what_dies(emergency, state, rotation))
            run = self._run(rotation, goal, wait, report)
            for step in preview(state, rotation.rules, goal) if plan else run:
                report.step(step)
                if isinstance(step, Refuse) and not plan:
                    raise CommandError(step.reason)
            report.end()
            if emergency and not plan and rotation.observe().current_id == emergency:
                raise CommandError(_STILL_THERE.format(emergency))

    def _run(self, rotation: Rotation, goal: Goal, wait: bool, report: _Report) -> Iterator[Step]:
        """Do the steps and yield each. The last is ``Done``, ``Refuse`` or a ``Wait`` for later."""
        while True:
            step = rotation.advance(goal)
            yield step
            if isinstance(step, Done | Refuse):
                return
            if isinstance(step, Wait):
                # A leaked key must go now. Only the steps after that can be left for later.
                is_urgent = bool(goal.distrusted) and step.phase is Phase.TEST
                if not wait and not is_urgent:
                    return
                self._wait(step, report)

    def _wait(self, step: Wait, report: _Report) -> None:
        while (left := step.until.timestamp() - self.clock()) > 0:
            if left > PROGRESS_SECONDS:
                report.say(f"  {duration(timedelta(seconds=left))} to go")
            self.sleep(min(left, PROGRESS_SECONDS))


class _Report:
    """Prints each step as it happens, or one JSON at the end."""

    def __init__(self, command: Command, *, as_json: bool) -> None:
        self._command = command
        self._as_json = as_json
        self._warnings: list[str] = []
        self._steps: list[dict[str, str]] = []
        self._last: Step = Done()
        self._waited_for = ""

    def say(self, text: str) -> None:
        if not self._as_json:
            self._command.stdout.write(text)
            self._command.stdout.flush()

    def warn(self, text: str) -> None:
        self._warnings.append(text)
        self.say(text)

    def step(self, step: Step) -> None:
        entry = {"step": type(step).__name__, "text": str(step)}
        if isinstance(step, Wait):
            entry["until"] = step.until.isoformat()
        if not (isinstance(step, Wait) and step.why == self._waited_for):
            self.say(entry["text"])
        if isinstance(step, Wait):
            self._waited_for = step.why
        self._last = step
        self._steps.append(entry)

    def end(self) -> None:
        if isinstance(self._last, Wait):
            self.say(f"Run this again after {moment(self._last.until)}, or with --wait.")
        self._print(type(self._last).__name__)

    def concurrent(self, text: str) -> None:
        self.say(text)
        self._print("ConcurrentRotation")

    def _print(self, outcome: str) -> None:
        if self._as_json:
            found = {"outcome": outcome, "warnings": self._warnings, "steps": self._steps}
            self._command.stdout.write(json.dumps(found, indent=2))


def _goal(
    state: State, rotation: Rotation, if_older_than: float | None, emergency: str | None
) -> Goal:
    if emergency:
        if emergency not in {key.id for key in state.public_keys}:
            raise CommandError(f"CloudFront has no public key {emergency}, so nothing trusts it.")
        return Goal(replace=emergency, distrusted=frozenset({emergency}))
    if is_underway(state, rotation.rules, Goal()):
        return Goal()
    if if_older_than is not None and _age(state) < timedelta(days=if_older_than):
        return Goal()
    return Goal(replace=state.current_id)


def _age(state: State) -> timedelta:
    created = [key.created for key in state.public_keys if key.id == state.current_id]
    return state.now - created[0] if created else timedelta.max


def _what_dies(key_pair_id: str, state: State, rotation: Rotation) -> str:
    if key_pair_id not in state.members:
        return f"{key_pair_id} isn't trusted: nothing that was signed with it works."
    signing = (key.signing_since for key in state.public_keys if key.id == state.current_id)
    since = None if key_pair_id == state.current_id else next(signing, None)
    latest = (since or state.now) + rotation.rules.overlap
    return (
        f"Every URL and cookie signed with {key_pair_id} stops working when the key leaves the "
        f"key group. They would have worked until {moment(latest)} at most. Processes that have "
        "the key in their cache sign URLs that don't work until that expires."
    )
