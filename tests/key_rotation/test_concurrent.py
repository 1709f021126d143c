"""Two runs at the same time: one wins, the other stops, and the end is clean."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.exceptions import AWSError, ConcurrentRotation, RotationError
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.state import StoredKey
from cf_protected.key_rotation.steps import AddToGroup, Done, MakePair, Promote, Step, Wait
from tests.key_rotation.cloud import GROUP, Cloud, carry_out_late
from tests.key_rotation.test_crashes import assert_clean, assert_signing_key_is_trusted
from tests.keys import public_pem


def test_two_runs_that_decide_the_same_at_each_step(cloud: Cloud, kind: str) -> None:
    goal = Goal(replace=cloud.create(kind))
    first, second = cloud.rotation(kind), cloud.rotation(kind)
    outcomes: dict[str, str] = {}
    step: Step = Wait(first.observe().now, "", MakePair.phase)
    while not isinstance(step, Done):
        step, late = first.next_step(goal), second.next_step(goal)
        if isinstance(step, Wait):
            cloud.sleep(max(0.0, step.until.timestamp() - cloud.now()))
            continue
        if isinstance(step, Done):
            continue
        assert carry_out_late(first, step) == "done"
        outcomes[type(step).__name__] = carry_out_late(second, late)
        assert_signing_key_is_trusted(cloud, kind)

    assert outcomes["AddToGroup"] == outcomes["RemoveFromGroup"] == "stopped"
    assert outcomes["Promote"] == "stopped"
    assert_clean(cloud, kind)


def test_a_pair_of_another_run_is_not_replaced_in_ssm(cloud: Cloud) -> None:
    store = cloud.store("ssm")
    store.make_pair(None)
    (before,) = store.read()[1]

    with pytest.raises(ConcurrentRotation):
        cloud.store("ssm").make_pair(None)

    assert store.read()[1] == (before,)


def test_two_pairs_made_at_once_become_one_key(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)
    for _ in range(2):
        assert carry_out_late(cloud.rotation(kind), MakePair(old)) in ("done", "stopped")

    cloud.run(cloud.rotation(kind), Goal(replace=old))

    assert assert_clean(cloud, kind) != old


def test_a_fresh_upload_of_another_run_is_no_leftover(cloud: Cloud, kind: str) -> None:
    """The other run stores its pair and uploads it between our two looks."""
    old = cloud.create(kind)
    goal = Goal(replace=old)
    rotation, other = cloud.rotation(kind), cloud.rotation(kind)
    read = rotation.store.read
    seen: list[str] = []

    def late_read() -> Any:
        if not seen:
            seen.extend(type(other.advance(goal)).__name__ for _ in range(2))
        return read()

    rotation.store.read = late_read  # type: ignore[method-assign]

    step = rotation.next_step(goal)

    assert seen == ["MakePair", "UploadPublicKey"]
    assert type(step).__name__ == "UploadPublicKey"
    rotation.advance(goal)
    assert len(cloud.public_keys()) == 2


def test_a_changed_group_stops_a_run(cloud: Cloud) -> None:
    old = cloud.create("ssm")
    rotation = cloud.rotation("ssm")
    group = rotation.observe().group
    assert group
    extra = cloud.add_key_by_hand(public_pem("rsa"))
    cloud.rotation("ssm").cloudfront.set_members(group, [old, extra])

    with pytest.raises(ConcurrentRotation, match="Another run changes the keys too"):
        rotation.carry_out(AddToGroup(group, extra))


def test_a_repeated_upload_finds_the_key_by_its_name(cloud: Cloud) -> None:
    """CloudFront answers 409, whatever the caller's reference."""
    keys = CloudFrontKeys(cloud.client("cloudfront"), GROUP)
    for _ in range(2):
        keys.create_public_key("shop-1", public_pem("p256"))

    assert [key["Name"] for key in cloud.public_keys()] == ["shop-1"]


def test_another_key_of_the_same_name_is_refused(cloud: Cloud) -> None:
    keys = CloudFrontKeys(cloud.client("cloudfront"), GROUP)
    keys.create_public_key("shop-1", public_pem("p256"))

    with pytest.raises(RotationError, match="another public key named shop-1"):
        keys.create_public_key("shop-1", public_pem("rsa"))


def test_a_key_that_is_gone_need_not_be_deleted(cloud: Cloud) -> None:
    keys = CloudFrontKeys(cloud.client("cloudfront"), GROUP)
    id_ = cloud.add_key_by_hand(public_pem("p256"))

    for _ in range(2):
        keys.delete_public_key(id_)

    assert cloud.public_keys() == []


def test_a_key_of_another_group_is_not_deleted(cloud: Cloud) -> None:
    keys = CloudFrontKeys(cloud.client("cloudfront"), GROUP)
    id_ = cloud.add_key_by_hand(public_pem("p256"))
    cloud.make_group([id_])

    with pytest.raises(AWSError, match=r"cloudfront:DeletePublicKey: PublicKeyInUse: "):
        keys.delete_public_key(id_)


def test_a_late_promotion_changes_nothing(cloud: Cloud, kind: str) -> None:
    """A run that slept through the next rotation must not bring its old key back."""
    first = cloud.create(kind)
    slow = cloud.rotation(kind)
    step: Any = None
    while not isinstance(step, Promote):
        step = slow.next_step(Goal(replace=first))
        if isinstance(step, Wait):
            cloud.sleep(step.until.timestamp() - cloud.now())
        elif not isinstance(step, Promote):
            slow.carry_out(step)
    cloud.run(cloud.rotation(kind), Goal(replace=first))
    second = assert_clean(cloud, kind)
    cloud.run(cloud.rotation(kind), Goal(replace=second))

    with pytest.raises(ConcurrentRotation):
        slow.carry_out(step)

    assert assert_clean(cloud, kind) not in (first, second)


def test_a_version_that_another_run_filled(cloud: Cloud) -> None:
    """Secrets Manager's token names one version, whose value never changes."""
    store = cloud.store("secretsmanager", token="t" * 32)
    store.make_pair(None)
    (pair,) = store.read()[1]
    store.record_id(pair, "K1")

    with pytest.raises(ConcurrentRotation, match="stored a key as this version"):
        store.record_id(pair, "K2")


def test_a_label_that_another_run_moves_at_the_same_moment(cloud: Cloud) -> None:
    cloud.create("secretsmanager")
    store = cloud.store("secretsmanager")
    store.make_pair("K1")
    pair = store.read()[1][0]
    cloud.client("secretsmanager").meta.events.register_first(
        "before-call.secretsmanager.UpdateSecretVersionStage",
        lambda **_: cloud.store("secretsmanager").make_pair("K1"),
    )

    with pytest.raises(ConcurrentRotation, match="moved the label CFPROTECTED_PAIR"):
        store.forget(pair)


def test_a_pair_that_is_gone_is_another_runs_doing(cloud: Cloud) -> None:
    cloud.create("secretsmanager")
    gone = StoredKey("0" * 32, "public")

    with pytest.raises(ConcurrentRotation, match="is gone"):
        cloud.store("secretsmanager").record_id(gone, "K1")
