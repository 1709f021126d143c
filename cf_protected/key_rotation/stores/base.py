"""The contract of a store."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.key_rotation.state import StoredKey


class Store(ABC):
    """A place that keeps the signing key and, during a rotation, the next one.

    Every method is safe to repeat. It raises ``AWSError``, ``UnusableKey`` for a value stored by
    hand that isn't a key, and, if it changes something, ``ConcurrentRotation``.
    """

    @abstractmethod
    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        """Return the current key, and the others, the most advanced one first."""

    @abstractmethod
    def make_pair(self, replaces: str | None) -> None:
        """Make a key pair that doesn't sign yet. ``replaces`` is the current key's ID."""

    @abstractmethod
    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        """Store the ID that CloudFront gave the key, next to the key."""

    @abstractmethod
    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        """Make ``key`` the signing key in one write, if ``current`` still is the signing key."""

    @abstractmethod
    def forget(self, key: StoredKey) -> None:
        """Drop one of the others."""

    @abstractmethod
    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        """Return the key, to sign the canary with."""
