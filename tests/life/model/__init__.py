"""Who may have what, in plain Python: the rules of the verbs, written without the code under test.

An account is a number, an address a text, and ``None`` the holder of grants that nobody has.
"""

from tests.life.model.erasure import Shop
from tests.life.model.things import (
    Account,
    Browser,
    Conflict,
    Grant,
    Holder,
    Invalid,
    Link,
    Mail,
    Purchase,
    Unknown,
    Visitor,
)

__all__ = [
    "Account",
    "Browser",
    "Conflict",
    "Grant",
    "Holder",
    "Invalid",
    "Link",
    "Mail",
    "Purchase",
    "Shop",
    "Unknown",
    "Visitor",
]
