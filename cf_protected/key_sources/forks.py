"""Start afresh in a forked child: it has neither its parent's threads nor may it share sockets."""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Resettable(Protocol):
    """Something with locks, threads or connections."""

    def reset(self) -> None:
        """Make the locks anew, and forget threads and connections."""


_alive: Final[WeakSet[Resettable]] = WeakSet()


def reset_in_children(thing: Resettable) -> None:
    """Call ``thing.reset()`` in every child that is forked while ``thing`` lives."""
    _alive.add(thing)


def _reset_all() -> None:
    for thing in list(_alive):
        thing.reset()


os.register_at_fork(after_in_child=_reset_all)
