"""The store that belongs to a key source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_rotation.stores.kms import KMSStore
from cf_protected.key_rotation.stores.secretsmanager import CURRENT, SecretsManagerStore
from cf_protected.key_rotation.stores.ssm import SSMStore
from cf_protected.key_sources.aws import AWSAccess
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource

_REFERENCE: Final = "/aws/reference/secretsmanager/"


def store_for(source: KeySource, options: Mapping[str, Any], key_type: KeyType) -> Store:
    """Return the store of the key that ``source``, made with ``options``, reads.

    Raises ``RotationError`` where a replaced key would go unnoticed.
    """
    for name in ("key_pair_id", "key_pair_id_name", "version_id"):
        if options.get(name):
            raise RotationError(
                f"The key source's option {name} fixes one key. Store the key with its ID and "
                "leave the option out: docs/migrating.md says how, without downtime."
            )
    if isinstance(source, SecretsManagerKeySource):
        if options.get("version_stage") not in (None, CURRENT):
            raise RotationError(f"A rotation moves {CURRENT}. Leave version_stage out.")
        return _in_secrets_manager(source.access, source.identifier, key_type)
    if isinstance(source, SSMKeySource):
        if source.identifier.startswith(_REFERENCE):
            secret_id = source.identifier.removeprefix(_REFERENCE)
            return _in_secrets_manager(source.access, secret_id, key_type)
        client = operators_access(source.access).client("ssm")
        return SSMStore(client, source.identifier, key_type=key_type)
    if isinstance(source, KMSKeySource):
        client = operators_access(source.access).client("kms")
        return KMSStore(client, source.identifier, key_type=key_type)
    raise RotationError(
        f"The key of {type(source).__name__} can't be replaced from here. Keep it in SSM, Secrets "
        "Manager or KMS."
    )


def operators_access(access: AWSAccess) -> AWSAccess:
    """The same AWS with the credentials of whoever rotates: the app's role may only read.

    Nobody waits for an answer as a web request does, so there is more time.
    """
    return replace(
        access,
        role_arn=None,
        external_id=None,
        connect_timeout=10.0,
        read_timeout=60.0,
        max_attempts=4,
    )


def _in_secrets_manager(access: AWSAccess, secret_id: str, key_type: KeyType) -> Store:
    client = operators_access(access).client("secretsmanager")
    return SecretsManagerStore(client, secret_id, key_type=key_type)
