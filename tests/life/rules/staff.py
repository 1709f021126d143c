"""What staff do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import services
from tests.life import model
from tests.life.rules.base import HOLDERS, NUMBERS, Base

SOME = st.lists(NUMBERS, max_size=3)


class Staff(Base):
    @precondition(lambda self: self.rows)
    @rule(numbers=SOME, back=st.booleans())
    def some_grants(self, numbers: list[int], *, back: bool) -> None:
        self.did("restore grants" if back else "revoke grants")
        grants, rows = self.some(numbers)
        if back:
            expected = self.shop.restore_grants(grants)
            self.same(expected, services.restore_grants(rows, now=self.shop.now))
        else:
            expected = self.shop.revoke_grants(grants)
            self.same(expected, services.revoke_grants(rows, now=self.shop.now))

    @precondition(lambda self: self.rows)
    @rule(numbers=SOME, holder=HOLDERS)
    def transfer(self, numbers: list[int], holder: tuple[Any, int]) -> None:
        owner, arguments = self.named(holder)
        grants, rows = self.some(numbers)
        with self.agreeing(model.Invalid, ValueError) as both:
            expected = both.expected(lambda: self.shop.transfer(grants, owner))
            now = self.shop.now
            moved = both.done(
                lambda: self.posted(
                    lambda: services.transfer(rows, **arguments, reason="A gift", now=now)
                )
            )
            self.same(expected, moved)
            self.did("transfer" if moved else "transfer nothing")

    @precondition(lambda self: self.rows)
    @rule(number=NUMBERS, count=st.integers(1, 2), reset=st.booleans())
    def downloads(self, number: int, count: int, *, reset: bool) -> None:
        self.did("reset downloads" if reset else "allow more")
        (grant,), rows = self.some([number])
        if reset:
            self.same(self.shop.reset(grant), services.reset_downloads(rows, now=self.shop.now))
        else:
            more = services.allow_more(rows, count, now=self.shop.now)
            self.same(self.shop.allow_more(grant, count), more)
