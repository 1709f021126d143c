"""The process ends after any call, and the next run finishes what it began."""

from __future__ import annotations

from contextlib import suppress

import pytest

from cf_protected.key_rotation.rules import Goal
from tests.key_rotation.cloud import STORES, Cloud, Crash

pytestmark = pytest.mark.slow


def assert_clean(cloud: Cloud, kind: str) -> str:
    """One key, which signs and is trusted, and nothing besides it."""
    state = cloud.rotation(kind).observe()
    assert state.current_id
    assert [key["Id"] for key in cloud.public_keys()] == [state.current_id]
    assert cloud.members() == [state.current_id]
    assert state.others == ()
    if kind == "kms":
        kms = cloud.client("kms", watched=False)
        keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
        enabled = [key for key in keys if key["KeyMetadata"]["KeyState"] == "Enabled"]
        assert len(enabled) == 1
    return state.current_id


def assert_signing_key_is_trusted(cloud: Cloud, kind: str) -> None:
    state = cloud.rotation(kind).observe()
    assert state.current_id is None or state.current_id in cloud.members()
    assert len(cloud.public_keys()) <= 10
    assert len(cloud.members()) <= 5


@pytest.mark.parametrize("kind", STORES)
def test_a_crash_after_every_write(cloud: Cloud, kind: str) -> None:
    """Reads change nothing, so a crash after one is the same as after the write before it."""
    writes = 0
    is_over = False
    old = cloud.create(kind)
    while not is_over:
        writes += 1
        goal = Goal(replace=old)
        with cloud.crashing(lambda cloud, n=writes: len(cloud.writes) >= n):  # type: ignore[misc]
            try:
                cloud.run(cloud.rotation(kind), goal)
                is_over = True
            except Crash:
                assert_signing_key_is_trusted(cloud, kind)
        cloud.run(cloud.rotation(kind), goal)
        assert assert_clean(cloud, kind) != old
        old = assert_clean(cloud, kind)
    assert writes > 8


@pytest.mark.parametrize("kind", STORES)
def test_a_crash_after_every_call_of_the_first_key(cloud: Cloud, kind: str) -> None:
    """Each run gets one call further than the one before, through all that was begun."""
    calls = 0
    while True:
        calls += 1
        with cloud.crashing(lambda cloud, n=calls: len(cloud.calls) >= n), suppress(Crash):  # type: ignore[misc]
            cloud.run(cloud.rotation(kind), Goal(create=True))
            break
        assert_signing_key_is_trusted(cloud, kind)
    assert_clean(cloud, kind)
    assert calls > 10


@pytest.mark.parametrize("kind", STORES)
def test_a_crash_after_every_call_of_a_rotation(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)
    calls = 0
    while True:
        calls += 1
        with cloud.crashing(lambda cloud, n=calls: len(cloud.calls) >= n), suppress(Crash):  # type: ignore[misc]
            cloud.run(cloud.rotation(kind), Goal(replace=old))
            break
        assert_signing_key_is_trusted(cloud, kind)
    assert assert_clean(cloud, kind) != old
