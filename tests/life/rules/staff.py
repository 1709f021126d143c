"""What staff do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import services
from cf_protected.models import Grant
from tests.life import model
from tests.life.rules.base import HOLDERS, Base


class Staff(Base):
    @precondition(lambda self: self.rows)
    @rule(data=st.data(), back=st.booleans())
    def some_grants(self, data: st.DataObject, *, back: bool) -> None:
        self.did("restore grants" if back else "revoke grants")
        grants, rows = self.some(data)
        if back:
            expected = self.shop.restore_grants(grants)
            self.same(expected, services.restore_grants(rows, now=self.shop.now))
        else:
            expected = self.shop.revoke_grants(grants)
            self.same(expected, services.revoke_grants(rows, now=self.shop.now))

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), holder=HOLDERS)
    def transfer(self, data: st.DataObject, holder: tuple[Any, int]) -> None:
        owner, arguments = self.named(holder)
        grants, rows = self.some(data)
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
    @rule(data=st.data(), count=st.integers(1, 2), reset=st.booleans())
    def downloads(self, data: st.DataObject, count: int, *, reset: bool) -> None:
        self.did("reset downloads" if reset else "allow more")
        grant = data.draw(st.sampled_from(self.shop.grants[-8:]))
        rows = Grant.objects.filter(pk=self.rows[grant])
        if reset:
            self.same(self.shop.reset(grant), services.reset_downloads(rows, now=self.shop.now))
        else:
            more = services.allow_more(rows, count, now=self.shop.now)
            self.same(self.shop.allow_more(grant, count), more)

