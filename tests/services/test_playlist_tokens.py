"""What stands in for a session where a player sends no cookies."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import AssetFile, Grant
from cf_protected.person import Person
from cf_protected.reasons import Reason
from tests.accounts.models import User


def later() -> datetime:
    return timezone.now() + timedelta(hours=1)


def test_a_token_is_issued_to_a_person_who_may_have_the_folder(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    now = timezone.now()

    issued = services.issue_playlist_token(user, stream, now=now)

    assert services.read_playlist_token(issued.token, stream, now=now) == Person.of(user)
    assert issued.expires_at == now + timedelta(minutes=15)


def test_a_token_is_refused_to_others(user: User, stream: AssetFile) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_playlist_token(user, stream)

    assert refusal.value.decision.reason == Reason.NO_GRANT


def test_a_token_is_refused_before_the_release(user: User, grant: Grant, stream: AssetFile) -> None:
    stream.asset.available_from = timezone.now() + timedelta(hours=1)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_playlist_token(user, stream)

    assert refusal.value.decision.reason == Reason.NOT_RELEASED


def test_a_token_is_its_users_until_it_ends(user: User, stream: AssetFile) -> None:
    ends = timezone.now() + timedelta(hours=1)
    token = services.make_playlist_token(user, stream, expires_at=ends)

    just_before = ends - timedelta(seconds=1)
    assert services.read_playlist_token(token, stream, now=just_before) == Person.of(user)
    assert services.read_playlist_token(token, stream, now=ends) is None


def test_a_token_of_nobody_is_nobodys(db: None, stream: AssetFile) -> None:
    token = services.make_playlist_token(AnonymousUser(), stream, expires_at=later())

    assert services.read_playlist_token(token, stream) == Person()


def test_a_token_ends_with_its_users_account(user: User, stream: AssetFile) -> None:
    """As a session does, whatever a project's own authoriser looks at."""
    token = services.make_playlist_token(user, stream, expires_at=later())
    User.objects.update(is_active=False)

    assert services.read_playlist_token(token, stream) is None
