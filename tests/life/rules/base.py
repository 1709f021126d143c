"""The shop of one life, its model, and how the two are compared."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from django.core import mail
from django.db import transaction
from django.test import TestCase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.life import model
from tests.life.letters import read
from tests.life.vouching import ConfirmedEmails

SOURCE: Final = "shop"
ASSETS: Final = ("book", "film")
ADDRESSES: Final = ("ada@example.com", "bob@example.com", "eve@bücher.example")
SPELLINGS: Final = (str, str.upper, " {} ".format)
NORMAL: Final = ("ada@example.com", "bob@example.com", "eve@xn--bcher-kva.example")
BEGIN: Final = datetime(2100, 1, 1, tzinfo=UTC)

NUMBERS: Final = st.integers(0, 7)  # of one of those that there are
REFERENCES: Final = st.sampled_from("12345678")
SELDOM: Final = st.sampled_from([False] * 7 + [True])  # what leaves little of a life
TEXTS: Final = st.sampled_from(range(len(ADDRESSES)))
HOLDERS: Final = st.one_of(
    st.tuples(st.just("user"), NUMBERS),
    st.tuples(TEXTS, st.sampled_from(range(len(SPELLINGS)))),
)


class Base(RuleBasedStateMachine):
    outcomes: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = contextlib.ExitStack()
        self.cleanup.enter_context(transaction.atomic())
        self.cleanup.callback(transaction.set_rollback, True)
        self.cleanup.callback(ConfirmedEmails.confirmed.clear)
        mail.outbox.clear()
        self.shop = model.Shop(BEGIN)
        self.users: list[User] = []
        self.rows: dict[model.Grant, int] = {}
        self.ends: list[datetime] = []
        self.assets: dict[str, Asset] = {}
        self.files: dict[str, list[AssetFile]] = {}
        self.links: list[tuple[model.Link, str]] = []

    def did(self, outcome: str) -> None:
        self.outcomes[outcome] += 1

    def named(self, holder: tuple[Any, int]) -> tuple[model.Holder, dict[str, Any]]:
        """Return the model's holder, and how the services are told."""
        first, second = holder
        if first != "user":
            return NORMAL[first], {"email": SPELLINGS[second](ADDRESSES[first])}
        if not self.users:
            return NORMAL[0], {"email": ADDRESSES[0]}
        user = self.user(second)
        return user.pk, {"user": user}

    def user(self, number: int) -> User:
        return self.users[number % len(self.users)]

    def some(self, numbers: Iterable[int]) -> tuple[list[model.Grant], Any]:
        """Return some of the latest grants, and the query for them."""
        latest = [*reversed(self.shop.grants)]
        grants = [*dict.fromkeys(latest[number % len(latest)] for number in numbers)]
        return grants, Grant.objects.filter(pk__in=[self.rows[grant] for grant in grants])

    def end(self, hours: int | None) -> datetime | None:
        if hours is None:
            return None
        self.ends.append(self.shop.now + timedelta(hours=hours))
        return self.ends[-1]

    def same(self, expected: list[model.Grant], changed: list[Grant]) -> None:
        assert sorted(self.rows[one] for one in expected) == sorted(one.pk for one in changed)

    def posted(self, act: Callable[[], Any]) -> Any:
        """Return what ``act`` returns, after its mails were sent and compared."""
        with TestCase.captureOnCommitCallbacks(execute=True):
            done = act()
        self.links += read(mail.outbox, self.shop.mails)
        mail.outbox.clear()
        self.shop.mails.clear()
        return done

    @contextlib.contextmanager
    def agreeing(self, expected: Any, raised: Any) -> Iterator[Both]:
        """Both the model and the services refuse, or neither does."""
        with contextlib.suppress(_Refused):
            yield Both(expected, raised)


class _Refused(Exception):
    """Both refused, so the rest of the rule is left out."""


class Both:
    def __init__(self, expected: Any, raised: Any) -> None:
        self.errors, self.raised, self.refused = expected, raised, False

    def expected(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except self.errors:
            self.refused = True

    def done(self, act: Callable[[], Any]) -> Any:
        if not self.refused:
            return act()
        try:
            act()
        except self.raised as error:
            raise _Refused from error
        raise AssertionError("The model refuses this.")
