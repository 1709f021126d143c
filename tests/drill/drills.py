"""The drills: a shop sells while its key is replaced again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.drill.scene import Scene, scene
from tests.drill.shop import Tally

ROTATIONS: Final = 3

#: Seconds between two downloads, so that three rotations see 10,000 and more.
INTERVAL: Final = 1.5


@dataclass(frozen=True)
class Figures:
    """What came of a drill. ``leaked`` says what the rotations left behind."""

    tally: Tally
    rotations: int
    killed: int
    calls: int
    most_public_keys: int
    most_members: int
    leaked: list[str]


def drill(
    ministack: str,
    rotate: Callable[[Scene], int],
    *,
    rotations: int = ROTATIONS,
    interval: float = INTERVAL,
    is_crowded: bool = False,
    **scenery: Any,
) -> Figures:
    """Let ``rotate``, which returns how many processes were killed, do its work.

    ``scenery`` is for ``scene``.
    """
    with scene(ministack, seed=1, interval=interval, **scenery) as it:
        if is_crowded:
            it.crowd()
        killed = 0
        for _ in range(rotations):
            killed += rotate(it)
            it.time.sleep(it.random.uniform(0, 1200))
        tally = it.shop.close()
        return Figures(
            tally=tally,
            rotations=rotations,
            killed=killed,
            calls=it.front.calls,
            most_public_keys=it.account.most_public_keys,
            most_members=it.account.most_members,
            leaked=it.leaked(),
        )
