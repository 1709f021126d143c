"""Whole rotations in each store, judged by OpenSSL and by CloudFront's own verifier."""

from __future__ import annotations

import logging
import subprocess
from typing import Any

import pytest

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import InvalidKey
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.steps import Done, Wait
from tests.key_rotation.cloud import NAMES, OVERLAP, Cloud, goal_to_replace

URL = "https://downloads.example.com/a.pdf"
ORDER = ["MakePair", "UploadPublicKey", "RecordID", "AddToGroup", "Wait", "Promote", "NoteSigning"]
FOREVER = 4_000_000_000


def signed_by_the_app(cloud: Cloud, kind: str) -> str:
    signer = CloudFrontSigner(cloud.source(kind).get_signing_key())
    return signer.sign_url(URL, date_less_than=FOREVER)


def edge(cloud: Cloud) -> CloudFrontVerifier:
    """What the key group trusts now."""
    keys = {item["Id"]: item["EncodedKey"] for item in cloud.public_keys()}
    return CloudFrontVerifier({id_: keys[id_] for id_ in cloud.members()})


def test_the_first_key(cloud: Cloud, kind: str) -> None:
    key_pair_id = cloud.create(kind)

    assert cloud.members() == [key_pair_id]
    edge(cloud).verify(signed_by_the_app(cloud, kind))


def test_the_first_key_is_made_once(cloud: Cloud, kind: str) -> None:
    cloud.create(kind)
    cloud.calls.clear()

    assert cloud.run(cloud.rotation(kind), Goal(create=True)) == [Done()]
    assert cloud.writes == []


def test_the_order(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)

    steps = [type(step).__name__ for step in cloud.run(cloud.rotation(kind), Goal(replace=old))]

    assert steps[: len(ORDER)] == ORDER
    rest = [step for step in steps[len(ORDER) :] if step != "Forget"]
    assert rest == ["Wait", "RemoveFromGroup", "DeletePublicKey", "Done"]


def test_old_and_new_urls_work_until_the_overlap_is_over(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)
    url = signed_by_the_app(cloud, kind)
    rotation = cloud.rotation(kind)
    step: Any = None
    while not (isinstance(step, Wait) and step.until.timestamp() > cloud.now() + 3600):
        step = rotation.advance(Goal(replace=old))
        edge(cloud).verify(url)
        edge(cloud).verify(signed_by_the_app(cloud, kind))
        if isinstance(step, Wait) and step.until.timestamp() < cloud.now() + 3600:
            cloud.sleep(step.until.timestamp() - cloud.now())
    cloud.sleep(OVERLAP.total_seconds())

    cloud.run(rotation, Goal(replace=old))

    with pytest.raises(InvalidKey):
        edge(cloud).verify(url)
    edge(cloud).verify(signed_by_the_app(cloud, kind))


def test_three_rotations_leave_one_key(cloud: Cloud, kind: str) -> None:
    cloud.create(kind)
    for _ in range(3):
        rotation = cloud.rotation(kind)
        cloud.run(rotation, goal_to_replace(rotation.observe()))

    state = cloud.rotation(kind).observe()
    assert [key["Id"] for key in cloud.public_keys()] == cloud.members() == [state.current_id]
    assert state.others == ()


def test_kms_keys_that_are_done_with_go(cloud: Cloud) -> None:
    old = cloud.create("kms")
    cloud.run(cloud.rotation("kms"), Goal(replace=old))

    kms = cloud.client("kms", watched=False)
    keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
    states = sorted(key["KeyMetadata"]["KeyState"] for key in keys)
    assert states == ["Enabled", "PendingDeletion"]


@pytest.mark.parametrize(
    ("key_type", "seen"), [("P-256", b"Public-Key: (256 bit)"), ("RSA-2048", b"(2048 bit)")]
)
def test_openssl_reads_the_uploaded_key(
    cloud: Cloud, kind: str, key_type: KeyType, seen: bytes
) -> None:
    cloud.create(kind, key_type=key_type)

    (key,) = cloud.public_keys()
    shown = subprocess.run(
        ["openssl", "pkey", "-pubin", "-noout", "-text"],
        input=key["EncodedKey"].encode(),
        capture_output=True,
        check=True,
    )
    assert seen in shown.stdout


def test_the_apps_running_source_takes_the_new_key_over(cloud: Cloud, kind: str) -> None:
    old = cloud.create(kind)
    source = cloud.source(kind)
    assert source.get_signing_key().key_pair_id == old

    rotation = cloud.rotation(kind)
    cloud.run(rotation, Goal(replace=old))

    key = source.get_signing_key()
    assert key.key_pair_id == rotation.observe().current_id != old
    signed = CloudFrontSigner(key).sign_url(URL, date_less_than=FOREVER)
    edge(cloud).verify(signed)


def test_a_label_may_name_the_parameters_version(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "ssm", "/shop/key:live")
    old = cloud.create("ssm")

    rotation = cloud.rotation("ssm")
    cloud.run(rotation, Goal(replace=old))

    assert cloud.source("ssm").get_signing_key().key_pair_id == rotation.observe().current_id
    history = cloud.client("ssm", watched=False).get_parameter_history(Name="/shop/key")
    assert [version["Labels"] for version in history["Parameters"]] == [[], ["live"]]


def test_an_own_encryption_key_is_kept(cloud: Cloud) -> None:
    ssm = cloud.client("ssm", watched=False)
    old = cloud.create("ssm")
    value = ssm.get_parameter(Name=NAMES["ssm"], WithDecryption=True)["Parameter"]["Value"]
    ssm.put_parameter(
        Name=NAMES["ssm"], Value=value, Type="SecureString", KeyId="alias/own", Overwrite=True
    )

    cloud.run(cloud.rotation("ssm"), Goal(replace=old))

    (found,) = ssm.describe_parameters()["Parameters"]
    assert found["KeyId"] == "alias/own"


@pytest.mark.parametrize("kind", ["secretsmanager", "ssm"])
def test_logs_at_debug_show_no_key(
    cloud: Cloud, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.watched = False
    with caplog.at_level(logging.DEBUG):
        old = cloud.create(kind)
        cloud.run(cloud.rotation(kind), Goal(replace=old))

    assert "botocore" in caplog.text
    assert "PRIVATE KEY" not in caplog.text
    assert "private_key" not in caplog.text
