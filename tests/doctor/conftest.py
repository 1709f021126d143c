"""A shop whose bucket, CloudFront and key are set up right, until a test breaks something."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial
from http import HTTPStatus
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from pytest_django import Settings

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Finding
from cf_protected.doctor.questions import examine
from cf_protected.doctor.web import fetch
from cf_protected.edge.edge import Edge
from cf_protected.edge.messages import Request, Response
from cf_protected.edge.server import running
from tests.doctor.aws import CACHE_POLICY_ID, Front, cache_policy_xml, running_aws
from tests.key_sources.conftest import PATIENT
from tests.keys import private_pem, public_pem
from tests.waiting import PATIENCE

BUCKET = "downloads"
REGION = "us-east-1"
LOCATION = "media"
NAME = "books/ebook.pdf"
PARAMETER = "/shop/prod/cloudfront-key"

Answer = Callable[[Request, Response], Response]


class ChangedEdge(Edge):
    """An edge whose answers a test may change."""

    def __init__(self, edge: Edge, change: Answer) -> None:
        self._edge = edge
        self._change = change

    def respond(self, request: Request) -> Response:
        return self._change(request, self._edge.respond(request))


class OpenToAll:
    """The verifier of a behaviour without restriction."""

    def verify(self, url: str, **conditions: object) -> None:
        pass


@dataclass
class Shop:
    """The project, its AWS and its CDN; everything may be changed before ``examine``."""

    aws: Front
    settings: Settings
    stack: ExitStack
    key_pair_id: str = ""
    key_group_id: str = ""
    distribution_id: str = ""
    objects: Storage = field(default_factory=InMemoryStorage)

    def client(self, service: str) -> Any:
        return client(service, self.aws.url)

    def configure(self, **options: Any) -> None:
        configure(self.settings, **options)

    def use_key_source(self, class_name: str, **options: Any) -> None:
        use_key_source(self.settings, class_name, **options)

    def access(self) -> dict[str, Any]:
        """A key source's options to reach this AWS."""
        return {"endpoint_url": self.aws.url, "region": REGION, "max_attempts": 1, **PATIENT}

    def serve(self, change: Answer | None = None, **options: Any) -> None:
        """Start a CDN; ``options`` are other arguments of the edge.

        It has the objects in memory, since tests shouldn't wait for boto3; one has them
        in the bucket.
        """
        arguments = {
            "storage": self.objects,
            "verifier": lambda: CloudFrontVerifier({self.key_pair_id: public_pem("p256")}),
            "path_prefix": f"{LOCATION}/",
            **options,
        }
        edge = Edge(**arguments)
        if change:
            edge = ChangedEdge(edge, change)
        server = self.stack.enter_context(running(edge))
        self.configure(DOMAIN=f"127.0.0.1:{server.port}", SCHEME="http")

    def deploy(self, behaviors: dict[str, list[str]] | None = None, **config: Any) -> None:
        """Make the distribution; ``behaviors`` are key groups by pattern, in their order."""
        client = self.client("cloudfront")
        by_pattern = behaviors or {}
        items = [
            {"PathPattern": pattern, **behavior(groups)} for pattern, groups in by_pattern.items()
        ]
        origin = {"Id": "bucket", "DomainName": f"{BUCKET}.s3.amazonaws.com"}
        created = client.create_distribution(
            DistributionConfig={
                "CallerReference": str(time.monotonic_ns()),
                "Comment": "",
                "Enabled": True,
                "IsIPV6Enabled": False,
                "Aliases": {"Quantity": 1, "Items": ["127.0.0.1"]},
                "Origins": {
                    "Quantity": 1,
                    "Items": [{**origin, "S3OriginConfig": {"OriginAccessIdentity": ""}}],
                },
                "CacheBehaviors": {"Quantity": len(items), "Items": items},
                "DefaultCacheBehavior": behavior([self.key_group_id]),
                **config,
            }
        )
        self.distribution_id = created["Distribution"]["Id"]
        client.get_distribution(Id=self.distribution_id)  # moto deploys it meanwhile
        self.configure(ID=self.distribution_id)

    def examine(self, name: str = NAME, **arguments: Any) -> dict[str, Finding]:
        """The findings by ``id``."""
        # Without a clock that stands still, a busy machine would find the key slow.
        clock, patient = (lambda: 0.0), partial(fetch, timeout=PATIENCE)
        defaults = {"clients": self.client, "clock": clock, "fetch": patient}
        facts = Facts(distributions["default"], name, **{**defaults, **arguments})
        return {finding.id: finding for finding in examine(facts)}

    def problems(self, name: str = NAME, **arguments: Any) -> dict[str, str]:
        """The verdicts that aren't ok."""
        return problems(self.examine(name, **arguments))


def problems(findings: dict[str, Finding]) -> dict[str, str]:
    """The verdicts that aren't ok."""
    return {f.id: str(f.verdict) for f in findings.values() if f.verdict != "ok"}


def configure(settings: Settings, **options: Any) -> None:
    """Change options of the default distribution."""
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": {**default, **options}}}


def use_key_source(settings: Settings, class_name: str, **options: Any) -> None:
    module = class_name.removesuffix("KeySource").lower()
    backend = f"cf_protected.key_sources.{module}.{class_name}"
    configure(settings, KEY_SOURCE={"BACKEND": backend, "OPTIONS": options})


@cache
def client(service: str, url: str) -> Any:
    """Clients are slow to make, so the tests share them."""
    options = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=url, region_name=REGION, **options)


def behavior(groups: list[str]) -> dict[str, Any]:
    return {
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": CACHE_POLICY_ID,
        "TrustedKeyGroups": {"Enabled": bool(groups), "Quantity": len(groups), "Items": groups},
    }


def answering(status: int, **headers: str) -> Callable[[Request, Response], Response]:
    """Give every request this answer."""
    return lambda request, response: Response(
        HTTPStatus(status),
        {"Content-Length": "0", **{k.replace("_", "-"): v for k, v in headers.items()}},
        BytesIO(),
    )


def without(header: str) -> Answer:
    """Answers that lack ``header``."""
    return lambda request, response: replace(
        response, headers={k: v for k, v in response.headers.items() if k != header}
    )


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Front]:
    with running_aws() as front:
        yield front


@pytest.fixture
def shop(
    aws_server: Front, settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Shop]:
    """A shop in which every answer is ok."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    aws_server.reset()
    with ExitStack() as stack:
        shop = Shop(aws_server, settings, stack)
        shop.client("s3").create_bucket(Bucket=BUCKET)
        put_object(shop)
        use_bucket(shop)
        upload_key(shop)
        shop.deploy()
        aws_server.answers["/cache-policy/"] = (
            200,
            cache_policy_xml("response-content-disposition"),
        )
        shop.serve()
        yield shop


@pytest.fixture
def ssm_shop(shop: Shop) -> Shop:
    """The shop with its key in Parameter Store, instead of in the settings."""
    store_key(shop, private_pem("p256"))
    shop.use_key_source("SSMKeySource", name=PARAMETER, **shop.access())
    return shop


@pytest.fixture
def env_shop(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop with the address of its AWS in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", shop.aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return shop


def put_object(
    shop: Shop, name: str = NAME, content: bytes = b"%PDF-1.7 a book", acl: str = "private"
) -> None:
    """Put it where the CDN reads, and into the bucket."""
    key = f"{LOCATION}/{name}"
    shop.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content, ACL=acl)
    if not shop.objects.exists(name):
        shop.objects.save(name, ContentFile(content))


def use_bucket(shop: Shop, **options: Any) -> None:
    values = {
        "bucket_name": BUCKET,
        "location": LOCATION,
        "endpoint_url": shop.aws.url,
        "region_name": REGION,
        "client_config": Config(retries={"total_max_attempts": 1}),
        **options,
    }
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": values}
    shop.settings.STORAGES = {**shop.settings.STORAGES, "protected": backend}


def upload_key(shop: Shop, public_key: str = "") -> None:
    """Give CloudFront a public key, by default the right one, and trust it."""
    client = shop.client("cloudfront")
    name = str(time.monotonic_ns())
    key = client.create_public_key(
        PublicKeyConfig={
            "CallerReference": name,
            "Name": name,
            "EncodedKey": public_key or public_pem("p256"),
        }
    )
    shop.key_pair_id = key["PublicKey"]["Id"]
    shop.key_group_id = client.create_key_group(
        KeyGroupConfig={"Name": name, "Items": [shop.key_pair_id]}
    )["KeyGroup"]["Id"]
    pem = private_pem("p256")
    shop.use_key_source("InlineKeySource", private_key=pem, key_pair_id=shop.key_pair_id)


def store_key(shop: Shop, pem: str) -> None:
    value = json.dumps({"key_pair_id": shop.key_pair_id, "private_key": pem})
    shop.client("ssm").put_parameter(
        Name=PARAMETER, Value=value, Type="SecureString", Overwrite=True
    )
