"""The safe order, by the command and by Lambda: killed again and again, and twice at once."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any, Final
from uuid import uuid4

from django.core.management import call_command

from cf_protected.exceptions import ConcurrentRotation
from cf_protected.key_rotation.lambda_handler import Environment, Handler
from cf_protected.key_rotation.rules import Goal
from cf_protected.management.commands.cf_rotate_keys import Command
from tests.drill.processes import SLOWEST_CALL, Calls, Killed, Process
from tests.drill.scene import GROUP, SECRET_ID, Scene

_STEPS: Final = ("createSecret", "setSecret", "testSecret", "finishSecret")


def by_command(scene: Scene) -> int:
    """As ``manage.py cf_rotate_keys --wait`` does it. Nobody is killed, so it returns 0."""

    def clock() -> float:
        scene.time.sleep(scene.random.uniform(0, SLOWEST_CALL))
        return scene.time.now

    command = Command(stdout=StringIO())
    command.clock, command.sleep = clock, scene.time.sleep
    call_command(command, wait=True)
    return 0


def by_the_rules(scene: Scene) -> int:
    """The same by the settings alone: the command waits for the longest URL in any case."""
    process = Process(scene)
    process.run(process.replacing())
    return 0


def killed_after_every_call(scene: Scene) -> int:
    """A process that is killed, and started again, until it gets through; how often that is."""
    process = Process(scene)
    goal = process.replacing()
    return _run_again(process.calls, lambda: process.run(goal))


def by_lambda(scene: Scene) -> int:
    """As Secrets Manager and a schedule do it, each invocation killed in the same way."""
    process = Process(scene)
    handler = Handler(
        settings=Environment(
            secret_id=SECRET_ID,
            key_group=GROUP,
            overlap=scene.settings.rotation_overlap,
            canary_url=scene.canary_url,
        ),
        clients=process.client,
        clock=scene.time.clock,
        sleep=scene.time.sleep,
    )
    answer: dict[str, Any] = {}
    killed = 0

    def invoke(event: dict[str, Any]) -> None:
        answer.update(handler(event, _Context()))

    token = str(uuid4())
    for step in _STEPS:
        event = {"Step": step, "SecretId": SECRET_ID, "ClientRequestToken": token}
        killed += _run_again(process.calls, lambda event=event: invoke(event))  # type: ignore[misc]
    while answer.get("next") != "Done":
        scene.time.sleep(3600)
        killed += _run_again(process.calls, lambda: invoke({"action": "tidy"}))
    return killed


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def _run_again(calls: Calls, run: Callable[[], object]) -> int:
    """Run again and again, each run killed one call later than the one before.

    Once something was written, the next is killed after its first call again. So there is
    no call after which nobody is killed. Returns how many were.
    """
    killed, lives_for = 0, 1
    while True:
        calls.start(lives_for)
        try:
            run()
        except Killed:
            killed += 1
            lives_for = 1 if calls.writes else lives_for + 1
        else:
            return killed


def asleep_before_write(slow: Process, other: Process, number: int) -> str:
    """One falls asleep before that write, and the other does all meanwhile; how it ended."""
    goal = slow.replacing()
    outcome = "never slept"

    def fall_asleep() -> None:
        nonlocal outcome
        if slow.calls.writes + 1 == number:
            other.run(goal)
            outcome = "went on"

    slow.calls.start()
    slow.calls.before_write = fall_asleep
    try:
        slow.run(goal)
    except ConcurrentRotation:
        outcome = "stopped"
    other.run(Goal())  # as the next one that comes by
    return outcome


def try_to_rotate(process: Process, goal: Goal) -> str:
    """A run that may meet another one; how it ended."""
    try:
        process.run(goal)
    except ConcurrentRotation:
        return "stopped"
    return "went on"
