"""Key sources, storages and authorisers of the tests' own, for settings to name."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.core.files.storage import Storage

from cf_protected.access import Decision, decide
from cf_protected.cloudfront.keys import HashAlgorithm, PublicKey, SigningKey
from cf_protected.exceptions import KeySourceError, SigningError
from cf_protected.key_sources.base import KeySource
from cf_protected.models import Asset, Grant
from cf_protected.person import Person
from cf_protected.reasons import Reason


class CountingKey(SigningKey):
    """A key that counts its signatures."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__(key.key_pair_id)
        self.key = key
        self.signatures = 0

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        self.signatures += 1
        return self.key.sign(message, hash_algorithm)

    @property
    def public_key(self) -> PublicKey:
        return self.key.public_key


class FailingKey(CountingKey):
    """A key whose signing breaks down."""

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        raise SigningError("The signing module doesn't answer.")


class GivenKeySource(KeySource):
    """A key that the test has at hand and may exchange."""

    made: ClassVar[int] = 0
    is_local: ClassVar[bool] = True

    def __init__(self, *, key: SigningKey) -> None:
        type(self).made += 1
        self.key = key

    def get_signing_key(self) -> SigningKey:
        return self.key


class DownKeySource(KeySource):
    """A key source during an outage."""

    def get_signing_key(self) -> SigningKey:
        raise KeySourceError("The key store doesn't answer.")


class RemoteKeySource(DownKeySource):
    """A key source that must not be asked by a check."""

    asked: ClassVar[int] = 0

    def get_signing_key(self) -> SigningKey:
        type(self).asked += 1
        return super().get_signing_key()


class DownStorage(Storage):
    """A storage during an outage: whatever is asked of it fails."""

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise OSError("The storage doesn't answer.")

    open = save = path = delete = exists = listdir = size = url = _fail
    get_accessed_time = get_created_time = get_modified_time = _fail


def refuse_all(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    return Decision(False, Reason.NO_GRANT)


def allow_all(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    """Free samples, to anybody."""
    return Decision(True, Reason.GRANTED)


def share_all(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    """Whatever anybody holds, everybody may use."""
    return decide(person, asset, Grant.objects.filter(asset=asset), now)


def only_adults(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    return Decision(False, "minor", message="Come back when you're 18.")


def revoked_meanwhile(
    person: Person, asset: Asset, grants: Iterable[Grant], now: datetime
) -> Decision:
    """Another process revokes the grant right after this one has decided."""
    decision = decide(person, asset, grants, now)
    Grant.objects.filter(asset=asset).update(revoked_at=now)
    return decision


def used_up_meanwhile(
    person: Person, asset: Asset, grants: Iterable[Grant], now: datetime
) -> Decision:
    """Another process takes the last download right after this one has decided."""
    decision = decide(person, asset, grants, now)
    Grant.objects.filter(asset=asset).update(max_downloads=1, downloads_used=1)
    return decision


class SlowDict(dict[str, Any]):
    """A setting so slow to read that other threads come to it meanwhile."""

    reads = 0

    def items(self) -> Any:
        self.reads += 1
        time.sleep(0.02)
        return super().items()
