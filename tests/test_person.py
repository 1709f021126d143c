"""Who may pass for a person: accounts, and nothing that only looks like one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject
from rest_framework_simplejwt.models import TokenUser
from rest_framework_simplejwt.tokens import AccessToken

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant
from cf_protected.person import Person
from tests.accounts.models import APIKey, User


def test_an_account_is_a_person(user: User) -> None:
    person = Person.of(user)

    assert (person.account, person.account_id, person.is_known) == (user, user.pk, True)
    assert Person.of(person) is person


def test_an_anonymous_user_is_a_stranger() -> None:
    assert Person.of(AnonymousUser()) == Person()
    assert not Person().is_known


def test_a_lazy_user_is_what_it_stands_for(user: User) -> None:
    assert Person.of(SimpleLazyObject(lambda: user)).account == user
    assert Person.of(SimpleLazyObject(AnonymousUser)) == Person()


def lookalikes(user: User) -> list[object]:
    token = AccessToken.for_user(user)
    return [
        TokenUser(token),  # whose account may be deactivated meanwhile
        SimpleNamespace(pk=user.pk, is_authenticated=True, is_active=True),
        APIKey(pk=user.pk),
        None,
    ]


@pytest.mark.usefixtures("grant")
def test_what_only_looks_like_an_account_gets_nothing(user: User, file: AssetFile) -> None:
    for lookalike in lookalikes(user):
        with pytest.raises(TypeError):
            services.issue_url(lookalike, file)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Grant.objects.held_by(lookalike)  # type: ignore[arg-type]
        if lookalike is not None:
            with pytest.raises(TypeError):
                Person(lookalike)  # type: ignore[arg-type]
    assert not Download.objects.exists()
