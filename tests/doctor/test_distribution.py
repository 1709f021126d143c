"""Faults of the distribution and its behaviours, each on its own, over real HTTP."""

from __future__ import annotations

from cf_protected.distributions import distributions
from cf_protected.doctor.facts import Facts
from tests.doctor.conftest import (
    OpenToAll,
    Shop,
    behavior,
    problems,
)


def test_distribution_found_by_its_alias(shop: Shop) -> None:
    shop.configure(ID=None)

    findings = shop.examine()

    assert problems(findings) == {}
    assert shop.distribution_id in findings["distribution"].evidence


def test_distribution_found_behind_others(shop: Shop) -> None:
    found = shop.distribution_id
    shop.deploy(Aliases={"Quantity": 1, "Items": ["cdn.example.com"]})
    shop.configure(ID=None)

    assert found in shop.examine()["distribution"].evidence
    shop.configure(DOMAIN="cdn.example.com")
    assert Facts(distributions["default"], "", clients=shop.client).configuration()["Id"] != found


def test_distribution_of_another_account(shop: Shop) -> None:
    shop.deploy(Aliases={"Quantity": 1, "Items": ["cdn.example.com"]})
    shop.aws.answers["/distribution[? ]"] = (200, "<DistributionList/>")
    shop.configure(ID=None)

    findings = shop.examine()

    assert findings["distribution"].verdict == "unknown"
    assert "no distribution for 127.0.0.1" in findings["distribution"].evidence


def test_distribution_of_another_domain(shop: Shop) -> None:
    shop.deploy(Aliases={"Quantity": 1, "Items": ["cdn.example.com"]})

    assert shop.problems() == {"distribution": "failed"}


def test_disabled_distribution(shop: Shop) -> None:
    shop.deploy(Enabled=False)

    assert shop.problems() == {"distribution": "failed"}


def test_distribution_being_deployed(shop: Shop) -> None:
    def clients(service: str) -> object:
        return Deploying(shop.client(service)) if service == "cloudfront" else shop.client(service)

    assert shop.problems(clients=clients) == {"distribution": "warning"}


class Deploying:
    """A client for which the distribution is never quite ready."""

    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def get_distribution(self, Id: str) -> dict[str, object]:  # noqa: N803
        answer = self._client.get_distribution(Id=Id)  # type: ignore[attr-defined]
        answer["Distribution"]["Status"] = "InProgress"
        return dict(answer)


def test_key_in_no_trusted_group(shop: Shop) -> None:
    other = shop.client("cloudfront").create_key_group(
        KeyGroupConfig={"Name": "other", "Items": ["KOTHER"]}
    )["KeyGroup"]["Id"]
    shop.deploy(DefaultCacheBehavior=behavior([other]))

    findings = shop.examine()

    assert problems(findings) == {"key_group": "failed"}
    assert other in findings["key_group"].evidence


def test_key_in_the_second_group(shop: Shop) -> None:
    other = shop.client("cloudfront").create_key_group(
        KeyGroupConfig={"Name": "other", "Items": ["KOTHER"]}
    )["KeyGroup"]["Id"]
    shop.deploy(DefaultCacheBehavior=behavior([other, shop.key_group_id]))

    assert shop.problems() == {}


def test_unrestricted_distribution(shop: Shop) -> None:
    shop.deploy(DefaultCacheBehavior=behavior([]))
    shop.serve(verifier=OpenToAll)

    findings = shop.examine()

    assert problems(findings) == {"key_group": "failed", "unsigned": "failed"}
    assert "without a signature" in findings["unsigned"].evidence


def test_an_earlier_pattern_opens_the_path(shop: Shop) -> None:
    shop.deploy({"media/books/*": [], "media/*": [shop.key_group_id]})

    findings = shop.examine()

    assert problems(findings) == {"key_group": "failed"}
    assert "'media/books/*'" in findings["key_group"].evidence
