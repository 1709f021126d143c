"""The contract of a store."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.key_rotation.state import StoredKey


class Store(ABC):
    """A place that keeps the key that signs and, while a rotation goes on, the next one.

    Every method is safe to repeat and raises ``AWSError``, ``UnusableKey`` for what was
    stored by hand and is no key, and where it changes something ``ConcurrentRotation``.
    """

    @abstractmethod
    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        """The key that signs, and the others, the most advanced one first."""

    @abstractmethod
    def make_pair(self, replaces: str | None) -> None:
        """Make a key pair that doesn't sign yet."""

    @abstractmethod
    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        """Store the ID that CloudFront gave to the key beside it."""

    @abstractmethod
    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        """Make it the key that signs, in one write, if ``current`` is still that."""

    @abstractmethod
    def forget(self, key: StoredKey) -> None:
        """Drop one of the others."""

    @abstractmethod
    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        """The key, to sign the canary with."""
