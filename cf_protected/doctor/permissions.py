"""The IAM policies that the app and ``cf_doctor`` need, and nothing more.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError

from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Unanswered
from cf_protected.key_sources.iam import Place, Statement, allow

Policy = dict[str, Any]


def place_of(facts: Facts) -> Place:
    """Return the place, with the account from AWS and the rest from boto3."""
    try:
        account = facts.identity()["Account"]
    except Unanswered:
        account = "*"
    service = getattr(facts.source, "service", "sts")
    try:
        meta = facts.clients(service).meta
    except BotoCoreError:
        return Place("aws", "*", account)
    return Place(meta.partition, meta.region_name or "*", account)


def app_policy(facts: Facts, place: Place) -> Policy | None:
    """Return what the app needs to sign, or ``None`` if its key source needs nothing from IAM.

    ``kms:Decrypt`` on your own KMS key, if one encrypts the parameter or the secret, is
    missing here: neither service says which key that is.
    """
    statements = [*facts.source.iam_statements(place)]
    return _policy(*statements) if statements else None


def doctor_policy(facts: Facts, place: Place) -> Policy:
    """Return what only ``cf_doctor`` needs: reading CloudFront's configuration.

    A policy can't limit access to single public keys, key groups or listed distributions.
    """
    distribution_id = facts.settings.id or "*"
    unscoped = ["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey"]
    if not facts.settings.id:
        unscoped.append("cloudfront:ListDistributions")
    return _policy(
        allow(
            "ReadDistribution",
            ["cloudfront:GetDistribution"],
            [place.arn("cloudfront", f"distribution/{distribution_id}", is_global=True)],
        ),
        allow(
            "ReadCachePolicies",
            ["cloudfront:GetCachePolicy"],
            [place.arn("cloudfront", "cache-policy/*", is_global=True)],
        ),
        allow("ReadTrustedKeys", unscoped, ["*"]),
    )


def _policy(*statements: Statement) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
