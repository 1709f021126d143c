"""Whatever happened before, forgetting one person changes nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, GrantEvent, Purchase, Use
from cf_protected.services import Forgotten
from tests.accounts.models import User

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ADA, BOB = "ada@example.org", "bob.ada@example.org"
MODELS: tuple[type[models.Model], ...] = (Grant, Purchase, GrantEvent, Use, Download)

holders = st.sampled_from(["ada", "bob", ADA, BOB])
people = st.sampled_from(["ada", "bob"])
numbers = st.integers(0, 3)
step = st.one_of(
    st.tuples(st.just("grant"), holders, numbers),
    st.tuples(st.just("transfer"), holders, numbers),
    st.tuples(st.sampled_from(["claim", "download", "use"]), people, numbers),
    st.tuples(st.sampled_from(["revoke", "refund", "restore", "extend", "more"]), people, numbers),
)


class Shop:
    """Does what a step says. Steps that make no sense then do nothing."""

    def __init__(self, asset: Asset, file: AssetFile, accounts: dict[str, User]) -> None:
        self.asset, self.file, self.accounts = asset, file, accounts

    def holder(self, name: str) -> dict[str, Any]:
        return {"email": name} if "@" in name else {"user": self.accounts[name]}

    def do(self, number: int, verb: str, name: str, which: int) -> None:
        # MariaDB takes no LIMIT in a sub-select.
        keys = [*Grant.objects.order_by("pk").values_list("pk", flat=True)[which : which + 1]]
        grants = Grant.objects.filter(pk__in=keys)
        reason = f"Asked: {BOB}, {ADA}"
        by = {"reason": reason, "actor": self.accounts["bob" if number % 2 else "ada"]}
        purchase = ("shop", str(which))
        if verb == "grant" and not Purchase.objects.filter(reference=str(which)).exists():
            line = {"source": "shop", "reference": str(which)} if which else {}
            services.grant(self.asset, **self.holder(name), **line, max_downloads=3, **by, now=NOW)
        elif verb == "transfer" and by["actor"] != self.holder(name).get("user"):
            services.transfer(grants, **self.holder(name), **by, now=NOW)
        elif verb == "claim":
            services.claim(self.accounts[name], {"ada": ADA, "bob": BOB}[name], now=NOW)
        elif verb == "download":
            self.log(name, grants.first())
        elif verb == "use":
            uses = {"user": self.accounts[name], "file": self.file}
            Use.objects.update_or_create(**uses, defaults={"count": number})
        elif verb == "extend":
            with suppress(Grant.DoesNotExist):  # not granted yet
                services.extend(*purchase, NOW + timedelta(days=number + 1), **by, now=NOW)
        elif verb == "more":
            services.allow_more(grants, 1, **by, now=NOW)
        elif verb in ("revoke", "refund", "restore"):
            getattr(services, verb)(*purchase, **by, now=NOW)

    def log(self, name: str, grant: Grant | None) -> None:
        account = self.accounts[name]
        is_theirs = grant is not None and grant.user == account
        Download.objects.create(
            asset=self.asset,
            user=account,
            grant=grant if is_theirs else None,
            asset_title="Ebook",
            ip_address="203.0.113.7",
            user_agent=name,
            outcome="issued",
            reason="granted",
        )


def rows() -> dict[tuple[str, Any], dict[str, Any]]:
    """Every row that is stored, by its table and key."""
    return {
        (model.__name__, row["id"]): row
        for model in MODELS
        for row in model._base_manager.order_by("pk").values()
    }


def names(row: dict[str, Any], ada: User, *, account: bool) -> set[str]:
    """The columns that name Ada: her address, and if she is forgotten whole her account."""
    return {
        column
        for column, value in row.items()
        if value == ADA or (account and column in USERS and value == ada.pk)
    }


USERS = {"user_id", "old_user_id", "new_user_id", "actor_id"}
GOES_WITH = {"ip_address", "user_agent", "revoked_at", "erased_at"}


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("account", [True, False], ids=["account and address", "address alone"])
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(history=st.lists(step, max_size=14))
def test_the_others_keep_everything(
    *,
    user: User,
    other_user: User,
    asset: Asset,
    file: AssetFile,
    account: bool,
    history: list[tuple[str, str, int]],
) -> None:
    with undone():
        shop = Shop(asset, file, {"ada": user, "bob": other_user})
        for number, (verb, name, which) in enumerate(history):
            shop.do(number, verb, name, which)
        before = rows()
        exports = [services.export_person(other_user), services.export_person(email=BOB)]
        who = {"user": user, "email": ADA} if account else {"email": ADA}

        services.forget_person(**who, now=NOW)

        after = rows()
        for key, old in before.items():
            check_row(key, old, after.get(key), user, account)
        for key in after.keys() - before.keys():
            assert key[0] == "GrantEvent"
            assert not names(after[key], user, account=account)
            assert after[key]["verb"] == "forgotten"
        assert exports == [services.export_person(other_user), services.export_person(email=BOB)]
        assert services.forget_person(**who, now=NOW) == Forgotten()


def check_row(
    key: tuple[str, Any],
    old: dict[str, Any],
    new: dict[str, Any] | None,
    ada: User,
    account: bool,
) -> None:
    theirs = names(old, ada, account=account)
    if new is None:
        assert key[0] == "Use"
        assert theirs
        return
    assert not names(new, ada, account=account), "the person is still named"
    for column, value in old.items():
        if column in ("reason", "revoked_reason"):
            assert new[column] == value.replace(f", {ADA}", ", [erased]")
        elif column not in theirs and not (theirs and column in GOES_WITH):
            assert new[column] == value, column
    if theirs and key[0] == "Grant":
        assert new["revoked_at"] is not None
    if theirs and key[0] == "Purchase":
        assert new["erased_at"] == NOW
