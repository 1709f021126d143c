"""User names and addresses are different spaces: what one means, the other never does."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from cf_protected.admin.people import find_named
from cf_protected.services import Holder
from tests.accounts.models import User

pytestmark = pytest.mark.django_db


def account(name: str) -> User:
    """Someone who signs in with ``name``, whatever it looks like."""
    return User.objects.create(email=name)


def test_a_user_name_is_an_account() -> None:
    ada = account("ada")

    assert [one.holder for one in find_named("ada\nada")] == [Holder(user=ada)] * 2


def test_an_address_that_a_stranger_took_as_a_user_name_is_an_address() -> None:
    account("ada@example.com")

    (found,) = find_named("ada@example.com")
    assert found.holder == Holder(email="ada@example.com")


@pytest.mark.parametrize("name", ["\u0131da", "Ida", "IDA", "ida ida", "idá"])
def test_a_name_that_only_resembles_one_is_nobodys(name: str) -> None:
    account("ida")

    with pytest.raises(ValidationError, match="is neither a user nor an e-mail address"):
        find_named(name)
