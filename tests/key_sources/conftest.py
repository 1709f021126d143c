"""AWS on this machine: moto's server, reached through a proxy that can spoil its answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.faults import FaultyServer, faulty
from tests.keys import KEY_PAIR_ID, private_pem
from tests.waiting import PATIENCE, wait_until

REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-in-tests",  # moto takes any
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_SECONDS_TO_START = 240.0

WARMING_UP = {
    "ssm": "describe_parameters",
    "secretsmanager": "list_secrets",
    "kms": "list_keys",
    "sts": "get_caller_identity",
}

#: A key source's options. Those of production expect AWS's speed, not this process's.
PATIENT = {"connect_timeout": PATIENCE, "read_timeout": PATIENCE}

MakeClient = Callable[[str], Any]


@pytest.fixture(scope="session")
def moto() -> Iterator[tuple[str, int]]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    for service, operation in WARMING_UP.items():  # the first answer of each takes seconds
        getattr(client_of(server.get_host_and_port(), service, REGION), operation)()
    yield server.get_host_and_port()
    server.stop()


def client_of(server: tuple[str, int], service: str, region: str) -> Any:
    """boto3's client for the server itself, not through the proxy."""
    return boto3.client(
        service,
        endpoint_url="http://{}:{}".format(*server),
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="not-a-secret-in-tests",
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials for the emulator, and nothing of this machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def aws(moto: tuple[str, int]) -> Iterator[FaultyServer]:
    with faulty(moto) as server:
        yield server


@pytest.fixture(scope="session")
def clients(moto: tuple[str, int]) -> MakeClient:
    """boto3's clients to prepare moto with."""
    made: dict[str, Any] = {}

    def client(service: str, region: str = REGION) -> Any:
        if (service, region) not in made:
            made[service, region] = client_of(moto, service, region)
        return made[service, region]

    return client


@pytest.fixture
def ssm(clients: MakeClient) -> Any:
    return clients("ssm")


@pytest.fixture
def secretsmanager(clients: MakeClient) -> Any:
    return clients("secretsmanager")


@pytest.fixture
def kms(clients: MakeClient) -> Any:
    return clients("kms")


def as_json(pem: str | None = None, key_pair_id: str = KEY_PAIR_ID, **fields: Any) -> str:
    """What this project writes."""
    private_key = private_pem("p256") if pem is None else pem
    return json.dumps({"key_pair_id": key_pair_id, "private_key": private_key, **fields})


def put(ssm: Any, name: str, value: str) -> int:
    """Write a parameter, and return its version."""
    answer = ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    return int(answer["Version"])


@pytest.fixture
def parameter(ssm: Any, request: pytest.FixtureRequest) -> str:
    """The name of a parameter with a good key, one for each test."""
    name = f"/shop/{abs(hash(request.node.nodeid))}/key"
    put(ssm, name, as_json())
    return name


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """An emulator that takes digests as KMS does, and knows disabled keys; moto doesn't."""
    with running_ministack() as url:
        yield url


@contextmanager
def running_ministack() -> Iterator[str]:
    """Its URL, on a free port of this machine alone."""
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": "123456789012",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: is_up(url), patience=_SECONDS_TO_START)
            yield url
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    """Return whether the ministack at ``url`` answers."""
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=PATIENCE):
            return True
    except OSError:
        return False
