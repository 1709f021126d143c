"""What is seen of the keys. No private key is in here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: What CloudFront allows: public keys of an account, and in a key group. Only the second
#: can be raised.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_PUBLIC_KEYS: Final = 10
MAX_GROUP_MEMBERS: Final = 5


@dataclass(frozen=True)
class PublishedKey:
    """A public key at CloudFront; ``signing_since`` is what its comment says."""

    id: str
    name: str
    created: datetime
    public_key: str
    signing_since: datetime | None = None


@dataclass(frozen=True)
class KeyGroup:
    """The key group, with the ETag that a change of it takes."""

    id: str
    name: str
    members: tuple[str, ...]
    etag: str
    modified: datetime


@dataclass(frozen=True)
class StoredKey:
    """A key in the secret: its public half, and ``version``, by which its store finds it.

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
    """Everything that decides about the next step.

    ``current`` signs; ``others`` are the further keys that the store holds. ``in_progress``
    are the distributions with the key group that aren't deployed.
    """

    now: datetime
    public_keys: tuple[PublishedKey, ...] = ()
    group: KeyGroup | None = None
    current: StoredKey | None = None
    others: tuple[StoredKey, ...] = ()
    in_progress: tuple[str, ...] = ()
    canary: CanaryAnswer | None = None

    def published(self, key: StoredKey) -> PublishedKey | None:
        """The key at CloudFront with the same public half."""
        return next((one for one in self.public_keys if one.public_key == key.public_key), None)

    @property
    def current_id(self) -> str | None:
        """The key pair ID of the key that signs; what was made by hand may not say it."""
        if self.current is None:
            return None
        published = self.published(self.current)
        return self.current.key_pair_id or (published.id if published else None)

    @property
    def members(self) -> tuple[str, ...]:
        """The IDs in the key group."""
        return self.group.members if self.group else ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a rotation keeps to.

    ``name`` is the key group's if it is to be made. ``overlap`` is how
    long a replaced key stays trusted: the longest life of a URL or cookie, and the
    key cache's. ``settle`` is how old a change of the group is at least before it is
    taken to have reached every edge, and ``poll`` how often is asked for something.
    """

    name: str
    overlap: timedelta
    settle: timedelta = timedelta(minutes=5)
    poll: timedelta = timedelta(seconds=20)
    has_canary: bool = False
    max_public_keys: int = MAX_PUBLIC_KEYS
    max_group_members: int = MAX_GROUP_MEMBERS


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is wanted besides finishing what was begun.

    ``replace`` is the ID of the key to replace: when another one signs, that is done.
    ``create`` makes the first key. ``distrusted`` are leaked keys, which get no overlap.
    """

    replace: str | None = None
    create: bool = False
    distrusted: frozenset[str] = frozenset()


def public_key_name(group_name: str, public_key: str) -> str:
    """Name a public key after its group and itself, so that a repeated upload finds it."""
    return f"{group_name}-{hashlib.sha256(public_key.encode()).hexdigest()[:16]}"
