"""Load something once per process."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The result of ``load``, called at the first ``get`` and again only after a failure."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = Lock()
        self._loaded: list[T] = []

    def get(self) -> T:
        """Return the one result, whatever thread asks first. Raises what ``load`` raises."""
        if not self._loaded:
            with self._lock:
                if not self._loaded:
                    self._loaded.append(self._load())
        return self._loaded[0]
