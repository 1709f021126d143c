"""Refunds, disputes and their ends, repeated and in any order."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent, Purchase
from tests.accounts.models import User
from tests.conftest import Listen

LINE = {"source": "shop", "reference": "7"}


def buy(asset: Asset, user: User, quantity: int = 1) -> Grant:
    return services.grant(asset, user, **LINE, quantity=quantity)


def is_revoked() -> bool:
    return Grant.objects.get().is_revoked


def test_a_grant_whose_refund_came_first_is_born_revoked(user: User, asset: Asset) -> None:
    services.refund("shop", "7")

    assert buy(asset, user).state_at() is Grant.State.REVOKED


def test_a_grant_whose_dispute_came_first_is_born_revoked(user: User, asset: Asset) -> None:
    services.revoke("shop", "7", reason="Dispute")

    assert buy(asset, user).state_at() is Grant.State.REVOKED
    assert len(services.restore("shop", "7")) == 1


@pytest.mark.parametrize("order", [[1, 2, 3], [3, 1, 2], [3], [1, 1, 3, 3], [4], [None, 1]])
@pytest.mark.parametrize("granted_at", [0, 1])
def test_refunds_are_sums_and_come_in_any_order(
    user: User, asset: Asset, order: list[int | None], granted_at: int
) -> None:
    for position, refunded in enumerate(order):
        if position == granted_at:
            buy(asset, user, quantity=3)
        services.refund("shop", "7", refunded=refunded)
    buy(asset, user, quantity=3)

    assert is_revoked()
    assert Purchase.objects.get().refunded >= 3


def test_a_part_that_is_refunded_takes_nothing_back(user: User, asset: Asset) -> None:
    buy(asset, user, quantity=3)

    assert services.refund("shop", "7", refunded=2) == []
    assert services.refund("shop", "7", refunded=1) == []
    assert Purchase.objects.get().refunded == 2
    assert not is_revoked()
    event = GrantEvent.objects.get(verb="refunded")
    assert (event.old_terms, event.new_terms) == ({"refunded": 0}, {"refunded": 2})


def test_a_dispute_that_was_won_gives_everything_back_as_it_was(user: User, asset: Asset) -> None:
    terms = services.grant(asset, user, **LINE, max_downloads=3).terms
    Grant.objects.update(downloads_used=2)

    assert len(services.revoke("shop", "7", reason="Dispute")) == 1
    assert len(services.restore("shop", "7", reason="Won")) == 1
    assert services.restore("shop", "7") == []

    grant = Grant.objects.get()
    assert grant.state_at() is Grant.State.ACTIVE
    assert grant.terms == terms | {"downloads_used": 2}


@pytest.mark.parametrize("order", ["revoke refund restore", "refund revoke restore"])
def test_a_dispute_that_was_won_undoes_no_refund(user: User, asset: Asset, order: str) -> None:
    buy(asset, user)

    for verb in order.split():
        getattr(services, verb)("shop", "7")

    assert is_revoked()


def test_a_refund_after_a_dispute_was_won_revokes_again(user: User, asset: Asset) -> None:
    buy(asset, user)
    services.revoke("shop", "7")
    services.restore("shop", "7")

    assert len(services.refund("shop", "7")) == 1
    assert services.refund("shop", "7") == []
    assert is_revoked()


def test_what_staff_revoke_during_a_dispute_stays_so_when_it_is_won(
    user: User, asset: Asset
) -> None:
    buy(asset, user)
    services.revoke("shop", "7")

    assert services.revoke_grants(Grant.objects.all(), reason="Account closed") == []
    assert services.restore("shop", "7") == []
    assert is_revoked()
    assert len(services.restore_grants(Grant.objects.all())) == 1


def test_one_grant_that_is_given_back_stays_revoked_with_its_purchase(
    user: User, asset: Asset
) -> None:
    buy(asset, user)
    services.revoke("shop", "7", asset=asset)
    services.revoke("shop", "7")

    assert services.restore("shop", "7", asset=asset) == []
    assert is_revoked()
    assert len(services.restore("shop", "7")) == 1


def test_one_asset_that_was_not_granted_yet_is_an_error_that_stores_nothing(asset: Asset) -> None:
    with pytest.raises(Grant.DoesNotExist, match="Revoke it again"):
        services.revoke("shop", "7", asset=asset)

    assert not Purchase.objects.exists()


def test_restoring_an_unknown_purchase_makes_none(db: None) -> None:
    assert services.restore("shop", "7") == []
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("refunded", {"refunded": 0}),
        ("refunded", {"refunded": -1}),
        ("refunded", {"refunded": True}),
        ("refunded", {"refunded": 1.5}),
        ("refunded", {"refunded": 2**31}),
        ("source", {"source": ""}),
        ("reference", {"reference": ""}),
        ("reference", {"reference": "7\n"}),
        ("reference", {"reference": 7}),
        ("reason", {"reason": "r" * 256}),
        ("reason", {"reason": "a\0b"}),
    ],
)
@pytest.mark.parametrize("verb", ["refund", "revoke", "restore"])
def test_what_cannot_be_stored_is_refused_by_name(
    verb: str, argument: str, values: dict[str, Any], db: None
) -> None:
    if argument == "refunded" and verb != "refund":
        return

    with pytest.raises(ValueError, match=argument):
        getattr(services, verb)(**LINE | values)

    assert not Purchase.objects.exists()


@pytest.mark.parametrize("verb", ["revoke", "refund"])
def test_each_grant_that_ends_is_signalled_once(
    verb: str, user: User, asset: Asset, received: Listen
) -> None:
    buy(asset, user)
    revoked, changed = received(signals.grant_revoked), received(signals.grant_changed)

    for _ in range(2):
        getattr(services, verb)("shop", "7")

    assert len(revoked) == len(changed) == 1
    assert changed[0]["event"] == GrantEvent.objects.first()


@pytest.mark.parametrize("verb", ["revoke", "refund"])
@pytest.mark.parametrize("signal", ["grant_revoked", "grant_changed"])
def test_a_receiver_that_fails_undoes_it(verb: str, signal: str, user: User, asset: Asset) -> None:
    buy(asset, user)

    def fail(**kwargs: object) -> None:
        raise RuntimeError("no mail")

    getattr(signals, signal).connect(fail)
    try:
        with pytest.raises(RuntimeError):
            getattr(services, verb)("shop", "7")
    finally:
        getattr(signals, signal).disconnect(fail)

    assert not is_revoked()
    assert not GrantEvent.objects.exclude(verb="granted").exists()


def test_a_purchase_is_revoked_by_one_update_of_any_number_of_grants(user: User, db: None) -> None:
    for number in range(5):
        asset = Asset.objects.create(title=f"{number}", slug=f"{number}", state="published")
        buy(asset, user)

    with CaptureQueriesContext(connection) as queries:
        assert len(services.revoke("shop", "7")) == 5

    updates = [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
    assert [sql for sql in updates if Purchase._meta.db_table in sql] == updates[-1:]
    assert len(queries) <= 9
