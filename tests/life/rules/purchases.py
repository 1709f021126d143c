"""What webhooks do with purchases."""

from __future__ import annotations

from typing import Any, NoReturn

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cf_protected import services
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Grant
from tests.life import model
from tests.life.rules.base import ASSETS, HOLDERS, NUMBERS, REFERENCES, SOURCE, Base

ENDS = st.one_of(st.none(), st.sampled_from([1, 6, 24, 72]))
LIMITS = st.one_of(st.none(), st.integers(1, 3))
UNITS = st.one_of(st.none(), st.integers(1, 3))


class Purchases(Base):
    def __init__(self) -> None:
        super().__init__()
        self.granted: list[dict[str, Any]] = []

    @rule(
        asset=st.sampled_from(ASSETS),
        reference=st.one_of(REFERENCES, REFERENCES, REFERENCES, st.none()),
        holder=HOLDERS,
        quantity=st.integers(1, 2),
        ends=ENDS,
        limit=LIMITS,
    )
    def grant(
        self,
        *,
        asset: str,
        reference: str | None,
        holder: tuple[Any, int],
        quantity: int,
        ends: int | None,
        limit: int | None,
    ) -> None:
        asked = {"asset": asset, "reference": reference, "holder": holder}
        self.granted.append(asked | {"quantity": quantity, "ends": ends, "limit": limit})
        owner, arguments = self.named(holder)
        until = self.end(ends)
        made: list[tuple[model.Grant, bool]] = []
        with self.agreeing(model.Conflict, GrantConflict) as both:
            both.expected(
                lambda: made.append(
                    self.shop.grant(
                        asset, reference, owner, quantity=quantity, ends=until, limit=limit
                    )
                )
            )
            row = both.done(
                lambda: services.grant(
                    self.assets[asset],
                    **arguments,
                    **({} if reference is None else {"source": SOURCE, "reference": reference}),
                    quantity=quantity,
                    expires_at=until,
                    max_downloads=limit,
                    now=self.shop.now,
                )
            )
            grant, is_new = made[0]
            assert (grant not in self.rows) == is_new
            assert self.rows.setdefault(grant, row.pk) == row.pk
            self.did("grant" if is_new else "grant again")

    @precondition(lambda self: self.granted)
    @rule(number=NUMBERS)
    def repeat(self, number: int) -> None:
        """Grant again, as a webhook does that is repeated."""
        self.grant(**self.granted[-1 - number % len(self.granted)])

    @rule(reference=REFERENCES)
    def revoke(self, reference: str) -> None:
        self.did("revoke")
        expected = self.shop.revoke(reference)
        self.same(expected, services.revoke(SOURCE, reference, now=self.shop.now))

    @rule(reference=REFERENCES, units=UNITS)
    def refund(self, reference: str, units: int | None) -> None:
        self.did("refund")
        expected = self.shop.refund(reference, units)
        self.same(expected, services.refund(SOURCE, reference, refunded=units, now=self.shop.now))

    @rule(reference=REFERENCES)
    def restore(self, reference: str) -> None:
        self.did("restore")
        expected = self.shop.restore(reference)
        self.same(expected, services.restore(SOURCE, reference, now=self.shop.now))

    @rule(reference=REFERENCES, asset=st.sampled_from(ASSETS), back=st.booleans())
    def one_asset(self, reference: str, asset: str, *, back: bool) -> None:
        self.did("restore one asset" if back else "revoke one asset")
        grants, row = self.shop.of(reference, asset), self.assets[asset]
        if back:
            expected = self.shop.restore_grants(grants)
            self.same(expected, services.restore(SOURCE, reference, asset=row, now=self.shop.now))
            return
        with self.agreeing(model.Unknown, Grant.DoesNotExist) as both:
            both.expected(lambda: None if grants else _raise(model.Unknown))
            ended = both.done(
                lambda: services.revoke(SOURCE, reference, asset=row, now=self.shop.now)
            )
            self.same(self.shop.revoke_grants(grants), ended)

    @rule(reference=REFERENCES, hours=st.sampled_from([-1, 1, 24, 100]), earlier=st.booleans())
    def extend(self, reference: str, hours: int, *, earlier: bool) -> None:
        self.did("extend")
        until = self.ends[hours % len(self.ends)] if earlier and self.ends else self.end(hours)
        assert until is not None
        with self.agreeing(
            (model.Unknown, model.Invalid), (Grant.DoesNotExist, ValueError)
        ) as both:
            expected = both.expected(lambda: self.shop.extend(reference, until))
            self.same(
                expected,
                both.done(lambda: services.extend(SOURCE, reference, until, now=self.shop.now)),
            )


def _raise(error: type[Exception]) -> NoReturn:
    raise error
