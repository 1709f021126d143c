"""Do at random what buyers, webhooks and staff do, and compare with the model after each step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from cf_protected.models import Asset, AssetFile, Grant, GrantEvent, Mailbox, Purchase
from tests.life.rules.accounts import Accounts
from tests.life.rules.base import ASSETS
from tests.life.rules.purchases import Purchases
from tests.life.rules.staff import Staff
from tests.life.rules.visitors import Visitors


def prepared(rows: QuerySet[Any]) -> Callable[[], list[tuple[Any, ...]]]:
    """Return a function that reads the rows, and makes their SQL only once."""
    compiler = rows.query.get_compiler(rows.db)
    statement = compiler.as_sql()
    compiler.as_sql = lambda *args, **options: statement
    return lambda: [*compiler.results_iter()]


class Life(Accounts, Purchases, Staff, Visitors):
    """A shop with accounts and purchases from its first day on."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = 0
        self.stored = prepared(
            Grant.objects.order_by().values_list(
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
        )

    @initialize()
    def open(self) -> None:
        for slug in ASSETS:
            asset = Asset.objects.create(title=slug, slug=slug, state="published")
            self.assets[slug] = asset
            self.files[slug] = AssetFile.objects.bulk_create(
                AssetFile(asset=asset, key=f"{slug}/{number}.pdf") for number in range(2)
            )
        self.sign_up()
        self.sign_up()
        for reference, asset, holder in (
            ("1", "book", (0, 0)),
            ("1", "film", (0, 1)),
            ("2", "book", (0, 0)),
            ("3", "book", ("user", 0)),
            ("3", "film", ("user", 0)),
        ):
            self.grant(
                asset=asset, reference=reference, holder=holder, quantity=2, ends=None, limit=2
            )
        self.arrive(address=0, reference=None, browser=0)
        self.arrive(address=0, reference="1", browser=1)

    @rule(minutes=st.sampled_from([1, 5, 5, 20, 20, 90, 60 * 7, 60 * 30]))
    def wait(self, minutes: int) -> None:
        self.did("wait")
        self.shop.now += timedelta(minutes=minutes)

    @invariant()
    def everybody_holds_what_is_theirs(self) -> None:
        stored = {
            pk: (user or email or None, bool(alone or disputed or refunded), *terms)
            for pk, user, email, alone, disputed, refunded, *terms in self.stored()
        }
        assert stored == {
            pk: (grant.holder, grant.revoked, grant.ends, grant.limit, grant.used)
            for grant, pk in self.rows.items()
        }

    @invariant()
    def each_browser_shows_what_its_visitor_holds(self) -> None:
        """One browser after the other, since they take most of the time."""
        self.turn = (self.turn + 1) % len(self.browsers)
        browser = self.browsers[self.turn]
        if browser.account is not None or browser.proof is not None:
            self.compared(self.turn)

    def teardown(self) -> None:
        with self.cleanup:
            verbs = GrantEvent.objects.order_by("pk").values_list("verb", flat=True)
            assert [*verbs] == self.shop.events
            active = Grant.objects.active(self.shop.now).values_list("pk", flat=True)
            assert {*active} == {
                pk for one, pk in self.rows.items() if one.is_active(self.shop.now)
            }
            purchases = {
                one.reference: (one.user_id, one.email, one.refunded, one.is_revoked)
                for one in Purchase.objects.all()
            }
            assert purchases == {
                reference: (one.first_user, one.first_email, one.refunded, one.revoked)
                for reference, one in self.shop.purchases.items()
            }
            assert dict(Mailbox.objects.values_list("email", "generation")) == {
                address: one.generation for address, one in self.shop.mailboxes.items()
            }
