"""Remember signatures, up to a number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from cf_protected.process import reset_after_fork


class SignatureMemo:
    """The last ``size`` signatures, so that the same policy gets the same signature again.

    ECDSA signatures differ each time. Threads that need the same policy at the same time
    may sign it twice, but all of them get the signature that was stored first.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._signatures: OrderedDict[str, str] = OrderedDict()
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Make a new lock: in a forked child, the thread that held the old one is gone."""
        self._lock = Lock()

    def get(self, policy: str, sign: Callable[[str], str]) -> str:
        """Return the signature of ``policy``; call ``sign`` if it isn't remembered."""
        with self._lock:
            known = self._signatures.get(policy)
            if known is not None:
                self._signatures.move_to_end(policy)
                return known
        made = sign(policy)  # outside the lock: RSA takes 0.2 ms and releases the GIL
        with self._lock:
            signature = self._signatures.setdefault(policy, made)
            if len(self._signatures) > self._size:
                self._signatures.popitem(last=False)
        return signature
