"""CloudFront's API, called with the identity that reads the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cf_protected.cloudfront.keys import PublicKey, load_public_key
from cf_protected.doctor.behaviors import Config, serves
from cf_protected.doctor.findings import Unanswered, failed, unknown
from cf_protected.exceptions import UnusableKey
from cf_protected.key_sources.aws_calls import Failure

#: Returns a boto3 client of a service. Raises botocore's errors.
Clients = Callable[[str], Any]


@contextmanager
def asking(action: str) -> Iterator[None]:
    """Turn botocore's errors into ``Unanswered``; ``action`` is the IAM action of the call."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        failure = Failure.of(error)
    else:
        return
    if failure.is_denied:
        allow = f"Allow {action}: manage.py cf_doctor --policy prints the whole policy."
        raise Unanswered(unknown(f"{action} isn't allowed", allow))
    outcome = failed if failure.code.startswith("NoSuch") else unknown
    raise Unanswered(
        outcome(
            f"{action}: {failure}",
            "Try the same call with the AWS CLI and the same credentials.",
        )
    )


class CloudFrontAPI:
    """What the doctor reads from CloudFront's API. Every method raises ``Unanswered``."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def distribution(self, id: str) -> Config:
        """Return the distribution with its whole configuration."""
        with asking("cloudfront:GetDistribution"):
            found: Config = self._client.get_distribution(Id=id)["Distribution"]
        return found

    def find_distribution(self, domain: str) -> str:
        """Return the ID of the distribution that serves ``domain``."""
        with asking("cloudfront:ListDistributions"):
            for page in self._client.get_paginator("list_distributions").paginate():
                for distribution in page["DistributionList"].get("Items", []):
                    if serves(distribution, domain):
                        return str(distribution["Id"])
        raise Unanswered(
            unknown(
                f"this account has no distribution for {domain}",
                "Set the distribution's ID, or use credentials of the account that owns it.",
            )
        )

    def public_key(self, id: str) -> PublicKey:
        """Return the public key that CloudFront holds under ``id``."""
        with asking("cloudfront:GetPublicKey"):
            answer = self._client.get_public_key(Id=id)
        try:
            return load_public_key(answer["PublicKey"]["PublicKeyConfig"]["EncodedKey"])
        except UnusableKey as error:
            raise Unanswered(failed(f"{id}: {error}", "Upload the public key again.")) from error

    def key_group(self, id: str) -> list[str]:
        """Return the IDs of the key group's public keys."""
        with asking("cloudfront:GetKeyGroup"):
            return list(self._client.get_key_group(Id=id)["KeyGroup"]["KeyGroupConfig"]["Items"])

    def cache_policy(self, id: str) -> Config:
        """Return the configuration of a cache policy."""
        with asking("cloudfront:GetCachePolicy"):
            answer = self._client.get_cache_policy(Id=id)
        found: Config = answer["CachePolicy"]["CachePolicyConfig"]
        return found

    @property
    def _client(self) -> Any:
        return self._clients("cloudfront")
