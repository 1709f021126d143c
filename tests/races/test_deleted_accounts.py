"""An account is deleted at the moment at which something is granted or given to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection

from cf_protected import services
from cf_protected.models import Asset, Grant, Mailbox, Purchase
from cf_protected.services.holders import Holder
from cf_protected.services.links import LinkKind, make_token, read_token
from tests.accounts.models import User
from tests.races.amid import delete_amid

pytestmark = pytest.mark.django_db(transaction=True)

#: What gives the account a grant of the purchase "shop", "1", which is "given" where it must be.
Verb = Callable[[User, Asset], Any]


def given() -> Any:
    return Grant.objects.filter(purchase__reference="1")


def confirm(user: User, asset: Asset) -> int | None:
    token = make_token(LinkKind.CLAIM, Mailbox.objects.get(), user=user)
    link = read_token(LinkKind.CLAIM, token)
    assert link is not None
    return services.claim_by_link(user, link)


VERBS: Final[dict[str, Verb]] = {
    "grant": lambda user, asset: services.grant(asset, user, source="shop", reference="1"),
    "grant_many": lambda user, asset: services.grant_many([(asset, Holder(user))]),
    "claim": lambda user, asset: services.claim(user, "ada@example.org"),
    "claim by a link": confirm,
    "transfer": lambda user, asset: services.transfer(given(), user, reason="A gift"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_account_deleted_while_it_gets_a_grant_leaves_that_without_a_holder(
    verb: str, user: User, asset: Asset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    prepare(verb, asset)

    assert delete_amid(user, partial(VERBS[verb], user, asset))

    assert not User.objects.filter(pk=user.pk).exists()
    grant = Grant.objects.get()
    assert (grant.user, grant.email, Holder.of(grant)) == (None, "", None)
    heir = User.objects.create_user("heir@example.com", "secret")
    assert services.transfer(Grant.objects.all(), heir, reason="The new account") == [grant]


@pytest.mark.parametrize("verb", ["grant", "claim"])
def test_a_repeated_webhook_for_a_deleted_account_gets_the_first_grant(
    verb: str, user: User, asset: Asset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks the whole database.")
    prepare(verb, asset)
    assert delete_amid(user, partial(VERBS[verb], user, asset))

    again = services.grant(asset, email="ada@example.org", source="shop", reference="1")

    assert again == Grant.objects.get()
    assert Purchase.objects.get().was_granted


def prepare(verb: str, asset: Asset) -> None:
    """Let a grant wait for the address, unless the verb makes one."""
    if not verb.startswith("grant"):
        services.grant(asset, email="ada@example.org", source="shop", reference="1")
        Mailbox.objects.get_or_create(email="ada@example.org")
