"""Wait for what another thread or process does. Only a hang reaches the limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: How long a test waits at most, in seconds: longer than a busy machine needs for anything.
PATIENCE: Final = 60.0


def wait_until(is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Return once ``is_so()`` is true. Raises ``TimeoutError`` if it never is."""
    deadline = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {patience:.0f} s")
        time.sleep(0.002)
