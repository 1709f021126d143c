from __future__ import annotations

import pytest

from cf_protected.key_sources.iam import Place, allow

PLACE = Place("aws", "eu-central-1", "123456789012")


@pytest.mark.parametrize(
    "resource", ["parameter/a", "arn:aws:ssm:eu-central-1:123456789012:parameter/a"]
)
def test_an_arn(resource: str) -> None:
    expected = "arn:aws:ssm:eu-central-1:123456789012:parameter/a"
    assert PLACE.arn("ssm", resource) == expected


def test_the_arn_of_a_global_resource() -> None:
    arn = PLACE.arn("cloudfront", "distribution/E1", is_global=True)
    assert arn == "arn:aws:cloudfront::123456789012:distribution/E1"


def test_a_statement() -> None:
    assert allow("Read", ("ssm:GetParameter",), ["arn"]) == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["ssm:GetParameter"],
        "Resource": ["arn"],
    }
