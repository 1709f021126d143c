"""One life that takes each kind of step, the same each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.life.machine import Life

ADA, BOB, EVE = 0, 1, 2  # addresses
FIRST, SECOND, THIRD = 0, 1, 2  # accounts, and browsers
LATEST = 0
BOOK: Final = {"asset": "book", "file": 0}
FILM: Final = {"asset": "film", "file": 0}
LINE: Final = {"asset": "book", "quantity": 1, "ends": None, "limit": None}

TOUR: Final[list[Callable[[Life], Any]]] = [
    # Guests: the first browser reads Ada's mailbox, the second has one of her receipts.
    lambda life: life.visit(FIRST, 1, **BOOK, pressed=False),
    lambda life: life.visit(FIRST, 2, **BOOK, pressed=True),
    lambda life: life.revoke("1"),
    lambda life: life.visit(SECOND, 1, **BOOK, pressed=True),
    lambda life: life.restore("1"),
    lambda life: life.visit(SECOND, 1, **BOOK, pressed=True),
    lambda life: life.visit(SECOND, 2, **FILM, pressed=True),
    lambda life: life.visit(FIRST, 1, **FILM, pressed=True),  # another proof: no repeat
    lambda life: life.visit(THIRD, 1, **BOOK, pressed=True),
    lambda life: life.leave(SECOND, signs_out=False),
    lambda life: life.arrive(ADA, "1", SECOND),
    lambda life: life.arrive(ADA, "3", None),
    lambda life: life.end_links(EVE),
    lambda life: life.arrive(EVE, None, None),
    # Accounts
    lambda life: life.fetch(FIRST, 2, **BOOK),
    lambda life: life.fetch(SECOND, 1, **BOOK),
    lambda life: life.sign_in(FIRST, THIRD),
    lambda life: life.prove(LATEST, THIRD),
    lambda life: life.leave(THIRD, signs_out=True),
    lambda life: life.activate(FIRST, inactive=True),
    lambda life: life.activate(FIRST, inactive=False),
    # Claims
    lambda life: life.grant(reference="4", holder=(BOB, 0), **LINE),
    lambda life: life.repeat(LATEST),
    lambda life: life.claim(SECOND, BOB),
    lambda life: life.claim(SECOND, BOB),
    lambda life: life.ask_to_claim(SECOND, BOB, LATEST),
    lambda life: life.grant(reference="5", holder=(BOB, 0), **LINE),
    lambda life: life.ask_to_claim(SECOND, BOB, None),
    lambda life: life.prove(LATEST, THIRD),
    lambda life: life.confirm_claim(FIRST, LATEST),
    lambda life: life.confirm_claim(SECOND, LATEST),
    lambda life: life.confirm_claim(SECOND, LATEST),
    lambda life: life.confirm(SECOND, "eve@xn--bcher-kva.example", confirmed=True),
    lambda life: life.grant(reference="6", holder=(EVE, 1), **LINE),
    lambda life: life.arrive(EVE, "6", None),
    lambda life: life.confirm(SECOND, "eve@xn--bcher-kva.example", confirmed=False),
    # Webhooks and staff
    lambda life: life.refund("2", None),
    lambda life: life.extend("2", 1, earlier=False),
    lambda life: life.one_asset("1", "film", back=False),
    lambda life: life.one_asset("1", "film", back=True),
    lambda life: life.some_grants([0, 1, 2], back=False),
    lambda life: life.some_grants([0, 1, 2], back=True),
    lambda life: life.downloads(7, 1, reset=True),
    lambda life: life.downloads(7, 1, reset=False),
    lambda life: life.transfer([LATEST], ("user", FIRST)),
    lambda life: life.transfer([LATEST], ("user", FIRST)),
    # What ends
    lambda life: life.wait(5),
    lambda life: life.arrive(ADA, None, FIRST),
    lambda life: life.wait(60 * 30),
    lambda life: life.renew(LATEST),
    lambda life: life.renew(1),
    lambda life: life.prove(LATEST, FIRST),
    lambda life: life.end_links(ADA),
    lambda life: life.visit(FIRST, 1, **BOOK, pressed=True),
    lambda life: life.delete(SECOND, really=True),
    lambda life: life.forget(FIRST, BOB, really=True),
    lambda life: life.forget(SECOND, ADA, really=True),
    lambda life: life.repeat(LATEST),
]
