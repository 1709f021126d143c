"""A stack's whole life in an emulated AWS, told in the order of the tests."""

from __future__ import annotations

import base64
import json
import platform
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.core.management import call_command
from pytest_django import Settings

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from tests.infra.conftest import initialised
from tests.infra.emulator import ACCOUNT, AWS, REGION, credentials, running_aws
from tests.infra.terraform import Terraform
from tests.keys import public_pem
from tests.signing import sign

VARIABLES = {
    "prefix": "shop-test",
    "region": REGION,
    "app_role_name": "shop-app",
    "app_origins": ["https://shop.example.com"],
    "force_destroy": True,
    "secret_recovery_days": 0,
    "overlap_hours": 0,
    "function_environment": {"CF_SETTLE_SECONDS": "0"},
    "logs_enabled": True,
    "uploads_enabled": True,
    "sign_in_enabled": True,
    "sign_in_callback_urls": ["https://shop.example.com/accounts/callback/"],
    "alarm_emails": ["ops@example.com"],
}
APP = f"arn:aws:iam::{ACCOUNT}:role/shop-app"
UNPREFIXED = {"aws_iam_role_policy"}  # their roles' names have it


@dataclass
class Stack:
    """What was applied, and the AWS that it was applied to."""

    terraform: Terraform
    aws: AWS
    existing_public_key_id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, **other: str) -> Any:
        """A client of boto3's for the account's root, or with the ``other`` credentials."""
        root = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        given = {"endpoint_url": self.aws.url, **root, **other}
        return boto3.client(service, region_name=REGION, **given)

    def client_as(self, role: str, service: str, by: Any = None, **other: str) -> Any:
        """A client with the credentials of a role that ``by``, a client of STS, assumes."""
        by = by or self.client("sts")
        given = by.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return self.client(
            service,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            **other,
        )

    def secret(self) -> dict[str, str]:
        arn = self.options["secret_id"]
        value = self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return dict(json.loads(value))

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.outputs["settings"])

    @property
    def options(self) -> dict[str, str]:
        default = self.settings["CF_PROTECTED"]["DISTRIBUTIONS"]["default"]
        return dict(default["KEY_SOURCE"]["OPTIONS"])

    @property
    def bucket(self) -> str:
        return str(self.settings["STORAGES"]["protected"]["OPTIONS"]["bucket_name"])

    def members(self) -> list[str]:
        """The public keys in the signing key's group."""
        group = self.outputs["key_group_id"]
        config = self.client("cloudfront").get_key_group_config(Id=group)["KeyGroupConfig"]
        return list(config["Items"])

    def ask_function(self, **event: str) -> Any:
        name = self.outputs["rotation_function_name"]
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        content = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, content
        return content


@pytest.fixture(scope="module")
def stack(terraform_command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    terraform = initialised(folder / "infra")
    terraform.use_emulator()
    zip_of_function(folder / "rotation.zip")
    with running_aws(folder / "log") as aws:
        terraform.environment = credentials(aws.url, folder)
        stack = Stack(terraform, aws)
        prepare(stack)
        zip_file = str(folder / "rotation.zip")
        by_hand = [stack.existing_public_key_id]
        terraform.apply(VARIABLES | {"rotation_zip": zip_file, "existing_public_key_ids": by_hand})
        stack.outputs = terraform.outputs()
        yield stack


def zip_of_function(path: Path) -> None:
    """The emulator runs functions on this machine and in this Python."""
    architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    call_command(
        "cf_build_rotation_lambda",
        str(path),
        architecture=architecture,
        python_version=version,
        stdout=StringIO(),
    )


def prepare(stack: Stack) -> None:
    """What an account has before: Django's own role, and a public key made by hand."""
    make_role(stack, "shop-app")
    key = stack.client("cloudfront").create_public_key(
        PublicKeyConfig={
            "CallerReference": "1",
            "Name": "by-hand",
            "EncodedKey": public_pem("p256"),
        }
    )
    stack.existing_public_key_id = key["PublicKey"]["Id"]


def make_role(stack: Stack, name: str) -> str:
    """The ARN of a role that the account's root may assume."""
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = stack.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    return str(role["Role"]["Arn"])


def assert_no_changes(stack: Stack) -> None:
    plan = stack.terraform.plan()
    assert plan.returncode == 0, plan.stdout + plan.stderr


def assert_denied(call: Any, **arguments: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        call(**arguments)


def test_a_second_plan_has_no_changes(stack: Stack) -> None:
    assert_no_changes(stack)


def test_the_state_holds_no_private_key(stack: Stack) -> None:
    pem = stack.secret()["private_key"]
    key = load_pem_private_key(pem.encode(), None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    number = key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    state = (stack.terraform.folder / "terraform.tfstate").read_text()
    assert stack.secret()["key_pair_id"] in state
    assert "PRIVATE" not in state
    for content in (der, number):
        assert content.hex() not in state.lower()
        assert base64.b64encode(content).decode().rstrip("=") not in state
    assert pem.splitlines()[1] not in state


def test_all_names_have_the_prefix(stack: Stack) -> None:
    shown = json.loads(stack.terraform.succeed("show", "-json"))
    names = list(names_in(shown["values"]["root_module"]))
    assert len(names) > 15
    assert [name for name in names if "shop-test" not in name] == []


def names_in(module: dict[str, Any]) -> Iterator[str]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed" and resource["type"] not in UNPREFIXED:
            attributes = ("name", "bucket", "function_name", "domain", "comment")
            values = [resource["values"].get(name) for name in attributes]
            yield from [value for value in values if value][:1]
    for child in module.get("child_modules", []):
        yield from names_in(child)


def test_the_settings_sign_urls_that_the_distribution_trusts(
    stack: Stack, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.terraform.environment.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = settings.STORAGES | stack.settings["STORAGES"]
    settings.CF_PROTECTED = stack.settings["CF_PROTECTED"]
    default = distributions["default"]
    key_id = default.key_source.get_signing_key().key_pair_id
    cloudfront = stack.client("cloudfront")
    public = cloudfront.get_public_key_config(Id=key_id)["PublicKeyConfig"]["EncodedKey"]
    url = sign(default.url("books/ebook.pdf"))
    CloudFrontVerifier({key_id: public}).verify(url)
    assert key_id in stack.members()


def test_the_app_and_the_function_have_the_same_overlap(stack: Stack) -> None:
    name = stack.outputs["rotation_function_name"]
    function = stack.client("lambda").get_function_configuration(FunctionName=name)
    seconds = function["Environment"]["Variables"]["CF_OVERLAP_SECONDS"]
    assert int(seconds) == stack.settings["ROTATION_OVERLAP_HOURS"] * 3600


def test_the_distribution_trusts_the_key_made_by_hand_too(stack: Stack) -> None:
    assert trusted_keys(stack) == {stack.secret()["key_pair_id"], stack.existing_public_key_id}


def trusted_keys(stack: Stack) -> set[str]:
    cloudfront = stack.client("cloudfront")
    default = stack.settings["CF_PROTECTED"]["DISTRIBUTIONS"]["default"]
    config = cloudfront.get_distribution_config(Id=default["ID"])["DistributionConfig"]
    groups = config["DefaultCacheBehavior"]["TrustedKeyGroups"]["Items"]
    trusted = [cloudfront.get_key_group_config(Id=group)["KeyGroupConfig"] for group in groups]
    return {key for group in trusted for key in group["Items"]}


def test_the_apps_role_may_do_its_work_and_no_other(stack: Stack) -> None:
    secrets = stack.client_as(APP, "secretsmanager")
    secret_id = stack.options["secret_id"]
    assert secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    assert_denied(secrets.put_secret_value, SecretId=secret_id, SecretString="another")
    s3 = stack.client_as(APP, "s3")
    s3.put_object(Bucket=stack.bucket, Key="books/ebook.pdf", Body=b"a book")
    assert s3.list_objects_v2(Bucket=stack.bucket)["KeyCount"] == 1
    assert_denied(s3.delete_object, Bucket=stack.bucket, Key="books/ebook.pdf")
    assert_denied(s3.put_object, Bucket=stack.bucket, Key="public/ebook.pdf", Body=b"a book")
    s3.put_object(Bucket=stack.bucket, Key="publications/ebook.pdf", Body=b"a book")
    assert_denied(s3.delete_bucket_policy, Bucket=stack.bucket)
    assert_denied(stack.client_as(APP, "cloudfront").list_public_keys)


def test_without_tls_the_bucket_refuses_even_the_app(stack: Stack) -> None:
    plain = stack.client_as(APP, "s3", endpoint_url=stack.aws.plain_url)
    assert_denied(plain.get_object, Bucket=stack.bucket, Key="books/ebook.pdf")


def test_browsers_upload_below_their_prefix_alone(stack: Stack) -> None:
    role = stack.outputs["upload_role_arn"]
    s3 = stack.client_as(role, "s3", by=stack.client_as(APP, "sts"))
    s3.put_object(Bucket=stack.bucket, Key="uploads/new.pdf", Body=b"a book")
    assert_denied(s3.put_object, Bucket=stack.bucket, Key="books/ebook.pdf", Body=b"another")
    assert_denied(s3.put_object, Bucket=stack.bucket, Key="public/new.pdf", Body=b"a book")
    assert_denied(s3.put_object, Bucket=stack.bucket, Key="uploads2/new.pdf", Body=b"a book")
    assert_denied(s3.get_object, Bucket=stack.bucket, Key="uploads/new.pdf")


def test_nobody_but_the_app_hands_the_upload_role_out(stack: Stack) -> None:
    sts = stack.client_as(make_role(stack, "stranger"), "sts")
    role = stack.outputs["upload_role_arn"]
    assert_denied(sts.assume_role, RoleArn=role, RoleSessionName="test")


def test_the_alarm_and_failed_rotations_reach_the_topic(stack: Stack) -> None:
    topic = stack.outputs["alarm_topic_arn"]
    (alarm,) = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmActions"] == [topic]
    assert {d["Value"] for d in alarm["Dimensions"]} == {stack.outputs["rotation_function_name"]}
    rule = "shop-test-alarms-rotation-failed"
    (target,) = stack.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"] == topic
    subscriptions = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    assert [s["Endpoint"] for s in subscriptions["Subscriptions"]] == ["ops@example.com"]


def test_the_function_answers_cloudformation_as_the_cdk_app_expects(stack: Stack) -> None:
    answer = stack.ask_function(RequestType="Create")
    assert answer["Data"]["key_group_id"] == stack.outputs["key_group_id"]
    assert answer["PhysicalResourceId"] == stack.outputs["key_group_id"]


def test_after_a_rotation_the_plan_has_no_changes(stack: Stack) -> None:
    before = stack.secret()["key_pair_id"]
    token = str(uuid.uuid4())
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        stack.ask_function(Step=step, SecretId=stack.options["secret_id"], ClientRequestToken=token)
    assert stack.ask_function(action="tidy") == {"next": "Done"}
    after = stack.secret()["key_pair_id"]
    assert after != before
    assert stack.members() == [after]
    assert_no_changes(stack)


def test_the_key_made_by_hand_can_be_let_go(stack: Stack) -> None:
    stack.terraform.apply({"existing_public_key_ids": []})
    assert trusted_keys(stack) == {stack.secret()["key_pair_id"]}


def test_destroying_leaves_nothing(stack: Stack) -> None:
    stack.terraform.succeed("destroy", "-auto-approve", "-input=false", "-no-color")
    cloudfront = stack.client("cloudfront")
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 0
    assert cloudfront.list_key_groups()["KeyGroupList"]["Quantity"] == 0
    keys = cloudfront.list_public_keys()["PublicKeyList"]["Items"]
    assert [key["Id"] for key in keys] == [stack.existing_public_key_id]
    assert stack.client("s3").list_buckets()["Buckets"] == []
    assert stack.client("secretsmanager").list_secrets()["SecretList"] == []
    assert stack.client("lambda").list_functions()["Functions"] == []
