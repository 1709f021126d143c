"""AWS for these tests: ministack over HTTP, with what it lets through and AWS doesn't."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import boto3

from cf_protected.exceptions import ConcurrentRotation
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import State
from cf_protected.key_rotation.steps import Done, Refuse, Step, Wait
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_rotation.stores.kms import KMSStore
from cf_protected.key_rotation.stores.secretsmanager import SecretsManagerStore
from cf_protected.key_rotation.stores.ssm import SSMStore
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests.key_sources.conftest import PATIENT

REGION: Final = "eu-central-1"
GROUP: Final = "shop"
OVERLAP: Final = timedelta(days=2)
NAMES: Final = {"secretsmanager": "shop/key", "ssm": "/shop/key", "kms": "alias/shop"}
STORES: Final = tuple(NAMES)

_READS = re.compile(r"(Get|List|Describe)[A-Z]|Sign$")


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


@dataclass
class Cloud:
    """The account, and a clock that only moves when somebody waits."""

    url: str
    watched: bool = True
    slept: float = 0.0
    calls: list[str] = field(default_factory=list)
    crash_after: Callable[[Cloud], bool] = lambda cloud: False
    parameters: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=lambda: datetime.now(UTC).timestamp())
    clients: dict[tuple[str, bool], Any] = field(default_factory=dict)

    def now(self) -> float:
        return datetime.now(UTC).timestamp() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not _READS.match(call)]

    def client(self, service: str, *, watched: bool | None = None) -> Any:
        """A client; ``watched`` ones count, may crash, and are refused what AWS refuses."""
        watched = self.watched if watched is None else watched
        if (service, watched) not in self.clients:
            client = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
            if watched:
                events = client.meta.events
                events.register(f"before-parameter-build.{service}", self._remember)
                events.register(f"before-call.{service}", self._refuse)
                events.register(f"after-call.{service}", self._count)
            self.clients[service, watched] = client
        return self.clients[service, watched]

    def _remember(self, params: dict[str, Any], **kwargs: Any) -> None:
        self.parameters = params

    def _refuse(self, model: Any, **kwargs: Any) -> Any:
        refusal = getattr(self, f"_refuse_{model.name}", lambda: None)()
        if refusal is None:
            return None
        status, code = refusal
        parsed = {"Error": {"Code": code, "Message": "As AWS does."}, "ResponseMetadata": {}}
        return SimpleNamespace(status_code=status), parsed

    def _count(self, model: Any, parsed: dict[str, Any], **kwargs: Any) -> None:
        if "Error" not in parsed:
            getattr(self, f"_after_{model.name}", lambda parsed: None)(parsed)
        self.calls.append(model.name)
        if self.crash_after(self):
            self.crash_after = lambda cloud: False
            raise Crash

    def _refuse_CreatePublicKey(self) -> tuple[int, str] | None:  # noqa: N802
        config = self.parameters["PublicKeyConfig"]
        assert config["EncodedKey"].startswith("-----BEGIN PUBLIC KEY-----\n")
        assert config["EncodedKey"].endswith("-----END PUBLIC KEY-----\n")
        items = self.public_keys()
        if config["Name"] in {item["Name"] for item in items}:
            return 409, "PublicKeyAlreadyExists"
        return (400, "TooManyPublicKeys") if len(items) >= 10 else None

    def _refuse_UpdateKeyGroup(self) -> tuple[int, str] | None:  # noqa: N802
        members = self.parameters["KeyGroupConfig"]["Items"]
        return (400, "TooManyPublicKeysInKeyGroup") if len(members) > 5 else None

    def _refuse_PutSecretValue(self) -> tuple[int, str] | None:  # noqa: N802
        client = self.client("secretsmanager", watched=False)
        token = self.parameters["ClientRequestToken"]
        stages = client.describe_secret(SecretId=NAMES["secretsmanager"])["VersionIdsToStages"]
        if token not in stages:
            return None
        answer = client.get_secret_value(SecretId=NAMES["secretsmanager"], VersionId=token)
        is_other = (
            answer.get("SecretString", self.parameters["SecretString"])
            != (self.parameters["SecretString"])
        )
        return (400, "ResourceExistsException") if is_other else None

    def _after_PutSecretValue(self, parsed: dict[str, Any]) -> None:  # noqa: N802
        """A label is at one version, and the first version is the current one."""
        client, name = self.client("secretsmanager", watched=False), NAMES["secretsmanager"]
        stages = client.describe_secret(SecretId=name)["VersionIdsToStages"]
        version = parsed["VersionId"]
        for label in self.parameters["VersionStages"]:
            for other, labels in stages.items():
                if other != version and label in labels:
                    client.update_secret_version_stage(
                        SecretId=name, VersionStage=label, RemoveFromVersionId=other
                    )
        labels = {label for found in stages.values() for label in found}
        if "AWSCURRENT" not in labels:
            client.update_secret_version_stage(
                SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=version
            )

    def public_keys(self) -> list[dict[str, Any]]:
        listed = self.client("cloudfront", watched=False).list_public_keys()
        items: list[dict[str, Any]] = listed["PublicKeyList"].get("Items", [])
        return items

    def members(self) -> list[str]:
        listed = self.client("cloudfront", watched=False).list_key_groups()["KeyGroupList"]
        return [id_ for item in listed.get("Items", []) for id_ in item_ids(item)]

    def add_key_by_hand(self, pem: str, *, name: str = "by hand") -> str:
        config = {"CallerReference": name, "Name": name, "EncodedKey": pem}
        client = self.client("cloudfront", watched=False)
        return str(client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"])

    def make_group(self, members: list[str]) -> None:
        client = self.client("cloudfront", watched=False)
        client.create_key_group(KeyGroupConfig={"Name": GROUP, "Items": members})

    def store(self, kind: str, **options: Any) -> Store:
        classes: dict[str, Any] = {
            "secretsmanager": SecretsManagerStore,
            "ssm": SSMStore,
            "kms": KMSStore,
        }
        store: Store = classes[kind](self.client(kind), NAMES[kind], **options)
        return store

    def rotation(
        self, kind: str, *, canary: Canary | None = None, key_type: KeyType = "P-256"
    ) -> Rotation:
        return Rotation(
            CloudFrontKeys(self.client("cloudfront"), GROUP),
            self.store(kind, key_type=key_type),
            Rules(name=GROUP, overlap=OVERLAP),
            canary=canary,
            clock=self.now,
        )

    def source(self, kind: str) -> KeySource:
        """What the app reads the key with."""
        access = {"endpoint_url": self.url, "region": REGION, **PATIENT}
        if kind == "secretsmanager":
            return SecretsManagerKeySource(secret_id=NAMES[kind], **access)
        if kind == "ssm":
            return SSMKeySource(name=NAMES[kind], **access)
        return KMSKeySource(key_id=NAMES[kind], **access)

    def run(self, rotation: Rotation, goal: Goal) -> list[Step]:
        """All steps to the end, waiting where it says so."""
        steps: list[Step] = []
        while not steps or not isinstance(steps[-1], Done | Refuse):
            assert len(steps) < 100, steps
            steps.append(rotation.advance(goal))
            if isinstance(steps[-1], Wait):
                self.sleep(max(0.0, steps[-1].until.timestamp() - self.now()))
        return steps

    def create(self, kind: str, **options: Any) -> str:
        """Make the first key, and return its ID."""
        rotation = self.rotation(kind, **options)
        self.run(rotation, Goal(create=True))
        current = rotation.observe().current_id
        assert current
        return current

    @contextmanager
    def crashing(self, after: Callable[[Cloud], bool]) -> Iterator[None]:
        self.calls.clear()
        self.crash_after = after
        try:
            yield
        finally:
            self.crash_after = lambda cloud: False


def item_ids(item: dict[str, Any]) -> list[str]:
    ids: list[str] = item["KeyGroup"]["KeyGroupConfig"].get("Items", [])
    return ids


def goal_to_replace(state: State) -> Goal:
    return Goal(replace=state.current_id)


def carry_out_late(rotation: Rotation, step: Step) -> str:
    """Do a step that was decided on before; how that went."""
    assert not isinstance(step, Wait | Refuse | Done)
    try:
        rotation.carry_out(step)
    except ConcurrentRotation:
        return "stopped"
    return "done"
