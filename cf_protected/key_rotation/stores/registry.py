"""Which store belongs to a key source."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_rotation.stores.kms import KMSStore
from cf_protected.key_rotation.stores.secretsmanager import SecretsManagerStore
from cf_protected.key_rotation.stores.ssm import SSMStore
from cf_protected.key_sources.aws import AWSAccess, AWSKeySource
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import CURRENT, SecretsManagerKeySource
from cf_protected.key_sources.ssm import REFERENCE, SSMKeySource


@singledispatch
def store_for(source: KeySource, key_type: KeyType) -> Store:
    """Return the store of the key that ``source`` reads.

    For a source of your own, write a ``Store`` and register a function that makes it:
    ``store_for.register(MyKeySource, make_store)``.

    Raises ``RotationError`` where the app wouldn't notice a replaced key.
    """
    raise RotationError(
        f"A key of {type(source).__name__} can't be rotated. Keep it in SSM, Secrets Manager or "
        "KMS."
    )


@store_for.register
def _(source: SSMKeySource, key_type: KeyType) -> Store:
    _refuse_fixed(source)
    if source.identifier.startswith(REFERENCE):
        secret_id = source.identifier.removeprefix(REFERENCE)
        client = operators_access(source.access).client("secretsmanager")
        return SecretsManagerStore(client, secret_id, key_type=key_type)
    client = operators_access(source.access).client("ssm")
    return SSMStore(client, source.identifier, key_type=key_type)


@store_for.register
def _(source: SecretsManagerKeySource, key_type: KeyType) -> Store:
    _refuse_fixed(source)
    if source.version_stage != CURRENT:
        raise RotationError(f"A rotation moves {CURRENT}. Leave version_stage out.")
    client = operators_access(source.access).client("secretsmanager")
    return SecretsManagerStore(client, source.identifier, key_type=key_type)


@store_for.register
def _(source: KMSKeySource, key_type: KeyType) -> Store:
    _refuse_fixed(source)
    client = operators_access(source.access).client("kms")
    return KMSStore(client, source.identifier, key_type=key_type)


def _refuse_fixed(source: AWSKeySource) -> None:
    if source.fixed_by:
        raise RotationError(
            f"The key source's option {source.fixed_by} fixes one key. Store the key with its ID "
            "and leave the option out: docs/migrating.md says how, without downtime."
        )


def operators_access(access: AWSAccess) -> AWSAccess:
    """Return the same AWS with the operator's credentials: the app's role may only read.

    Timeouts are longer, since no web request waits.
    """
    return replace(
        access,
        role_arn=None,
        external_id=None,
        connect_timeout=10.0,
        read_timeout=60.0,
        max_attempts=4,
    )
