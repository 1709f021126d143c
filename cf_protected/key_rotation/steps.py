"""The steps of a rotation. ``str`` says what each one does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import ClassVar

from cf_protected.key_rotation.state import KeyGroup, StoredKey


class Phase(IntEnum):
    """The part of a rotation that a step belongs to, as Secrets Manager divides it."""

    CREATE = 0
    SET = 1
    TEST = 2
    FINISH = 3
    TIDY = 4


@dataclass(frozen=True)
class MakePair:
    """Make a key pair in the store. It doesn't sign yet."""

    replaces: str | None
    phase: ClassVar[Phase] = Phase.CREATE

    def __str__(self) -> str:
        return "make a key pair in the store"


@dataclass(frozen=True)
class UploadPublicKey:
    """Give CloudFront the public half."""

    key: StoredKey
    name: str
    phase: ClassVar[Phase] = Phase.CREATE

    def __str__(self) -> str:
        return f"upload its public half as {self.name}"


@dataclass(frozen=True)
class RecordID:
    """Store the ID that CloudFront gave beside the new private key."""

    key: StoredKey
    key_pair_id: str
    phase: ClassVar[Phase] = Phase.CREATE

    def __str__(self) -> str:
        return f"store its ID {self.key_pair_id} beside it"


@dataclass(frozen=True)
class CreateGroup:
    """Make the key group."""

    name: str
    key_pair_id: str
    phase: Phase = Phase.SET

    def __str__(self) -> str:
        return f"make the key group {self.name} with {self.key_pair_id}"


@dataclass(frozen=True)
class AddToGroup:
    """Add a key to the key group, which keeps the others."""

    group: KeyGroup
    key_pair_id: str
    phase: Phase = Phase.SET

    def __str__(self) -> str:
        return f"add {self.key_pair_id} to the key group, removing nothing"


@dataclass(frozen=True)
class TryCanary:
    """Ask CloudFront for a URL that is signed with the new key."""

    key: StoredKey
    key_pair_id: str
    phase: ClassVar[Phase] = Phase.TEST

    def __str__(self) -> str:
        return f"ask for the canary with a URL signed with {self.key_pair_id}"


@dataclass(frozen=True)
class Wait:
    """Do nothing before ``until``."""

    until: datetime
    why: str
    phase: Phase

    def __str__(self) -> str:
        return f"wait until {moment(self.until)}: {self.why}"


@dataclass(frozen=True)
class Promote:
    """Make a key the signing key: ID and private key in one write."""

    key: StoredKey
    current: StoredKey | None
    phase: ClassVar[Phase] = Phase.FINISH

    def __str__(self) -> str:
        return f"make {self.key.key_pair_id} the signing key"


@dataclass(frozen=True)
class NoteSigning:
    """Write into the public key's comment that it signs. The overlap starts here."""

    key_pair_id: str
    phase: ClassVar[Phase] = Phase.TIDY

    def __str__(self) -> str:
        return f"note that {self.key_pair_id} signs from now on"


@dataclass(frozen=True)
class RemoveFromGroup:
    """Distrust replaced keys."""

    group: KeyGroup
    key_pair_ids: tuple[str, ...]
    phase: ClassVar[Phase] = Phase.TIDY

    def __str__(self) -> str:
        return f"take {', '.join(self.key_pair_ids)} out of the key group"


@dataclass(frozen=True)
class DeletePublicKey:
    """Delete a public key that is no longer trusted."""

    key_pair_id: str
    phase: ClassVar[Phase] = Phase.TIDY

    def __str__(self) -> str:
        return f"delete the public key {self.key_pair_id}"


@dataclass(frozen=True)
class Forget:
    """Drop a key, or a second copy of it, from the store."""

    key: StoredKey
    phase: ClassVar[Phase] = Phase.TIDY

    def __str__(self) -> str:
        return "drop what the store doesn't need any more"


@dataclass(frozen=True)
class Refuse:
    """Stop: a person must decide first."""

    reason: str
    phase: ClassVar[Phase] = Phase.CREATE

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""

    phase: ClassVar[Phase] = Phase.TIDY

    def __str__(self) -> str:
        return "nothing is left to do"


Action = (
    MakePair
    | UploadPublicKey
    | RecordID
    | CreateGroup
    | AddToGroup
    | TryCanary
    | Promote
    | NoteSigning
    | RemoveFromGroup
    | DeletePublicKey
    | Forget
)
Step = Action | Wait | Refuse | Done


def moment(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(time: timedelta) -> str:
    """Return a duration as text, such as ``23 h 59 min``."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
