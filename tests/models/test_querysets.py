from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.person import Person
from tests.accounts.models import User
from tests.conftest import use_up

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

# Few different moments, so that they often fall together.
moments = st.sampled_from([-3600, -1, 0, 1, 3600]).map(lambda s: NOON + timedelta(seconds=s))
counts = st.integers(0, 3)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """Any grant that the database takes, without its asset and user."""
    starts_at = draw(moments)
    ends = draw(st.none() | st.sampled_from([1, 3600, 7200]))
    return Grant(
        starts_at=starts_at,
        expires_at=None if ends is None else starts_at + timedelta(seconds=ends),
        max_downloads=draw(st.none() | counts),
        downloads_used=draw(counts),
        revoked_at=draw(st.none() | moments),
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(made=st.lists(grants(), min_size=1, max_size=8))
def test_the_database_and_a_grant_in_memory_agree_on_its_state(
    user: User, asset: Asset, made: list[Grant]
) -> None:
    Grant.objects.all().delete()
    for grant in made:
        grant.user, grant.asset = user, asset
    Grant.objects.bulk_create(made)
    of_state = {
        Grant.State.ACTIVE: Grant.objects.active(NOON),
        Grant.State.NOT_STARTED: Grant.objects.not_started(NOON),
        Grant.State.EXPIRED: Grant.objects.expired(NOON),
        Grant.State.REVOKED: Grant.objects.revoked(),
        Grant.State.USED_UP: Grant.objects.used_up(NOON),
    }

    in_the_database = {grant.pk: state for state, found in of_state.items() for grant in found}

    in_memory = {grant.pk: grant.state_at(NOON) for grant in Grant.objects.all()}
    assert in_the_database == in_memory
    assert sum(found.count() for found in of_state.values()) == len(made)


def test_the_default_moment_is_now(grant: Grant) -> None:
    assert grant.state_at() is Grant.State.ACTIVE
    assert Grant.objects.active().get() == grant
    assert not Grant.objects.not_started().exists()
    assert not Grant.objects.expired().exists()
    assert not Grant.objects.used_up().exists()


def test_held_by_finds_their_grants_alone(grant: Grant, user: User, other_user: User) -> None:
    services.grant(grant.asset, other_user)

    assert Grant.objects.held_by(user).get() == grant


@pytest.mark.parametrize("stranger", [AnonymousUser(), Person(), User()])
def test_held_by_finds_nothing_for_strangers(asset: Asset, stranger: Person | User) -> None:
    services.grant(asset, email="ada@example.com")

    assert not Grant.objects.held_by(stranger).exists()
    assert not Asset.objects.held_by(stranger).exists()


def test_held_by_wants_a_person(db: None) -> None:
    for objects in (Grant.objects, Asset.objects):
        with pytest.raises(TypeError, match="NoneType is neither a person's nor a user's class"):
            objects.held_by(None)  # type: ignore[arg-type]


def test_for_asset_finds_its_grants_alone(grant: Grant, user: User) -> None:
    other = Asset.objects.create(title="Video", slug="video")
    services.grant(other, user)

    assert Grant.objects.held_by(user).for_asset(other).get().asset == other


def test_with_downloads_left(user: User, asset: Asset, grant: Grant) -> None:
    limited = services.grant(asset, user, max_downloads=2)
    use_up(services.grant(asset, user, max_downloads=1))
    services.revoke_grants(Grant.objects.filter(pk=services.grant(asset, user).pk))

    assert set(Grant.objects.with_downloads_left()) == {grant, limited}


def test_published_assets_are_those_on_sale(asset: Asset) -> None:
    Asset.objects.create(title="Soon", slug="soon")
    Asset.objects.create(title="Gone", slug="gone", state=Asset.State.ARCHIVED)

    assert Asset.objects.published().get() == asset


def test_held_assets_are_listed_once_whatever_the_grants_state(user: User, asset: Asset) -> None:
    services.grant(asset, user)
    services.grant(asset, user, starts_at=timezone.now() + timedelta(days=1))
    services.revoke_grants(Grant.objects.active())

    assert Asset.objects.held_by(user).get() == asset


def test_downloads_by_outcome(user: User, file: AssetFile) -> None:
    rows = [
        Download.objects.create(file=file, user=user, outcome=outcome, reason="granted")
        for outcome in (Download.Outcome.ISSUED, Download.Outcome.REFUSED)
    ]

    assert [Download.objects.issued().get(), Download.objects.refused().get()] == rows
