"""A person is forgotten while a provider, the buyer and staff act on the same purchases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from django.db.models import Q

from cf_protected import services
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from tests.accounts.models import User
from tests.races.processes import at_once, in_turn

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS: Final = 5
LINES: Final = 4
ADDRESS: Final = "ada@example.org"


def for_each_line(act: Callable[[str], Any], *, backwards: bool = False) -> Callable[[], Any]:
    numbers = range(LINES)
    lines = [str(number) for number in (reversed(numbers) if backwards else numbers)]
    return in_turn([partial(act, line) for line in lines])


def pay(asset: Asset, line: str) -> int:
    return services.grant(asset, email=ADDRESS, source="shop", reference=line).pk


def refund_and_restore(line: str) -> None:
    services.revoke("shop", line)
    services.restore("shop", line)


def give(user: User, line: str) -> None:
    grants = Grant.objects.filter(purchase__reference=line)
    services.transfer(grants, user, reason=f"Bought as {ADDRESS}")


@pytest.mark.parametrize("account", [True, False], ids=["account and address", "address"])
def test_nobody_is_named_and_nothing_is_lost(account: bool) -> None:
    for number in range(ROUNDS):
        Grant.objects.all().delete()
        Purchase.objects.all().delete()
        GrantEvent.objects.all().delete()
        asset = Asset.objects.create(title="Book", slug=f"book-{number}", state="published")
        ada = User.objects.create_user(f"ada-{number}@example.com", "secret")
        bob = User.objects.create_user(f"bob-{number}@example.com", "secret")
        keys = for_each_line(partial(pay, asset))()
        forget = partial(services.forget_person, ada if account else None, email=ADDRESS)

        again, *_ = at_once(
            for_each_line(partial(pay, asset), backwards=True),
            forget,
            partial(services.claim, ada, ADDRESS),
            for_each_line(refund_and_restore, backwards=True),
            for_each_line(partial(give, bob)),
        )

        assert sorted(again) == sorted(keys)
        forget()  # for what staff wrote meanwhile
        assert_forgotten(ada.pk if account else None)
        # Staff gave each of them to Bob, before or after.
        assert {grant.user_id for grant in Grant.objects.all()} == {bob.pk}


def assert_forgotten(key: Any) -> None:
    assert not Grant.objects.filter(email=ADDRESS).exists()
    assert not Purchase.objects.filter(Q(email=ADDRESS) | Q(erased_at=None)).exists()
    named = Q(old_email=ADDRESS) | Q(new_email=ADDRESS) | Q(reason__contains=ADDRESS)
    if key is not None:
        named |= Q(old_user=key) | Q(new_user=key)
        assert not Grant.objects.filter(user=key).exists()
        assert not Purchase.objects.filter(user=key).exists()
    assert not GrantEvent.objects.filter(named).exists()
