"""What the model consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

Holder = int | str | None

REPEAT_WINDOW: Final = timedelta(minutes=30)
PROOF_LIFETIME: Final = timedelta(hours=12)
LINK_LIFETIMES: Final = {
    "mailbox": timedelta(days=1),
    "receipt": timedelta(days=3),  # a setting
    "claim": timedelta(hours=1),
}


class Conflict(Exception):
    """The purchase was first granted to another holder."""


class Unknown(Exception):
    """Nothing was granted yet that this could change."""


class Invalid(Exception):
    """An argument that can't be taken."""


@dataclass
class Account:
    active: bool = True
    addresses: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Purchase:
    first_user: int | None = None
    first_email: str = ""
    granted: bool = False
    quantity: int = 1
    refunded: int = 0
    whole: bool = False  # all of it was refunded
    disputed: bool = False
    erased: bool = False

    @property
    def revoked(self) -> bool:
        return self.whole or self.disputed


class Use(NamedTuple):
    at: datetime
    proof: int | None  # of a guest


@dataclass(eq=False)
class Grant:
    asset: str
    purchase: Purchase | None
    holder: Holder
    ends: datetime | None
    limit: int | None
    used: int = 0
    taken_back: bool = False  # alone
    uses: dict[int, Use] = field(default_factory=dict)
    past_ends: set[datetime | None] = field(default_factory=set)

    @property
    def revoked(self) -> bool:
        return self.taken_back or (self.purchase is not None and self.purchase.revoked)

    def lasts(self, now: datetime) -> bool:
        return not self.revoked and (self.ends is None or now < self.ends)

    def is_active(self, now: datetime) -> bool:
        return self.lasts(now) and (self.limit is None or self.used < self.limit)

    def allows(self, file: int, now: datetime, proof: int | None) -> bool:
        repeats = self.lasts(now) and self.repeats(file, now, proof)
        return self.is_active(now) or repeats

    def repeats(self, file: int, now: datetime, proof: int | None) -> bool:
        """A guest's repeat needs the same proof."""
        use = self.uses.get(file)
        return use is not None and now - REPEAT_WINDOW < use.at and proof in (None, use.proof)


@dataclass(eq=False)
class Mailbox:
    address: str
    generation: int = 0
    erased: bool = False
    asked: list[datetime] = field(default_factory=list)


@dataclass(frozen=True)
class Link:
    kind: str  # one of LINK_LIFETIMES
    mailbox: Mailbox
    generation: int
    made: datetime
    purchase: Purchase | None = None
    account: int | None = None

    @property
    def is_current(self) -> bool:
        return not self.mailbox.erased and self.generation == self.mailbox.generation

    def is_expired(self, now: datetime) -> bool:
        return now >= self.made + LINK_LIFETIMES[self.kind]


class Mail(NamedTuple):
    address: str
    link: Link | None


@dataclass(frozen=True)
class Proof:
    """That a browser reads the mailbox of a link."""

    link: Link
    number: int
    until: datetime

    def holds(self, now: datetime) -> bool:
        return self.link.is_current and now < self.until

    def is_for_the_same(self, link: Link) -> bool:
        return (self.link.mailbox, self.link.generation, self.link.purchase) == (
            link.mailbox,
            link.generation,
            link.purchase,
        )


@dataclass
class Browser:
    account: int | None = None
    proof: Proof | None = None


class Visitor(NamedTuple):
    """An account, a guest or a stranger."""

    holder: Holder = None
    purchase: Purchase | None = None  # of a guest who came by its receipt
    proof: int | None = None
