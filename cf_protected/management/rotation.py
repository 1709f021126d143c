"""The rotation of a distribution's key, as the settings describe it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError

from cf_protected import conf
from cf_protected.distributions import distributions
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Rules
from cf_protected.key_rotation.stores.registry import operators_access, store_for
from cf_protected.key_sources.aws import access_of
from cf_protected.key_sources.cached import uncached


def rotation_for(
    alias: str, key_type: KeyType = "P-256", *, clock: Callable[[], float] = time.time
) -> Rotation:
    """Return the rotation of the distribution's key. ``clock`` returns epoch seconds.

    Raises ``CommandError``, ``ConfigurationError``, ``RotationError`` and botocore's errors.
    """
    distribution = distributions[alias]
    settings = distribution.settings
    if not settings.key_group:
        raise CommandError(
            f"CF_PROTECTED['DISTRIBUTIONS'][{alias!r}]: KEY_GROUP is missing. Set it to the name "
            "or the ID of CloudFront's key group."
        )
    source = uncached(distribution.key_source)
    store = store_for(source, key_type)
    users = list(_users_of_key(alias, settings))
    client = operators_access(access_of(source)).client("cloudfront")
    canary = Canary(distribution.url(settings.canary), now=clock) if settings.canary else None
    return Rotation(
        CloudFrontKeys(
            client, settings.key_group, distribution_ids=[one.id for one in users if one.id]
        ),
        store,
        Rules(
            name=settings.key_group,
            overlap=max(max(one.rotation_overlap, one.shortest_overlap) for one in users),
        ),
        canary=canary,
        clock=clock,
    )


def _users_of_key(
    alias: str, settings: conf.DistributionSettings
) -> Iterator[conf.DistributionSettings]:
    """Yield the distributions that sign with the same key, ``settings`` included.

    One that shares only the key source would sign with a key that its group doesn't trust.
    One that shares only the group would lose its own key as a replaced one.

    Raises ``CommandError`` for such a distribution.
    """
    for name, one in conf.current().distributions.items():
        shares = {
            "KEY_SOURCE": _place(one) == _place(settings),
            "KEY_GROUP": one.key_group == settings.key_group,
        }
        if all(shares.values()):
            yield one
        elif any(shares.values()):
            (shared,) = (setting for setting, is_shared in shares.items() if is_shared)
            raise CommandError(
                f"CF_PROTECTED['DISTRIBUTIONS']: {alias!r} and {name!r} share only their {shared}. "
                "Rotating one would make URLs of the other invalid. Let them share both KEY_SOURCE "
                "and KEY_GROUP, or neither."
            )


def _place(settings: conf.DistributionSettings) -> tuple[str, Mapping[str, Any]]:
    return settings.key_source.backend, settings.key_source.options
