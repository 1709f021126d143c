"""A world in memory: CloudFront, its edges, a store and a clock, to rotate keys in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import AWSError, ConcurrentRotation
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Rules
from cf_protected.key_rotation.state import KeyGroup, PublishedKey, StoredKey
from cf_protected.key_rotation.stores.base import Store

GROUP = "shop"
START = datetime(2026, 1, 1, tzinfo=UTC)
OVERLAP = timedelta(hours=24)
RULES = Rules(name=GROUP, overlap=OVERLAP)


@dataclass
class World(Store):
    """Implements CloudFront's side and a store's; both refuse what AWS refuses."""

    now: datetime = START
    keys: dict[str, PublishedKey] = field(default_factory=dict)
    members: list[str] | None = None
    modified: datetime = START
    etag: int = 0
    added: dict[str, datetime] = field(default_factory=dict)
    in_progress_ids: tuple[str, ...] = ()
    current: StoredKey | None = None
    others: list[StoredKey] = field(default_factory=list)
    replaced: list[StoredKey] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def rotation(self, rules: Rules = RULES) -> Rotation:
        return Rotation(self, self, rules, clock=self.clock)  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.now.timestamp()

    def public_keys(self) -> tuple[PublishedKey, ...]:
        return tuple(self.keys.values())

    def group(self) -> KeyGroup | None:
        if self.members is None:
            return None
        return KeyGroup("group", GROUP, tuple(self.members), str(self.etag), self.modified)

    def in_progress(self, group: KeyGroup) -> tuple[str, ...]:
        return self.in_progress_ids

    def create_public_key(self, name: str, public_key: str) -> None:
        if len(self.keys) >= 10:
            raise AWSError("TooManyPublicKeys", code="TooManyPublicKeys")
        if name in {key.name for key in self.keys.values()}:
            return
        id_ = f"K{next(self.numbers)}"
        self.keys[id_] = PublishedKey(id_, name, self.now, public_key)

    def create_group(self, name: str, members: Sequence[str]) -> None:
        if self.members is not None:
            raise ConcurrentRotation
        self._trust(members)

    def set_members(self, group: KeyGroup, members: Sequence[str]) -> None:
        if group.etag != str(self.etag):
            raise ConcurrentRotation
        self._trust(members)

    def note_signing(self, id: str, since: datetime) -> None:
        if id not in self.keys:
            raise AWSError("NoSuchPublicKey", code="NoSuchPublicKey")
        self.keys[id] = replace(self.keys[id], signing_since=since)

    def delete_public_key(self, id: str) -> None:
        assert id not in (self.members or ()), "PublicKeyInUse"
        self.keys.pop(id, None)

    def _trust(self, members: Sequence[str]) -> None:
        if not set(members) <= set(self.keys):
            raise AWSError("InvalidArgument", code="InvalidArgument")
        assert 0 < len(members) <= 5, "TooManyPublicKeysInKeyGroup"
        for id_ in members:
            if id_ not in (self.members or ()):
                self.added[id_] = self.now
        self.members, self.modified = list(members), self.now
        self.etag += 1

    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        return self.current, tuple(self.others)

    def make_pair(self, replaces: str | None) -> None:
        number = next(self.numbers)
        self.others.append(StoredKey(f"v{number}", f"public {number}", replaces=replaces))

    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        if key not in self.others:
            raise ConcurrentRotation
        self.others[self.others.index(key)] = replace(key, key_pair_id=key_pair_id)

    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        if self.current != current or key not in self.others:
            raise ConcurrentRotation
        if self.current is not None:
            self.replaced.append(self.current)
        self.others.remove(key)
        self.current = key

    def forget(self, key: StoredKey) -> None:
        if key in self.others:
            self.others.remove(key)

    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        raise NotImplementedError

    def go_back(self) -> bool:
        """Somebody makes the key before the signing key again, if it is still trusted."""
        if not self.replaced or self.replaced[-1].key_pair_id not in (self.members or ()):
            return False
        assert self.current
        self.others.append(self.current)
        self.current = self.replaced.pop()
        return True

    def add_foreign_key(self, *, trust: bool) -> None:
        """Somebody else's key, as far as the quotas let it in."""
        if len(self.keys) < 10:
            id_ = f"F{next(self.numbers)}"
            self.keys[id_] = PublishedKey(id_, f"by hand {id_}", self.now, f"public {id_}")
            if trust and self.members is not None and len(self.members) < 5:
                self._trust([*self.members, id_])
