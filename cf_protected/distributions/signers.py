"""The signer of a distribution: only ``services.signing`` may import it."""

from __future__ import annotations

from threading import Lock
from weakref import WeakKeyDictionary

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.distributions.distribution import Distribution
from cf_protected.process import reset_after_fork


class _Signers:
    """The last signer of each distribution: it remembers its signatures."""

    def __init__(self) -> None:
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Forget the signers, and any lock of another thread."""
        self._lock = Lock()
        self._signers: WeakKeyDictionary[Distribution, CloudFrontSigner] = WeakKeyDictionary()

    def get(self, distribution: Distribution) -> CloudFrontSigner:
        key = distribution.key_source.get_signing_key()
        with self._lock:
            signer = self._signers.get(distribution)
            if signer is None or signer.signing_key is not key:
                signer = self._signers[distribution] = CloudFrontSigner(
                    key, hash_algorithm=distribution.settings.hash_algorithm, now=distribution.now
                )
            return signer


_signers = _Signers()


def signer_of(distribution: Distribution) -> CloudFrontSigner:
    """Return the signer with the current key, made again only for another key.

    Raises ``KeySourceError`` and ``UnusableKey``.
    """
    return _signers.get(distribution)
