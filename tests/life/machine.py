"""Do at random what buyers, webhooks and staff do, and compare with the model after each step."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import GrantConflict
from cf_protected.models import Asset, AssetFile, Grant, GrantEvent, Purchase
from tests.accounts.models import User
from tests.life import model
from tests.life.vouching import ConfirmedEmails

SOURCE: Final = "shop"
ASSETS: Final = ("book", "film")
ADDRESSES: Final = ("ada@example.com", "bob@example.com", "eve@bücher.example")
SPELLINGS: Final = (str, str.upper, " {} ".format)
NORMAL: Final = ("ada@example.com", "bob@example.com", "eve@xn--bcher-kva.example")
BEGIN: Final = datetime(2100, 1, 1, tzinfo=UTC)

ACCOUNTS: Final = st.integers(0, 3)
REFERENCES: Final = st.sampled_from(["1", "2", "3"])
HOLDERS: Final = st.one_of(
    st.tuples(st.just("user"), ACCOUNTS),
    st.tuples(st.sampled_from(range(len(ADDRESSES))), st.sampled_from(range(len(SPELLINGS)))),
)
ENDS: Final = st.one_of(st.none(), st.sampled_from([1, 6, 24, 72]))
LIMITS: Final = st.one_of(st.none(), st.integers(1, 3))
UNITS: Final = st.one_of(st.none(), st.integers(1, 3))

Expected = Callable[[], Any]


class Life(RuleBasedStateMachine):
    """Each rule asks the model first, and then the services."""

    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = contextlib.ExitStack()
        self.cleanup.enter_context(transaction.atomic())
        self.cleanup.callback(transaction.set_rollback, True)
        self.cleanup.callback(ConfirmedEmails.confirmed.clear)
        self.shop = model.Shop(BEGIN)
        self.users: dict[int, User] = {}
        self.number = 0
        self.rows: dict[model.Grant, int] = {}
        self.ends: list[datetime] = []
        self.assets: dict[str, Asset] = {}
        self.files: dict[str, list[AssetFile]] = {}

    @initialize()
    def open(self) -> None:
        for slug in ASSETS:
            asset = Asset.objects.create(title=slug, slug=slug, state="published")
            self.assets[slug] = asset
            self.files[slug] = [
                AssetFile.objects.create(asset=asset, key=f"{slug}/{number}.pdf")
                for number in range(2)
            ]

    def teardown(self) -> None:
        with self.cleanup:
            verbs = GrantEvent.objects.order_by("pk").values_list("verb", flat=True)
            assert [*verbs] == self.shop.events
            active = Grant.objects.active(self.shop.now).values_list("pk", flat=True)
            assert {*active} == {pk for one, pk in self.rows.items() if self.is_active(one)}
            purchases = {
                one.reference: (one.refunded, one.is_revoked) for one in Purchase.objects.all()
            }
            assert purchases == {
                reference: (one.refunded, one.revoked)
                for reference, one in self.shop.purchases.items()
            }

    # Accounts

    @rule(account=ACCOUNTS)
    def sign_up(self, account: int) -> None:
        if account not in self.users:
            self.did("sign_up")
            self.number += 1
            self.users[account] = User.objects.create(email=f"login-{self.number}@example.com")
            self.shop.accounts[self.users[account].pk] = model.Account()

    @rule(account=ACCOUNTS, address=st.sampled_from(NORMAL), confirmed=st.booleans())
    def confirm(self, account: int, address: str, *, confirmed: bool) -> None:
        if user := self.users.get(account):
            self.did("confirm")
            addresses = self.shop.accounts[user.pk].addresses
            pair = (user.pk, address)
            (addresses.add if confirmed else addresses.discard)(address)
            known = ConfirmedEmails.confirmed
            (known.add if confirmed else known.discard)(pair)

    @rule(account=ACCOUNTS, active=st.booleans())
    def activate(self, account: int, *, active: bool) -> None:
        if user := self.users.get(account):
            self.did("activate")
            user.is_active = self.shop.accounts[user.pk].active = active
            user.save()

    @rule(account=ACCOUNTS, certain=st.integers(0, 3))
    def delete(self, account: int, certain: int) -> None:
        if account in self.users and not certain:  # seldom
            self.did("delete")
            user = self.users.pop(account)
            self.shop.delete(user.pk)
            user.delete()

    @rule(minutes=st.sampled_from([5, 20, 90, 60 * 30]))
    def wait(self, minutes: int) -> None:
        self.did("wait")
        self.shop.now += timedelta(minutes=minutes)

    # Purchases

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
        named = self.named(holder)
        if named is None:
            return
        self.did("grant")
        owner, arguments = named
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
        self.did("one_asset")
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

    # Staff

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), back=st.booleans())
    def some_grants(self, data: st.DataObject, *, back: bool) -> None:
        self.did("some_grants")
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
        named = self.named(holder)
        if named is None:
            return
        self.did("transfer")
        owner, arguments = named
        grants, rows = self.some(data)
        with self.agreeing(model.Invalid, ValueError) as both:
            expected = both.expected(lambda: self.shop.transfer(grants, owner))
            self.same(
                expected,
                both.done(
                    lambda: services.transfer(rows, **arguments, reason="A gift", now=self.shop.now)
                ),
            )

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), count=st.integers(1, 2), reset=st.booleans())
    def downloads(self, data: st.DataObject, count: int, *, reset: bool) -> None:
        self.did("downloads")
        grant = data.draw(st.sampled_from(self.shop.grants))
        rows = Grant.objects.filter(pk=self.rows[grant])
        if reset:
            self.same(self.shop.reset(grant), services.reset_downloads(rows, now=self.shop.now))
        else:
            more = services.allow_more(rows, count, now=self.shop.now)
            self.same(self.shop.allow_more(grant, count), more)

    # Buyers

    @rule(account=ACCOUNTS, address=st.one_of(st.none(), st.sampled_from(range(len(ADDRESSES)))))
    def claim(self, account: int, address: int | None) -> None:
        user = self.users.get(account)
        if user is None:
            return
        self.did("claim")
        typed, normal = (None, None) if address is None else (ADDRESSES[address], NORMAL[address])
        with self.agreeing(model.Invalid, ValueError) as both:
            expected = both.expected(lambda: self.shop.claim(user.pk, normal))
            number = both.done(lambda: services.claim(user, typed, now=self.shop.now))
            assert number == len(expected)

    @rule(account=ACCOUNTS, asset=st.sampled_from(ASSETS), number=st.integers(0, 1))
    def download(self, account: int, asset: str, number: int) -> None:
        user = self.users.get(account)
        if user is None:
            return
        self.did("download")
        now, is_active = self.shop.now, self.shop.accounts[user.pk].active
        held = [one for one in self.shop.grants if (one.holder, one.asset) == (user.pk, asset)]
        usable = [grant for grant in held if is_active and grant.allows(number, now)]
        try:
            issued = services.issue_url(user, self.files[asset][number], now=now)
        except DownloadRefused:
            assert not usable
            return
        (used,) = [one for one in usable if self.rows[one] == issued.decision.grant.pk]
        assert (issued.download is None) == used.repeats(number, now)
        if issued.download is None:
            return
        assert used.limit is None or not any(one.repeats(number, now) for one in usable)
        used.used += 1
        used.uses[number] = now

    @invariant()
    def everybody_holds_what_is_theirs(self) -> None:
        stored = {
            pk: (user or email or None, bool(alone or disputed or refunded), *terms)
            for pk, user, email, alone, disputed, refunded, *terms in Grant.objects.values_list(
                "pk",
                "user",
                "email",
                "revoked_at",
                "purchase__revoked_at",
                "purchase__refunded_at",
                "expires_at",
                "max_downloads",
                "downloads_used",
            )
        }
        assert stored == {
            pk: (grant.holder, grant.revoked, grant.ends, grant.limit, grant.used)
            for grant, pk in self.rows.items()
        }

    # What the rules share

    def is_active(self, grant: model.Grant) -> bool:
        lasts = grant.ends is None or grant.ends > self.shop.now
        left = grant.limit is None or grant.used < grant.limit
        return lasts and left and not grant.revoked

    def did(self, what: str) -> None:
        self.steps[what] += 1

    def end(self, hours: int | None) -> datetime | None:
        if hours is None:
            return None
        self.ends.append(self.shop.now + timedelta(hours=hours))
        return self.ends[-1]

    def named(self, holder: tuple[Any, int]) -> tuple[model.Holder, dict[str, Any]] | None:
        """Return the model's holder, and how the services are told; ``None`` without an account."""
        first, second = holder
        if first == "user":
            user = self.users.get(second)
            return None if user is None else (user.pk, {"user": user})
        return NORMAL[first], {"email": SPELLINGS[second](ADDRESSES[first])}

    def some(self, data: st.DataObject) -> tuple[list[model.Grant], Any]:
        grants = data.draw(st.lists(st.sampled_from(self.shop.grants), max_size=3, unique=True))
        return grants, Grant.objects.filter(pk__in=[self.rows[grant] for grant in grants])

    def same(self, expected: list[model.Grant], changed: list[Grant]) -> None:
        assert sorted(self.rows[one] for one in expected) == sorted(one.pk for one in changed)

    @contextlib.contextmanager
    def agreeing(self, expected: Any, raised: Any) -> Any:
        """Both the model and the services refuse, or neither does."""
        both = Both(expected, raised)
        with contextlib.suppress(_Refused):
            yield both


class _Refused(Exception):
    """Both refused, so the rest of the rule is left out."""


class Both:
    def __init__(self, expected: Any, raised: Any) -> None:
        self.errors, self.raised, self.refused = expected, raised, False

    def expected(self, act: Expected) -> Any:
        try:
            return act()
        except self.errors:
            self.refused = True

    def done(self, act: Expected) -> Any:
        if not self.refused:
            return act()
        try:
            act()
        except self.raised as error:
            raise _Refused from error
        raise AssertionError("The model refuses this.")


def _raise(error: type[Exception]) -> None:
    raise error
