"""The policies that ``--policy`` prints."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from cf_protected.distributions import distributions
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.permissions import app_policy, doctor_policy, place_of
from cf_protected.key_sources.iam import Place, Statement, allow
from tests.doctor.conftest import Shop, configure, use_key_source
from tests.doubles import DownKeySource

PLACE = Place("aws", "eu-central-1", "123456789012")
SSM = "arn:aws:ssm:eu-central-1:123456789012:parameter"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"
KMS = "arn:aws:kms:eu-central-1:123456789012"


def facts() -> Facts:
    return Facts(distributions["default"], "")


def statements(policy: dict[str, Any] | None) -> list[tuple[list[str], list[str]]]:
    assert policy
    assert policy["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    return [(statement["Action"], statement["Resource"]) for statement in policy["Statement"]]


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("/shop/prod/key", f"{SSM}/shop/prod/key"),
        ("key", f"{SSM}/key"),
        ("/shop/prod/key:3", f"{SSM}/shop/prod/key"),
        ("arn:aws:ssm:eu-west-1:1:parameter/key:live", "arn:aws:ssm:eu-west-1:1:parameter/key"),
    ],
)
def test_ssm(settings: Settings, name: str, arn: str) -> None:
    use_key_source(settings, "SSMKeySource", name=name)

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [(["ssm:GetParameter"], [arn])]
    assert "kms:Decrypt" in facts().source.permissions_note


def test_ssm_with_two_parameters(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "prod")
    use_key_source(settings, "SSMKeySource", name="/key", key_pair_id_name="/${STACK}/id")

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [(["ssm:GetParameters"], [f"{SSM}/key", f"{SSM}/prod/id"])]


def test_ssm_that_refers_to_a_secret(settings: Settings) -> None:
    reference = "/aws/reference/secretsmanager/shop/key"
    use_key_source(settings, "SSMKeySource", name=reference)

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [
        (["ssm:GetParameter"], [SSM + reference]),
        (["secretsmanager:GetSecretValue"], [f"{SECRET}:shop/key-??????"]),
    ]


@pytest.mark.parametrize(
    ("secret_id", "arn"),
    [("shop/key", f"{SECRET}:shop/key-??????"), (f"{SECRET}:key-AbCdEf", f"{SECRET}:key-AbCdEf")],
)
def test_secrets_manager(settings: Settings, secret_id: str, arn: str) -> None:
    use_key_source(settings, "SecretsManagerKeySource", secret_id=secret_id)

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [(["secretsmanager:GetSecretValue"], [arn])]


@pytest.mark.parametrize("key_id", ["1234abcd", f"{KMS}:key/1234abcd"])
def test_kms(settings: Settings, key_id: str) -> None:
    use_key_source(settings, "KMSKeySource", key_id=key_id, key_pair_id="K1")

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [(["kms:GetPublicKey", "kms:Sign"], [f"{KMS}:key/1234abcd"])]
    assert "can't be read out of KMS" in facts().source.permissions_note


@pytest.mark.parametrize("key_id", ["alias/shop", f"{KMS}:alias/shop"])
def test_kms_alias(settings: Settings, key_id: str) -> None:
    use_key_source(settings, "KMSKeySource", key_id=key_id, key_pair_id="K1")

    policy = app_policy(facts(), PLACE)

    assert policy
    (statement,) = policy["Statement"]
    assert statement["Resource"] == [f"{KMS}:key/*"]
    assert statement["Condition"] == {"StringEquals": {"kms:RequestAlias": "alias/shop"}}


def test_a_role_to_assume(settings: Settings) -> None:
    role = "arn:aws:iam::123456789012:role/signer"
    use_key_source(settings, "SSMKeySource", name="/key", role_arn=role)

    assert role in facts().source.permissions_note
    assert "sts:AssumeRole" in facts().source.permissions_note


def test_a_local_key(settings: Settings) -> None:
    assert app_policy(facts(), PLACE) is None
    assert facts().source.permissions_note == "InlineKeySource needs no permission in AWS."


def test_a_key_source_of_somebody_else(settings: Settings) -> None:
    backend = f"{DownKeySource.__module__}.{DownKeySource.__name__}"
    configure(settings, KEY_SOURCE={"BACKEND": backend})

    assert app_policy(facts(), PLACE) is None
    assert "authors of DownKeySource" in facts().source.permissions_note


class VaultKeySource(DownKeySource):
    """A key source of another package that says what it needs."""

    def iam_statements(self, place: Place) -> list[Statement]:
        return [allow("Decrypt", ["kms:Decrypt"], [place.arn("kms", "key/vault")])]

    @property
    def permissions_note(self) -> str:
        return "Open the vault for it."


def test_a_key_source_of_another_package_says_what_it_needs(settings: Settings) -> None:
    backend = f"{VaultKeySource.__module__}.{VaultKeySource.__name__}"
    configure(settings, KEY_SOURCE={"BACKEND": backend})

    policy = app_policy(facts(), PLACE)

    assert statements(policy) == [(["kms:Decrypt"], [f"{KMS}:key/vault"])]
    assert facts().source.permissions_note == "Open the vault for it."


def test_what_the_doctor_needs(settings: Settings) -> None:
    configure(settings, ID="E2QWRUHEXAMPLE")

    cloudfront = "arn:aws:cloudfront::123456789012"
    assert statements(doctor_policy(facts(), PLACE)) == [
        (["cloudfront:GetDistribution"], [f"{cloudfront}:distribution/E2QWRUHEXAMPLE"]),
        (["cloudfront:GetCachePolicy"], [f"{cloudfront}:cache-policy/*"]),
        (["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey"], ["*"]),
    ]


def test_what_the_doctor_needs_to_find_the_distribution(settings: Settings) -> None:
    (_, _, (actions, _)) = statements(doctor_policy(facts(), PLACE))

    assert "cloudfront:ListDistributions" in actions


def test_place_as_aws_tells_it(ssm_shop: Shop) -> None:
    assert place_of(Facts(distributions["default"], "")) == Place(
        "aws", "us-east-1", "123456789012"
    )


def test_place_without_the_account(ssm_shop: Shop) -> None:
    ssm_shop.aws.deny("GetCallerIdentity")

    assert place_of(Facts(distributions["default"], "")) == Place("aws", "us-east-1", "*")


def test_place_without_a_region(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    use_key_source(settings, "SSMKeySource", name="/key")

    assert place_of(facts()) == Place("aws", "*", "*")


@pytest.mark.parametrize("key_id", ["alias/shop", f"{KMS}:alias/shop"])
def test_kms_keys_that_a_rotation_makes(settings: Settings, key_id: str) -> None:
    use_key_source(settings, "KMSKeySource", key_id=key_id)

    policy = app_policy(facts(), PLACE)

    actions = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
    assert policy
    assert statements(policy) == [(actions, [f"{KMS}:key/*"])]
    (statement,) = policy["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/cf_protected": "shop"}}
