"""A shop without faults, and what the doctor may not ask."""

from __future__ import annotations

import pytest

from cf_protected.distributions import distributions
from cf_protected.doctor.questions import QUESTIONS
from tests.doctor.aws import error_xml
from tests.doctor.conftest import (
    PARAMETER,
    Shop,
    problems,
)


def test_all_is_well(ssm_shop: Shop) -> None:
    ssm_shop.serve(storage=distributions["default"].storage)

    findings = ssm_shop.examine(clients=None)  # as the key source's options say

    assert [f.evidence for f in findings.values() if f.verdict != "ok"] == []
    assert list(findings) == [question.id for question in QUESTIONS]
    assert ssm_shop.key_pair_id in findings["key"].evidence
    assert ":user/moto" in findings["key"].evidence


@pytest.mark.parametrize(
    ("path", "action", "questions"),
    [
        ("/public-key/", "cloudfront:GetPublicKey", ["public_key"]),
        ("/key-group/", "cloudfront:GetKeyGroup", ["key_group"]),
        ("/cache-policy/", "cloudfront:GetCachePolicy", ["disposition"]),
        (
            "/distribution/",
            "cloudfront:GetDistribution",
            ["distribution", "key_group", "disposition", "ipv6"],
        ),
    ],
)
def test_missing_permission(shop: Shop, path: str, action: str, questions: list[str]) -> None:
    shop.aws.deny(path)

    findings = shop.examine()

    assert problems(findings) == dict.fromkeys(questions, "unknown")
    assert action in findings[questions[0]].remedy
    assert all("see above" in findings[question].evidence for question in questions[1:])


def test_without_the_list_of_distributions(shop: Shop) -> None:
    shop.configure(ID=None)
    shop.aws.deny("/distribution")

    findings = shop.examine()

    assert findings["distribution"].verdict == "unknown"
    assert "cloudfront:ListDistributions" in findings["distribution"].remedy


def test_unknown_identity(ssm_shop: Shop) -> None:
    ssm_shop.aws.deny("GetCallerIdentity")

    findings = ssm_shop.examine()

    assert problems(findings) == {}
    assert "with an unknown identity" in findings["key"].evidence


def test_throttled(shop: Shop) -> None:
    shop.aws.answers["/public-key/"] = (400, error_xml("Throttling", "Rate exceeded"))

    findings = shop.examine()

    assert problems(findings) == {"public_key": "unknown"}
    assert "Rate exceeded" in findings["public_key"].evidence


def test_aws_is_down(ssm_shop: Shop, closed_port: int) -> None:
    options = {**ssm_shop.access(), "endpoint_url": f"http://127.0.0.1:{closed_port}"}
    ssm_shop.use_key_source("SSMKeySource", name=PARAMETER, **options)

    findings = ssm_shop.examine(clients=None)

    assert findings["key"].verdict == "failed"
    assert "EndpointConnectionError" in findings["key"].evidence
    assert findings["distribution"].verdict == "unknown"
    assert "EndpointConnectionError" in findings["distribution"].evidence
    assert findings["unsigned"].verdict == "ok"
