"""Which store a key source has, and which names a store takes."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.stores.kms import KMSStore
from cf_protected.key_rotation.stores.registry import store_for
from cf_protected.key_rotation.stores.ssm import SSMStore
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests.key_rotation.cloud import NAMES, Cloud
from tests.key_rotation.world import World
from tests.keys import KEY_PAIR_ID, private_pem


class NoKey(InlineKeySource):
    """No source of AWS."""


SOURCES: list[tuple[type[Any], dict[str, Any], str]] = [
    (SSMKeySource, {"name": "/a:3"}, "names a version, which never changes"),
    (SSMKeySource, {"name": "/a", "key_pair_id": "K1"}, "option key_pair_id fixes one key"),
    (SSMKeySource, {"name": "/a", "key_pair_id_name": "/b"}, "key_pair_id_name fixes one key"),
    (SecretsManagerKeySource, {"secret_id": "a", "version_id": "v"}, "version_id fixes one key"),
    (SecretsManagerKeySource, {"secret_id": "a", "version_stage": "MINE"}, "moves AWSCURRENT"),
    (KMSKeySource, {"key_id": "1234", "key_pair_id": "K1"}, "option key_pair_id fixes one key"),
    (KMSKeySource, {"key_id": "1234"}, "names one KMS key"),
]


@pytest.mark.parametrize(("source", "options", "message"), SOURCES)
def test_sources_whose_key_cannot_be_replaced(
    source: type[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RotationError, match=message):
        store_for(source(**options), "P-256")


def test_a_source_outside_of_aws() -> None:
    source = NoKey(private_key=private_pem("p256"), key_pair_id=KEY_PAIR_ID)

    with pytest.raises(RotationError, match="A key of NoKey can't be rotated"):
        store_for(source, "P-256")


class HeldKeySource(InlineKeySource):
    """A key source of another package, with a store of its own."""


def test_another_package_registers_its_store() -> None:
    made = World()
    store_for.register(HeldKeySource, lambda source, key_type: made)
    source = HeldKeySource(private_key=private_pem("p256"), key_pair_id=KEY_PAIR_ID)

    assert store_for(source, "P-256") is made


@pytest.mark.parametrize("name", ["/a/b", "/a/b:live", "arn:aws:ssm:eu-central-1:1:parameter/a/b"])
def test_names_of_parameters(name: str) -> None:
    assert SSMStore(None, name)._pending_name == "/a/b.pending"


def test_an_alias_is_wanted() -> None:
    with pytest.raises(RotationError, match="Name an alias"):
        KMSStore(None, "1234")


def test_a_secret_read_through_parameter_store(cloud: Cloud) -> None:
    access = {"endpoint_url": cloud.url, "region": "eu-central-1"}
    options = {"name": f"/aws/reference/secretsmanager/{NAMES['secretsmanager']}", **access}
    store = store_for(SSMKeySource(**options), "P-256")

    store.make_pair(None)

    assert len(cloud.store("secretsmanager").read()[1]) == 1
