"""What a rotation leaves alone, and what it refuses to do."""

from __future__ import annotations

import json

import pytest

from cf_protected.exceptions import UnusableKey
from cf_protected.key_rotation.record import Record
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.steps import Done, MakePair, Refuse
from tests.key_rotation.cloud import NAMES, Cloud
from tests.key_rotation.test_aws import assert_no_key_in
from tests.key_rotation.test_crashes import assert_clean
from tests.keys import private_pem, public_pem


def refusal(cloud: Cloud, goal: Goal, kind: str = "ssm") -> str:
    step = cloud.run(cloud.rotation(kind), goal)[-1]
    assert isinstance(step, Refuse), step
    return step.reason


def store_by_hand(cloud: Cloud, kind: str, value: str) -> None:
    client = cloud.client(kind, watched=False)
    if kind == "ssm":
        client.put_parameter(Name=NAMES[kind], Value=value, Type="SecureString")
    else:
        client.create_secret(Name=NAMES[kind], SecretString=value)


def fill_account(cloud: Cloud, count: int) -> list[str]:
    pem = public_pem("rsa")
    return [cloud.add_key_by_hand(pem, name=f"by hand {n}") for n in range(count)]


def test_without_a_key_there_is_nothing_to_rotate(cloud: Cloud) -> None:
    cloud.make_group(fill_account(cloud, 1))

    assert "There is no signing key yet. Make it: manage.py cf_create_key" in refusal(
        cloud, Goal(replace="K1")
    )


def test_a_missing_group_is_not_made_by_a_rotation(cloud: Cloud) -> None:
    assert refusal(cloud, Goal()).startswith("CloudFront has no key group 'shop'")
    assert cloud.writes == []


def test_a_full_account_is_refused_before_anything_is_made(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)
    fill_account(cloud, 9)
    cloud.calls.clear()

    assert "holds 10 public keys, which is the quota" in refusal(cloud, Goal(replace=old), kind)
    assert cloud.writes == []


def test_a_full_group_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    old = cloud.create("ssm")
    others = fill_account(cloud, 4)
    rotation = cloud.rotation("ssm")
    group = rotation.observe().group
    assert group
    rotation.cloudfront.set_members(group, [old, *others])
    cloud.calls.clear()

    assert "The key group has 5 keys, which is its quota" in refusal(cloud, Goal(replace=old))
    assert cloud.writes == []


def test_a_key_that_was_uploaded_for_nothing_makes_room(cloud: Cloud) -> None:
    old = cloud.create("ssm")
    rotation = cloud.rotation("ssm")
    for _ in range(2):
        rotation.advance(Goal(replace=old))
    cloud.client("ssm", watched=False).delete_parameter(Name=f"{NAMES['ssm']}.pending")
    fill_account(cloud, 8)

    assert cloud.run(cloud.rotation("ssm"), Goal(replace=old))[-1] == Done()
    assert len(cloud.public_keys()) == 9


def test_keys_of_others_in_the_group_stay(cloud: Cloud) -> None:
    old = cloud.create("ssm")
    rotation = cloud.rotation("ssm")
    group = rotation.observe().group
    assert group
    (foreign,) = fill_account(cloud, 1)
    rotation.cloudfront.set_members(group, [foreign, old])

    cloud.run(rotation, Goal(replace=old))

    assert cloud.members() == [foreign, rotation.observe().current_id]


@pytest.mark.parametrize("kind", ["ssm", "secretsmanager"])
@pytest.mark.parametrize("with_id", [True, False])
def test_a_key_made_by_hand_is_replaced_and_its_public_key_kept(
    cloud: Cloud, kind: str, with_id: bool
) -> None:
    old = cloud.add_key_by_hand(public_pem("p256"))
    cloud.make_group([old])
    pem = private_pem("p256")
    value = json.dumps({"key_pair_id": old, "private_key": pem}) if with_id else pem
    store_by_hand(cloud, kind, value)
    rotation = cloud.rotation(kind)
    assert rotation.observe().current_id == old

    cloud.run(rotation, Goal(replace=old))

    new = rotation.observe().current_id
    assert cloud.members() == [new]
    assert [key["Id"] for key in cloud.public_keys()] == [old, new]


def test_a_kms_key_made_by_hand_is_replaced(cloud: Cloud) -> None:
    kms = cloud.client("kms", watched=False)
    made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=NAMES["kms"], TargetKeyId=made)
    store = cloud.store("kms")
    current, _ = store.read()
    assert current
    old = cloud.add_key_by_hand(current.public_key)
    cloud.make_group([old])

    cloud.run(cloud.rotation("kms"), Goal(replace=old))

    assert cloud.source("kms").get_signing_key().key_pair_id == cloud.members()[0] != old
    assert kms.describe_key(KeyId=made)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_signing_key_that_was_taken_out_is_trusted_again(cloud: Cloud) -> None:
    old = cloud.create("ssm")
    (foreign,) = fill_account(cloud, 1)
    rotation = cloud.rotation("ssm")
    group = rotation.observe().group
    assert group
    rotation.cloudfront.set_members(group, [foreign])

    cloud.run(rotation, Goal())

    assert cloud.members() == [foreign, old]


def test_a_secret_of_another_account_is_refused(cloud: Cloud) -> None:
    store_by_hand(cloud, "ssm", private_pem("p256"))
    cloud.make_group(fill_account(cloud, 1))

    assert "a key that CloudFront doesn't have" in refusal(cloud, Goal(create=True))


def test_a_leaked_key_goes_without_the_overlap(cloud: Cloud, kind: str) -> None:
    leaked = cloud.create(kind)
    began = cloud.now()

    cloud.run(cloud.rotation(kind), Goal(replace=leaked, distrusted=frozenset({leaked})))

    assert assert_clean(cloud, kind) != leaked
    assert cloud.now() - began < 3600


def test_a_leaked_key_that_was_replaced_already_goes_at_once(cloud: Cloud) -> None:
    leaked = cloud.create("ssm")
    rotation = cloud.rotation("ssm")
    while len(cloud.members()) < 2 or rotation.observe().others:
        step = rotation.advance(Goal(replace=leaked))
        if until := getattr(step, "until", None):
            cloud.sleep(until.timestamp() - cloud.now())
    signing = rotation.observe().current_id

    cloud.run(rotation, Goal(replace=leaked, distrusted=frozenset({leaked})))

    assert cloud.members() == [signing]


@pytest.mark.parametrize("value", ["[]", "{}", '{"private_key": 1}', "no key"])
def test_what_is_no_key_is_said_without_it(cloud: Cloud, value: str) -> None:
    store_by_hand(cloud, "ssm", value)

    with pytest.raises(UnusableKey, match="Parameter '/shop/key': "):
        cloud.store("ssm").read()


def test_a_broken_key_is_not_shown(cloud: Cloud) -> None:
    pem = private_pem("rsa")
    cut = "\n".join(pem.splitlines()[:8] + pem.splitlines()[14:])
    store_by_hand(cloud, "ssm", json.dumps({"key_pair_id": "K1", "private_key": cut}))

    with pytest.raises(UnusableKey) as error:
        cloud.store("ssm").read()

    assert_no_key_in(error.value, pem)


def test_records_hide_their_key() -> None:
    pem = private_pem("p256")

    assert repr(Record(pem, "K1", None, "secret")) == "Record(key_pair_id='K1', replaces=None)"


def test_a_pair_is_made_for_one_key_only(cloud: Cloud) -> None:
    """A pair that was to replace another key than the one that signs is dropped."""
    old = cloud.create("ssm")
    cloud.rotation("ssm").carry_out(MakePair("KOTHER"))

    cloud.run(cloud.rotation("ssm"), Goal())

    assert assert_clean(cloud, "ssm") == old
