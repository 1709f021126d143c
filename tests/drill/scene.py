"""The scene of a drill: an account with its key group, the edges, and a shop that sells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from itertools import count
from random import Random
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command
from django.test import override_settings

from cf_protected import conf
from cf_protected.cloudfront.keys import public_pem
from cf_protected.conf.sections import CLOCK_MARGIN
from cf_protected.distributions.keys import make_key_source
from cf_protected.edge import server as edge_server
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_rotation.stores.kms import KMSStore
from cf_protected.key_rotation.stores.secretsmanager import SecretsManagerStore
from cf_protected.key_rotation.stores.ssm import SSMStore
from cf_protected.key_sources.base import KeySource
from tests.drill import front
from tests.drill.account import MAX_GROUP_MEMBERS, MAX_PUBLIC_KEYS, Account
from tests.drill.edges import Network
from tests.drill.shop import SHARES, Process, Shop
from tests.drill.timeline import Timeline
from tests.key_sources.conftest import PATIENT

GROUP: Final = "shop-signing"
#: How long the news of a changed key group take to the last edge, in seconds.
SLOWEST_NEWS: Final = 900.0

SECRET_ID: Final = "shop/signing-key"

_LIFETIMES: Final = {
    "URL_LIFETIME": timedelta(minutes=15),
    "MAX_LIFETIME": timedelta(hours=1),
    "COOKIE_LIFETIME": timedelta(hours=1),
    "EXPIRY_STEP": timedelta(minutes=1),
}
KEY_LIFETIME: Final = timedelta(minutes=15)
#: Not a second more than what the system check asks for.
OVERLAP: Final = timedelta(hours=1, minutes=1) + KEY_LIFETIME + CLOCK_MARGIN
#: What is left without room for the key cache and for clocks.
SHORT_OVERLAP: Final = OVERLAP - KEY_LIFETIME - CLOCK_MARGIN


@dataclass(frozen=True)
class Keeper:
    """A place where the key is kept."""

    service: str
    backend: str
    options: dict[str, str]
    store: Callable[[Any], Store]


SECRETS_MANAGER: Final = Keeper(
    "secretsmanager",
    "cf_protected.key_sources.secretsmanager.SecretsManagerKeySource",
    {"secret_id": SECRET_ID},
    lambda client: SecretsManagerStore(client, SECRET_ID),
)
SSM: Final = Keeper(
    "ssm",
    "cf_protected.key_sources.ssm.SSMKeySource",
    {"name": "/shop/signing-key"},
    lambda client: SSMStore(client, "/shop/signing-key"),
)
KMS: Final = Keeper(
    "kms",
    "cf_protected.key_sources.kms.KMSKeySource",
    {"key_id": "alias/shop-signing"},
    lambda client: KMSStore(client, "alias/shop-signing"),
)

_accounts: Final = count(100_000_000_000 + os.getpid() * 10_000)


@dataclass
class Scene:
    """Everything that a drill needs; ``shop`` sells from the beginning."""

    time: Timeline
    random: Random
    keeper: Keeper
    network: Network
    account: Account
    front: front.Front
    session: boto3.Session
    settings: conf.DistributionSettings
    key_source: KeySource
    shop: Shop
    foreign: tuple[str, ...] = ()

    @property
    def signing_id(self) -> str:
        """The ID of the key that the key source has now."""
        return self.key_source.get_signing_key().key_pair_id

    @property
    def canary_url(self) -> str:
        return f"{self.settings.scheme}://{self.settings.domain}/{self.settings.canary}"

    def crowd(self) -> None:
        """Put in as many keys of others as leave room for two: one that signs, and the next."""
        cloudfront = self.client("cloudfront")
        self.foreign = tuple(_upload(cloudfront, number) for number in range(MAX_PUBLIC_KEYS - 2))
        (group,) = cloudfront.list_key_groups()["KeyGroupList"]["Items"]
        id_ = group["KeyGroup"]["Id"]
        found = cloudfront.get_key_group_config(Id=id_)
        members = [*found["KeyGroupConfig"]["Items"], *self.foreign[: MAX_GROUP_MEMBERS - 2]]
        config = {**found["KeyGroupConfig"], "Items": members}
        cloudfront.update_key_group(Id=id_, IfMatch=found["ETag"], KeyGroupConfig=config)

    def leaked(self) -> list[str]:
        """What a rotation left behind: at CloudFront, in its key group, in the store."""
        wanted = {self.signing_id, *self.foreign}
        _, others = self.keeper.store(self.client(self.keeper.service)).read()
        return [
            *(f"public key {id_}" for id_ in self.account.public_keys.keys() - wanted),
            *(f"member {id_}" for id_ in set(self.account.members) - wanted),
            *(f"stored {key.version}" for key in others),
        ]

    def client(self, service: str) -> Any:
        """A client of boto3."""
        return self.session.client(service, endpoint_url=self.front.url)


@contextmanager
def scene(
    ministack: str,
    *,
    seed: int,
    interval: float,
    overlap: timedelta = OVERLAP,
    keeper: Keeper = SECRETS_MANAGER,
    slowest_news: float = SLOWEST_NEWS,
    tells_status: bool = True,
) -> Iterator[Scene]:
    time, random = Timeline(), Random(seed)
    network = Network(time.clock, random, slowest=slowest_news)
    account = Account(time.clock, network, tells_status=tells_status)
    address = urlsplit(ministack)
    assert address.hostname
    assert address.port
    with (
        patch.dict(os.environ, _environment()),
        front.running((address.hostname, address.port), account) as aws,
        edge_server.running(network.nearest.edge) as edge,
        override_settings(CF_PROTECTED=_settings(keeper, aws.url, edge.port, overlap)),
    ):
        call_command("cf_create_key", stdout=StringIO())
        session = boto3.Session()  # its credentials are this scene's
        cloudfront = session.client("cloudfront", endpoint_url=aws.url)
        account.distribution_id = _make_distribution(cloudfront)
        time.sleep(slowest_news)
        settings = conf.current().distributions["default"]
        sellers = [Process(settings, time, random) for _ in SHARES]
        shop = Shop(sellers, network, time, random, interval=interval)
        key_source = make_key_source("default", settings.key_source)
        yield Scene(
            time, random, keeper, network, account, aws, session, settings, key_source, shop
        )


def _environment() -> dict[str, str]:
    """Credentials of an account that no other scene has: ministack takes the ID for the key."""
    return {
        "AWS_ACCESS_KEY_ID": str(next(_accounts)),
        "AWS_SECRET_ACCESS_KEY": "not-a-secret-in-tests",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _settings(keeper: Keeper, aws_url: str, edge_port: int, overlap: timedelta) -> dict[str, Any]:
    options = {**keeper.options, **PATIENT, "endpoint_url": aws_url}
    distribution = {
        "DOMAIN": f"127.0.0.1:{edge_port}",
        "SCHEME": "http",
        "STORAGE": "protected",
        "KEY_SOURCE": {
            "BACKEND": keeper.backend,
            "OPTIONS": options,
            "LIFETIME": KEY_LIFETIME,
            "STALE_LIMIT": timedelta(0),
        },
        "KEY_GROUP": GROUP,
        "CANARY": "canary.txt",
        "ROTATION_OVERLAP": overlap,
        **_LIFETIMES,
    }
    return {"DISTRIBUTIONS": {"default": distribution}}


def _upload(cloudfront: Any, number: int) -> str:
    pem = public_pem(ec.generate_private_key(ec.SECP256R1()).public_key())
    config = {"CallerReference": str(number), "Name": f"other-{number}", "EncodedKey": pem}
    return str(cloudfront.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"])


def _make_distribution(cloudfront: Any) -> str:
    (group,) = cloudfront.list_key_groups()["KeyGroupList"]["Items"]
    config = {
        "CallerReference": "shop",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "s3",
                    "DomainName": "s3.example.com",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "s3",
            "ViewerProtocolPolicy": "https-only",
            "TrustedKeyGroups": {
                "Enabled": True,
                "Quantity": 1,
                "Items": [group["KeyGroup"]["Id"]],
            },
        },
    }
    answer = cloudfront.create_distribution(DistributionConfig=config)
    return str(answer["Distribution"]["Id"])
