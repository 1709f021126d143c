"""The keys as a rotation sees them. No private key is in here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PublishedKey:
    """A public key at CloudFront. ``signing_since`` is read from its comment."""

    id: str
    name: str
    created: datetime
    public_key: str
    signing_since: datetime | None = None


@dataclass(frozen=True)
class KeyGroup:
    """The key group, with the ETag that an update must send."""

    id: str
    name: str
    members: tuple[str, ...]
    etag: str
    modified: datetime


@dataclass(frozen=True)
class StoredKey:
    """A key in the secret: its public half, and the ``version`` that its store finds it by.

    ``replaces`` is the ID of the key that signed when this one was made.
    """

    version: str
    public_key: str
    key_pair_id: str | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class CanaryAnswer:
    """CloudFront's answer to a URL that was signed with a new key."""

    key_pair_id: str
    is_accepted: bool
    text: str
    asked: datetime


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything that the next step depends on.

    ``current`` is the key that signs; ``others`` are the store's other keys. ``in_progress``
    are the IDs of distributions with the key group that aren't deployed.
    """

    now: datetime
    public_keys: tuple[PublishedKey, ...] = ()
    group: KeyGroup | None = None
    current: StoredKey | None = None
    others: tuple[StoredKey, ...] = ()
    in_progress: tuple[str, ...] = ()
    canary: CanaryAnswer | None = None

    def published(self, key: StoredKey) -> PublishedKey | None:
        """Return the key at CloudFront with the same public half."""
        return next((one for one in self.public_keys if one.public_key == key.public_key), None)

    @property
    def current_id(self) -> str | None:
        """The current key's ID. A key stored by hand may lack it; then CloudFront's is used."""
        if self.current is None:
            return None
        published = self.published(self.current)
        return self.current.key_pair_id or (published.id if published else None)

    @property
    def members(self) -> tuple[str, ...]:
        """The IDs in the key group."""
        return self.group.members if self.group else ()


def public_key_name(group_name: str, public_key: str) -> str:
    """Return a name made from the group and the key, so that a repeated upload finds it."""
    return f"{group_name}-{hashlib.sha256(public_key.encode()).hexdigest()[:16]}"
