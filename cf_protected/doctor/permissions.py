"""The IAM policies that the app and ``cf_doctor`` need, and nothing more.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError

from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Unanswered
from cf_protected.key_rotation.stores.kms import TAG
from cf_protected.key_sources.aws import AWSKeySource, expand_variables
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource

Policy = dict[str, Any]

_REFERENCE: Final = "/aws/reference/secretsmanager/"


@dataclass(frozen=True)
class Place:
    """The partition, Region and account of the resources; ``*`` if unknown."""

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, facts: Facts) -> Place:
        """Return the place, with the account from AWS and the rest from boto3."""
        try:
            account = facts.identity()["Account"]
        except Unanswered:
            account = "*"
        service = getattr(facts.source, "service", "sts")
        try:
            meta = facts.clients(service).meta
        except BotoCoreError:
            return cls("aws", "*", account)
        return cls(meta.partition, meta.region_name or "*", account)

    def arn(self, service: str, resource: str, *, is_global: bool = False) -> str:
        """Return the ARN of ``resource``, which may be one already."""
        if resource.startswith("arn:"):
            return resource
        region = "" if is_global else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


def app_policy(facts: Facts, place: Place) -> Policy | None:
    """What the app needs to sign; ``None`` where that isn't for IAM to say.

    A KMS key of your own that encrypts the parameter or the secret takes ``kms:Decrypt``
    on it as well: neither service tells which key that is.
    """
    source = facts.source
    if isinstance(source, SSMKeySource):
        second = facts.settings.key_source.options.get("key_pair_id_name")
        names = [source.identifier, *([expand_variables(second)] if second else [])]
        return _policy(*_ssm(names, place))
    if isinstance(source, SecretsManagerKeySource):
        return _policy(_secret(source.identifier, place))
    if isinstance(source, KMSKeySource):
        if "kms:DescribeKey" in source.actions:  # rotated: for the keys to come, too
            return _policy(_rotated_kms(source, place))
        return _policy(_kms(source.identifier, place))
    return None


def app_needs(facts: Facts) -> str:
    """Say in words what the app needs besides, or instead of, its policy."""
    source = facts.source
    if isinstance(source, AWSKeySource) and source.access.role_arn:
        return (
            f"It belongs to the role {source.access.role_arn}, which the app has to be allowed to "
            "assume (sts:AssumeRole)."
        )
    if isinstance(source, SSMKeySource | SecretsManagerKeySource):
        return "Add kms:Decrypt on the KMS key that encrypts it, if that is a key of your own."
    if isinstance(source, KMSKeySource):
        return "No other permission lets it sign; nobody can read the key."
    if source.is_local:
        return f"{type(source).__name__} needs no permission in AWS."
    return f"Ask the authors of {type(source).__name__} which permissions it needs."


def doctor_policy(facts: Facts, place: Place) -> Policy:
    """What only ``cf_doctor`` needs besides: it reads CloudFront's configuration.

    Keys, key groups and the list of distributions can't be told apart in a policy.
    """
    distribution_id = facts.settings.id or "*"
    unscoped = ["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey"]
    if not facts.settings.id:
        unscoped.append("cloudfront:ListDistributions")
    return _policy(
        _allow(
            "ReadDistribution",
            ["cloudfront:GetDistribution"],
            [place.arn("cloudfront", f"distribution/{distribution_id}", is_global=True)],
        ),
        _allow(
            "ReadCachePolicies",
            ["cloudfront:GetCachePolicy"],
            [place.arn("cloudfront", "cache-policy/*", is_global=True)],
        ),
        _allow("ReadTrustedKeys", unscoped, ["*"]),
    )


def _ssm(names: list[str], place: Place) -> Iterator[Policy]:
    action = "ssm:GetParameters" if len(names) > 1 else "ssm:GetParameter"
    arns = [place.arn("ssm", _parameter(name)) for name in names]
    yield _allow("ReadSigningKey", [action], arns)
    for name in names:
        if name.startswith(_REFERENCE):
            yield _secret(name.removeprefix(_REFERENCE).partition(":")[0], place)


def _parameter(name: str) -> str:
    """A parameter's ARN without version and label, or its part from ``parameter`` on."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    return f"parameter/{name.partition(':')[0].removeprefix('/')}"


def _secret(secret_id: str, place: Place) -> Policy:
    # To a secret's name its ARN adds a hyphen and six characters.
    is_arn = secret_id.startswith("arn:")
    arn = secret_id if is_arn else place.arn("secretsmanager", f"secret:{secret_id}-??????")
    return _allow("ReadSigningSecret", ["secretsmanager:GetSecretValue"], [arn])


def _kms(key_id: str, place: Place) -> Policy:
    """A statement for the key; of an alias, for whichever key it names.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    is_bare = not key_id.startswith(("alias/", "arn:"))
    arn = place.arn("kms", f"key/{key_id}" if is_bare else key_id)
    parts = arn.split(":", 5)
    actions = ["kms:GetPublicKey", "kms:Sign"]
    if not parts[5].startswith("alias/"):
        return _allow("Sign", actions, [arn])
    statement = _allow("Sign", actions, [":".join([*parts[:5], "key/*"])])
    return statement | {"Condition": {"StringEquals": {"kms:RequestAlias": parts[5]}}}


def _rotated_kms(source: KMSKeySource, place: Place) -> Policy:
    """A statement for the KMS keys that a rotation makes for the alias, by their tag."""
    alias = source.identifier.rpartition("alias/")[2]
    statement = _allow("Sign", list(source.actions), [place.arn("kms", "key/*")])
    return statement | {"Condition": {"StringEquals": {f"aws:ResourceTag/{TAG}": alias}}}


def _allow(sid: str, actions: list[str], resources: list[str]) -> Policy:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
