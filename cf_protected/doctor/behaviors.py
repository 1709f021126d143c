"""Read a distribution's configuration, as CloudFront's API returns it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Config = Mapping[str, Any]

DISPOSITION: Final = "response-content-disposition"


def behavior_for(config: Config, path: str) -> Config:
    """Return the behaviour for a URL's ``path``: the first whose pattern matches, or the default.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
    """
    for behavior in _items(config, "CacheBehaviors"):
        if _fits(behavior["PathPattern"], path):
            return dict(behavior)
    default: Config = config["DefaultCacheBehavior"]
    return default


def name_of(behavior: Config) -> str:
    """Return the behaviour's name in the AWS console."""
    return f"behaviour {behavior.get('PathPattern', 'Default (*)')!r}"


def trusted_key_groups(behavior: Config) -> list[str]:
    """Return the IDs of the behaviour's trusted key groups; without one, its paths are public."""
    groups = behavior.get("TrustedKeyGroups", {})
    return list(_items(behavior, "TrustedKeyGroups")) if groups.get("Enabled") else []


def domains(distribution: Config) -> list[str]:
    """Return the domain names that the distribution serves, with its aliases."""
    config = distribution.get("DistributionConfig", distribution)
    return [distribution["DomainName"], *_items(config, "Aliases")]


def serves(distribution: Config, domain: str) -> bool:
    """Return whether the distribution serves ``domain``; an alias may start with ``*.``."""
    host = domain.partition(":")[0]
    return any(
        host == name or (name.startswith("*.") and host.partition(".")[2] == name[2:])
        for name in domains(distribution)
    )


def keeps_dispositions_apart(caching: Config) -> bool:
    """Return whether the cache key includes ``response-content-disposition``.

    ``caching`` is a cache policy's configuration, or a behaviour with the older
    ``ForwardedValues``. Without caching the answer is also yes: nothing can be mixed up.
    """
    if caching.get("MaxTTL") == 0:
        return True
    if "ForwardedValues" in caching:
        forwarded = caching["ForwardedValues"]
        keys = _items(forwarded, "QueryStringCacheKeys")
        return bool(forwarded["QueryString"]) and (not keys or DISPOSITION in keys)
    query = caching["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"]
    listed = DISPOSITION in _items(query, "QueryStrings")
    in_key: bool = {"all": True, "whitelist": listed, "allExcept": not listed}.get(
        query["QueryStringBehavior"], False
    )
    return in_key


def _items(config: Config, name: str) -> list[Any]:
    return list(config.get(name, {}).get("Items", []))


def _fits(pattern: str, path: str) -> bool:
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards.get(c) or re.escape(c) for c in pattern.removeprefix("/"))
    return bool(re.fullmatch(expression, path.removeprefix("/"), re.DOTALL))
