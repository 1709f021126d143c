"""What the commands that rotate keys have in common: from the settings to a rotation."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from cf_protected import conf
from cf_protected.distributions import Distribution, distributions
from cf_protected.exceptions import CFProtectedError, ConcurrentRotation
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.record import KEY_TYPES, KeyType
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Rules
from cf_protected.key_rotation.stores.factory import operators_access, store_for
from cf_protected.key_sources.aws import AWSKeySource
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource


def add_arguments(parser: ArgumentParser) -> None:
    """The options of all these commands."""
    parser.add_argument(
        "--distribution", default="default", help="Alias in DISTRIBUTIONS (default: default)."
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")


def add_key_type(parser: ArgumentParser) -> None:
    """The option of the commands that make keys."""
    parser.add_argument(
        "--key-type", choices=KEY_TYPES, default="P-256", help="Kind of a new key (default: P-256)."
    )


@contextmanager
def explained(leave_to_other: Callable[[str], object] | None = None) -> Iterator[None]:
    """Turn what goes wrong into ``CommandError``.

    Another run at the same time is no error where it can be left to that.
    """
    try:
        yield
    except ConcurrentRotation as error:
        if leave_to_other is None:
            raise CommandError(f"{error} Run this again.") from error
        leave_to_other(str(error))
    except (CFProtectedError, ImproperlyConfigured, BotoCoreError) as error:
        raise CommandError(f"{error} {getattr(error, 'hint', '')}".rstrip()) from error


def rotation_of(
    alias: str, key_type: KeyType = "P-256", *, clock: Callable[[], float] = time.time
) -> Rotation:
    """The rotation of a distribution's key.

    Raises ``ConfigurationError``, ``RotationError`` and botocore's errors.
    """
    distribution = distributions[alias]
    settings = distribution.settings
    if not settings.key_group:
        raise CommandError(
            f"CF_PROTECTED['DISTRIBUTIONS'][{alias!r}]: KEY_GROUP is missing. Set it to the name "
            "or the ID of CloudFront's key group."
        )
    source = _original(distribution)
    store = store_for(source, settings.key_source.options, key_type)
    assert isinstance(source, AWSKeySource)  # noqa: S101 - others have no store
    users = list(_users_of_key(alias, settings))
    ids = [one.id for one in users if one.id]
    overlap = max(max(one.rotation_overlap, _longest_life(one)) for one in users)
    client = operators_access(source.access).client("cloudfront")
    canary = Canary(distribution.url(settings.canary), now=clock) if settings.canary else None
    return Rotation(
        CloudFrontKeys(client, settings.key_group, distribution_ids=ids),
        store,
        Rules(name=settings.key_group, overlap=overlap),
        canary=canary,
        clock=clock,
    )


def _users_of_key(
    alias: str, settings: conf.DistributionSettings
) -> Iterator[conf.DistributionSettings]:
    """The distributions whose URLs are signed with the same key, ``settings`` included.

    One that shares only the key's place would sign with a key that its group doesn't trust;
    one that shares only the group would lose its own key as a replaced one.
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
                f"CF_PROTECTED['DISTRIBUTIONS']: {alias!r} and {name!r} share their {shared} "
                "alone. A rotation of one would make URLs of the other invalid: let them share "
                "KEY_SOURCE and KEY_GROUP, or neither."
            )


def _longest_life(settings: conf.DistributionSettings) -> timedelta:
    """For how long something may live that a replaced key signs: an overlap has to cover it."""
    return settings.longest_lifetime + settings.key_source.lifetime


def _place(settings: conf.DistributionSettings) -> tuple[str, Mapping[str, Any]]:
    return settings.key_source.backend, settings.key_source.options


def _original(distribution: Distribution) -> KeySource:
    """The key source without the cache in front of it."""
    source = distribution.key_source
    return source.source if isinstance(source, CachedKeySource) else source
