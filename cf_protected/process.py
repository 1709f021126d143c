"""Objects of which each process has one: shared by its threads, made again in a forked child.

A fork copies memory, but only the thread that called it. A lock that another thread held is
never released in the child, and both processes would write to the same sockets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Final, Generic, Protocol, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Resettable(Protocol):
    """An object with locks, threads or connections."""

    def reset(self) -> None:
        """Make new locks, and drop threads and connections."""


_alive: Final[WeakSet[Resettable]] = WeakSet()


def reset_after_fork(thing: Resettable) -> None:
    """Call ``thing.reset()`` in every child that is forked while ``thing`` exists."""
    _alive.add(thing)


def _reset_all() -> None:
    for thing in list(_alive):
        thing.reset()


os.register_at_fork(after_in_child=_reset_all)


@dataclass(frozen=True, repr=False)  # a debug page shows the repr of each local, and this has keys
class _Loaded(Generic[T]):
    value: T
    basis: object


class Once(Generic[T]):
    """The result of ``load``, called at the first ``get`` and again only after a failure.

    With ``depends_on``, ``load`` is also called again when that returns another object.
    A forked child calls it for itself.
    """

    def __init__(
        self, load: Callable[[], T], *, depends_on: Callable[[], object] | None = None
    ) -> None:
        self._load = load
        self._depends_on = depends_on
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Forget the result."""
        # Reentrant: a ``load`` that calls ``get`` fails with RecursionError instead of hanging.
        self._lock = RLock()
        self._loaded: _Loaded[T] | None = None

    def get(self) -> T:
        """Return the result, the same in all threads. Raises what ``load`` raises."""
        loaded = self._loaded
        if loaded is None or not self._is_current(loaded):
            loaded = self._load_once()
        return loaded.value

    def _is_current(self, loaded: _Loaded[T]) -> bool:
        return self._depends_on is None or loaded.basis is self._depends_on()

    def _load_once(self) -> _Loaded[T]:
        with self._lock:
            loaded = self._loaded
            if loaded is None or not self._is_current(loaded):
                # The basis first: if it changes meanwhile, the next ``get`` loads again.
                # Neither is a local: they may hold a key, which a debug page would show.
                loaded = self._loaded = _Loaded(
                    basis=None if self._depends_on is None else self._depends_on(),
                    value=self._load(),
                )
            return loaded
