"""The Lambda function: Secrets Manager's steps in order, repeated and out of order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.lambda_handler import Environment, Handler
from tests.key_rotation.cloud import GROUP, NAMES, OVERLAP, Cloud, Crash
from tests.key_rotation.test_crashes import assert_clean
from tests.keys import public_pem

SECRET = NAMES["secretsmanager"]
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


class Context:
    def __init__(self, seconds: float = 900) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


@pytest.fixture
def handler(cloud: Cloud) -> Handler:
    cloud.client("secretsmanager", watched=False).create_secret(Name=SECRET)
    settings = Environment(secret_id=SECRET, key_group=GROUP, overlap=OVERLAP)
    return Handler(settings=settings, clients=cloud.client, clock=cloud.now, sleep=cloud.sleep)


def call(handler: Handler, **event: Any) -> dict[str, Any]:
    return handler(event, Context())


def rotate(handler: Handler, token: str, *steps: str) -> None:
    for step in steps or STEPS:
        call(handler, Step=step, SecretId=SECRET, ClientRequestToken=token)


@pytest.fixture
def first(handler: Handler) -> str:
    """The ID of the first key."""
    return str(call(handler, action="bootstrap")["key_pair_id"])


def stages(cloud: Cloud) -> dict[str, list[str]]:
    """The labels of each version that has some."""
    client = cloud.client("secretsmanager", watched=False)
    found = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    return {version: labels for version, labels in found.items() if labels}


def test_bootstrap_answers_with_public_things_only(cloud: Cloud, handler: Handler) -> None:
    answer = call(handler, action="bootstrap")

    (key,) = cloud.public_keys()
    group = cloud.rotation("secretsmanager").observe().group
    assert group
    assert answer == {
        "key_pair_id": key["Id"],
        "key_group_id": group.id,
        "key_group_name": GROUP,
        "public_key": key["EncodedKey"],
    }
    assert cloud.source("secretsmanager").get_signing_key().key_pair_id == key["Id"]


def test_bootstrap_again_changes_nothing(cloud: Cloud, handler: Handler) -> None:
    answer = call(handler, action="bootstrap")
    cloud.calls.clear()

    assert call(handler, action="bootstrap") == answer
    assert cloud.writes == []


def test_bootstrap_goes_on_after_a_crash_at_any_call(cloud: Cloud, handler: Handler) -> None:
    calls = 0
    answer: dict[str, Any] = {}
    while not answer:
        calls += 1
        with cloud.crashing(lambda cloud, n=calls: len(cloud.calls) >= n):  # type: ignore[misc]
            try:
                answer = call(handler, action="bootstrap")
            except Crash:
                continue

    assert assert_clean(cloud, "secretsmanager") == answer["key_pair_id"]


def test_a_key_made_by_hand_is_kept_and_trusted(cloud: Cloud, handler: Handler) -> None:
    first = call(handler, action="bootstrap")
    cloudfront = cloud.client("cloudfront", watched=False)
    etag = cloudfront.get_key_group(Id=first["key_group_id"])["ETag"]
    cloudfront.delete_key_group(Id=first["key_group_id"], IfMatch=etag)

    assert call(handler, action="bootstrap")["key_pair_id"] == first["key_pair_id"]
    assert cloud.members() == [first["key_pair_id"]]


@pytest.mark.parametrize(
    "steps", [STEPS, ["create_secret", "set_secret", "test_secret", "finish_secret"]]
)
def test_four_steps_make_the_announced_version_current(
    cloud: Cloud, handler: Handler, first: str, steps: list[str]
) -> None:
    token = str(uuid4())

    rotate(handler, token, *steps)

    key = cloud.source("secretsmanager").get_signing_key()
    assert key.key_pair_id != first
    assert set(cloud.members()) == {first, key.key_pair_id}
    labels = stages(cloud)
    assert labels.pop(token) == ["AWSCURRENT"]
    assert list(labels.values()) == [["AWSPREVIOUS"]]


def test_finish_secret_asks_the_canary_again(cloud: Cloud, handler: Handler, first: str) -> None:
    """Each invocation starts anew, and knows nothing of what testSecret found."""

    def verifier() -> CloudFrontVerifier:
        return CloudFrontVerifier({key["Id"]: key["EncodedKey"] for key in cloud.public_keys()})

    storage = InMemoryStorage()
    storage.save("canary", ContentFile(b"tweet"))
    with running(Edge(storage=storage, verifier=verifier, now=cloud.now)) as edge:
        settings = replace(handler.settings, canary_url=f"http://127.0.0.1:{edge.port}/canary")
        rotate(replace(handler, settings=settings), str(uuid4()))

    assert cloud.source("secretsmanager").get_signing_key().key_pair_id != first


def test_each_step_may_be_repeated(cloud: Cloud, handler: Handler, first: str) -> None:
    token = str(uuid4())

    rotate(handler, token, *(step for step in STEPS for _ in range(2)), *STEPS)

    assert token in stages(cloud)
    assert len(cloud.members()) == 2


def test_every_step_goes_on_after_a_crash_at_any_call(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    token = str(uuid4())
    for step in STEPS:
        calls, is_over = 0, False
        while not is_over:
            calls += 1
            with cloud.crashing(lambda cloud, n=calls: len(cloud.calls) >= n):  # type: ignore[misc]
                try:
                    rotate(handler, token, step)
                    is_over = True
                except Crash:
                    continue

    assert "AWSCURRENT" in stages(cloud)[token]
    cloud.sleep(OVERLAP.total_seconds())
    assert call(handler, action="tidy") == {"next": "Done"}
    assert assert_clean(cloud, "secretsmanager") != first


@pytest.mark.parametrize("step", ["setSecret", "finishSecret"])
def test_a_step_out_of_order_does_nothing(
    cloud: Cloud, handler: Handler, first: str, step: str
) -> None:
    cloud.calls.clear()

    with pytest.raises(RotationError, match="isn't where this step begins"):
        rotate(handler, str(uuid4()), step)

    assert cloud.writes == []


@pytest.mark.parametrize("step", ["testSecret", "finishSecret"])
def test_a_step_that_skips_one_does_nothing(
    cloud: Cloud, handler: Handler, first: str, step: str
) -> None:
    token = str(uuid4())
    rotate(handler, token, "createSecret")
    cloud.calls.clear()

    with pytest.raises(RotationError, match="AddToGroup comes first"):
        rotate(handler, token, step)

    assert cloud.writes == []


def test_the_version_that_a_rotation_announces_is_empty_at_first(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    """As Secrets Manager does: AWSPENDING is there before createSecret, without a value."""
    client, token = cloud.client("secretsmanager", watched=False), str(uuid4())
    client.put_secret_value(
        SecretId=SECRET, ClientRequestToken=token, SecretBinary=b"", VersionStages=["AWSPENDING"]
    )

    rotate(handler, token)

    assert stages(cloud)[token] == ["AWSCURRENT"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_test_of_the_configuration_changes_nothing(
    cloud: Cloud, handler: Handler, first: str, is_empty: bool
) -> None:
    """``RotateImmediately=False``: Secrets Manager calls testSecret alone, for a version that it
    makes and removes. AWS doesn't say what is in it: nothing, or a copy of the key that signs.
    """
    client, token = cloud.client("secretsmanager", watched=False), str(uuid4())
    value = (
        {"SecretBinary": b""}
        if is_empty
        else {"SecretString": client.get_secret_value(SecretId=SECRET)["SecretString"]}
    )
    client.put_secret_value(
        SecretId=SECRET, ClientRequestToken=token, VersionStages=["AWSPENDING"], **value
    )
    cloud.calls.clear()

    rotate(handler, token, "testSecret")

    assert cloud.writes == []
    with pytest.raises(RotationError, match="isn't where this step begins"):
        rotate(handler, token, "finishSecret")
    assert cloud.source("secretsmanager").get_signing_key().key_pair_id == first


def test_a_test_of_a_configuration_that_is_wrong_fails(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    absent = replace(handler, settings=replace(handler.settings, key_group="none"))

    with pytest.raises(RotationError, match="has no key group 'none'"):
        rotate(absent, str(uuid4()), "testSecret")


def test_the_test_waits_for_the_edges(cloud: Cloud, handler: Handler, first: str) -> None:
    token = str(uuid4())
    rotate(handler, token, "createSecret", "setSecret")
    began = cloud.now()

    rotate(handler, token, "testSecret")

    assert cloud.now() - began >= 290


def test_a_test_that_takes_too_long_is_left_for_the_next_try(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    token = str(uuid4())
    rotate(handler, token, "createSecret", "setSecret")
    event = {"Step": "testSecret", "SecretId": SECRET, "ClientRequestToken": token}

    with pytest.raises(RotationError, match="Not tested yet: the key group's change is on its"):
        handler(event, Context(seconds=60))

    cloud.sleep(300)
    handler(event, Context(seconds=60))
    rotate(handler, token, "finishSecret")
    assert token in stages(cloud)


def test_tidying_waits_for_the_overlap(cloud: Cloud, handler: Handler, first: str) -> None:
    rotate(handler, str(uuid4()))

    answer = call(handler, action="tidy")

    assert answer["next"] == "Wait"
    assert answer["why"] == f"URLs signed with {first} may still be valid"
    assert first in cloud.members()

    cloud.sleep(OVERLAP.total_seconds())
    assert call(handler, action="tidy") == {"next": "Done"}
    assert assert_clean(cloud, "secretsmanager") != first


def test_tidying_fails_while_the_key_is_older_than_rotations_allow(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    """The alarm watches the function's errors, so it also tells of rotations that never begin."""
    handler = replace(handler, settings=replace(handler.settings, max_age=timedelta(days=92)))
    cloud.sleep(91 * 86400)
    assert call(handler, action="tidy") == {"next": "Done"}

    cloud.sleep(2 * 86400)
    with pytest.raises(RotationError, match=f"The signing key {first} is 93 days old"):
        call(handler, action="tidy")

    handler = replace(handler, settings=replace(handler.settings, max_age=timedelta(days=94)))
    rotate(handler, str(uuid4()))
    assert call(handler, action="tidy")["next"] == "Wait"


def test_a_key_that_is_too_old_is_tidied_first(cloud: Cloud, handler: Handler, first: str) -> None:
    rotate(handler, str(uuid4()))
    cloud.sleep(93 * 86400)
    handler = replace(handler, settings=replace(handler.settings, max_age=timedelta(days=92)))

    with pytest.raises(RotationError, match="is 93 days old"):
        call(handler, action="tidy")

    assert first not in [key["Id"] for key in cloud.public_keys()]


def test_tidying_never_goes_on_with_a_rotation(cloud: Cloud, handler: Handler, first: str) -> None:
    rotate(handler, str(uuid4()), "createSecret")
    cloud.calls.clear()

    assert call(handler, action="tidy") == {"next": "AddToGroup"}
    assert cloud.writes == []


def test_a_full_account_fails_before_anything_is_made(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    for number in range(9):
        cloud.add_key_by_hand(public_pem("rsa"), name=f"by hand {number}")
    cloud.calls.clear()

    with pytest.raises(RotationError, match="which is the quota"):
        rotate(handler, str(uuid4()), "createSecret")

    assert cloud.writes == []


def test_teardown_deletes_what_was_made_here(cloud: Cloud, handler: Handler, first: str) -> None:
    foreign = cloud.add_key_by_hand(public_pem("rsa"))
    group = cloud.rotation("secretsmanager").observe().group
    assert group

    assert call(handler, action="teardown") == {"deleted": [group.id, first]}
    assert [key["Id"] for key in cloud.public_keys()] == [foreign]
    assert call(handler, action="teardown") == {"deleted": []}


def test_terraform_deletes_what_it_invoked(cloud: Cloud, handler: Handler, first: str) -> None:
    call(handler, action="bootstrap", tf={"action": "delete", "prev_input": None})

    assert cloud.public_keys() == []


def test_a_custom_resource_of_cloudformation(cloud: Cloud, handler: Handler) -> None:
    created = call(handler, RequestType="Create", ResourceProperties={})
    id_ = created["PhysicalResourceId"]

    assert created["Data"]["key_group_id"] == id_
    assert call(handler, RequestType="Update", PhysicalResourceId=id_) == created
    deleted = call(handler, RequestType="Delete", PhysicalResourceId=id_)
    assert deleted["PhysicalResourceId"] == id_
    assert cloud.public_keys() == []


@pytest.mark.parametrize(
    "event", [{}, {"action": "dance"}, {"Step": "dance", "ClientRequestToken": "1"}]
)
def test_unknown_events(handler: Handler, event: dict[str, str]) -> None:
    with pytest.raises(RotationError, match="event"):
        call(handler, **event)


def test_a_missing_group_fails_before_anything_is_made(
    cloud: Cloud, handler: Handler, first: str
) -> None:
    absent = replace(handler, settings=replace(handler.settings, key_group="none"))
    cloud.calls.clear()

    with pytest.raises(RotationError, match="has no key group 'none'"):
        rotate(absent, str(uuid4()), "createSecret")

    assert cloud.writes == []


def test_settings_from_the_environment() -> None:
    environment = {
        "CF_SECRET_ID": "shop",
        "CF_KEY_GROUP": "group",
        "CF_KEY_TYPE": "RSA-2048",
        "CF_OVERLAP_SECONDS": "7200",
        "CF_SETTLE_SECONDS": "10",
        "CF_CANARY_URL": "https://downloads.example.com/canary",
        "CF_MAX_AGE_SECONDS": "7948800",
        "CF_DISTRIBUTION_IDS": "E1, E2",
    }

    assert Environment.read(environment) == Environment(
        secret_id="shop",
        key_group="group",
        key_type="RSA-2048",
        overlap=timedelta(hours=2),
        settle=timedelta(seconds=10),
        canary_url="https://downloads.example.com/canary",
        max_age=timedelta(days=92),
        distribution_ids=("E1", "E2"),
    )
    short = {"CF_SECRET_ID": "shop", "CF_KEY_GROUP": "group", "CF_KEY_TYPE": ""}
    assert Environment.read(short) == Environment(secret_id="shop", key_group="group")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CF_SECRET_ID", ""),
        ("CF_KEY_TYPE", "P-384"),
        ("CF_OVERLAP_SECONDS", "a day"),
        ("CF_MAX_AGE_SECONDS", "a year"),
        ("CF_CANARY_URL", "http://downloads.example.com/canary"),
        ("CF_CANARY_URL", "downloads.example.com/canary"),
    ],
)
def test_wrong_settings(name: str, value: str) -> None:
    environment = {"CF_SECRET_ID": "shop", "CF_KEY_GROUP": "group", name: value}

    with pytest.raises(RotationError, match=name):
        Environment.read(environment)
