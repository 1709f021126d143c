"""Processes that rotate: time passes while they call AWS, and they may be killed at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from cf_protected.key_rotation.canary import Canary, fetch
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.steps import Done, Refuse, Wait
from tests.drill.scene import GROUP, Scene
from tests.waiting import PATIENCE

#: How long a call of AWS takes at most, in seconds.
SLOWEST_CALL: Final = 5.0

_POLL: Final = timedelta(minutes=5)  # each time it looks costs the machine ten calls


_fetch: Final = partial(fetch, timeout=PATIENCE)


class Killed(BaseException):
    """The process is gone, at once."""


class Calls:
    """The calls of one process, ``writes`` of which change something.

    ``before_write`` is called before each of those.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.before_write: Callable[[], None] = lambda: None
        self.start()

    def start(self, lives_for: int | None = None) -> None:
        """A process starts, to be killed after so many calls."""
        self._made = self.writes = 0
        self._lives_for = lives_for

    def watch(self, client: Any) -> None:
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, model: Any, **details: Any) -> None:
        if _changes(model.name):
            self.before_write()

    def _after(self, model: Any, **details: Any) -> None:
        self._made += 1
        self.writes += _changes(model.name)
        self._scene.time.sleep(self._scene.random.uniform(0, SLOWEST_CALL))
        if self._made == self._lives_for:
            raise Killed


def _changes(operation: str) -> bool:
    return not operation.startswith(("Describe", "Get", "List", "Sign"))


class Process:
    """Whoever rotates: with clients of its own, to be started again and again."""

    def __init__(self, scene: Scene) -> None:
        self.calls = Calls(scene)
        self._scene = scene
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of this process."""
        if service not in self._clients:
            self._clients[service] = self._scene.client(service)
            self.calls.watch(self._clients[service])
        return self._clients[service]

    def replacing(self) -> Goal:
        """That another key signs than the present one."""
        return Goal(replace=self._scene.signing_id)

    def run(self, goal: Goal) -> None:
        """Rotate to the end, waiting where need be; nothing is known of runs before.

        Raises ``Killed`` and ``ConcurrentRotation``.
        """
        rotation = self._rotation()
        while not isinstance(step := rotation.advance(goal), Done):
            assert not isinstance(step, Refuse), step.reason
            if isinstance(step, Wait):
                self._scene.time.wait_until(step.until.timestamp())

    def _rotation(self) -> Rotation:
        scene = self._scene
        return Rotation(
            CloudFrontKeys(self.client("cloudfront"), GROUP),
            scene.keeper.store(self.client(scene.keeper.service)),
            Rules(name=GROUP, overlap=scene.settings.rotation_overlap, poll=_POLL),
            canary=Canary(scene.canary_url, fetch=_fetch, now=scene.time.clock),
            clock=scene.time.clock,
        )
