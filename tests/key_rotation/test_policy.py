"""The policies in the documents are what is called: neither more nor less."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.lambda_handler import Environment, Handler
from cf_protected.key_rotation.rules import Goal
from tests.key_rotation.cloud import GROUP, NAMES, Cloud

ROTATION = Path(__file__).parent.parent.parent / "docs/rotation.md"


def actions(prefix: str) -> set[str]:
    """What the policies below "Permissions" allow of a service."""
    text = ROTATION.read_text("utf-8").partition("\n## Permissions\n")[2].partition("\n## ")[0]
    allowed = re.findall(rf'"{prefix}:(\w+)"', text)
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        json.loads(block)
    return set(allowed)


def called(cloud: Cloud, service: str) -> set[str]:
    operations = cloud.client(service).meta.service_model.operation_names
    return {call for call in cloud.calls if call in operations}


def use_everything(cloud: Cloud, kind: str) -> None:
    """A first key, and a rotation with a canary."""
    canary = Canary("https://downloads.example.com/canary", fetch=lambda url: 200)
    old = cloud.create(kind)
    cloud.run(cloud.rotation(kind, canary=canary), Goal(replace=old))


@pytest.mark.parametrize(
    ("kind", "label"), [("secretsmanager", ""), ("ssm", ""), ("ssm", ":live"), ("kms", "")]
)
def test_what_a_rotation_calls_is_allowed(
    cloud: Cloud, kind: str, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, kind, NAMES[kind] + label)

    use_everything(cloud, kind)

    # Seen where a distribution has the group, and where a parameter is read by a label.
    unseen = {"GetDistribution"}, set() if label else {"LabelParameterVersion"}
    implied = {"TagResource"} if kind == "kms" else set()  # CreateKey with Tags needs it
    assert called(cloud, "cloudfront") == actions("cloudfront") - unseen[0]
    assert called(cloud, kind) == actions(kind) - unseen[1] - implied


def test_what_a_teardown_calls_besides(cloud: Cloud) -> None:
    settings = Environment(secret_id=NAMES["secretsmanager"], key_group=GROUP)
    handler: Any = Handler(settings=settings, clients=cloud.client, clock=cloud.now)
    handler({"action": "bootstrap"}, None)
    cloud.calls.clear()

    handler({"action": "teardown"}, None)

    assert called(cloud, "cloudfront") - actions("cloudfront") == {"DeleteKeyGroup"}
    assert "`cloudfront:DeleteKeyGroup`" in ROTATION.read_text("utf-8")
