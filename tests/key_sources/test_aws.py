"""How the sources reach AWS: Region, credentials, timeouts, one client for each process."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.aws import AWSAccess, expand_variables
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests.distributions.test_registry import exit_code_of_child
from tests.faults import THROTTLED, Answer, FaultyServer, Request, reset
from tests.key_sources.conftest import PATIENT, MakeClient, as_json, put
from tests.keys import KEY_PAIR_ID, private_pem
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent.parent
ROLE = "arn:aws:iam::123456789012:role/shop-keys"


def source(aws: FaultyServer, name: str = "/shop/key", **options: Any) -> SSMKeySource:
    return SSMKeySource(name=name, endpoint_url=aws.url, **{**PATIENT, **options})


def signed_by(request: Request) -> tuple[str, str, str]:
    """The access key, Region and service that a request was signed for."""
    found = re.search(r"Credential=(\w+)/\d+/([\w-]+)/(\w+)/", request.headers["Authorization"])
    assert found
    return found[1], found[2], found[3]


# Region and credentials


def test_region_and_credentials_are_boto3s_own(aws: FaultyServer, parameter: str) -> None:
    source(aws, parameter).get_signing_key()

    assert signed_by(aws.requests[0]) == ("AKIAIOSFODNN7EXAMPLE", "eu-central-1", "ssm")


def test_the_region_may_be_given(aws: FaultyServer, clients: MakeClient) -> None:
    put(clients("ssm", "eu-west-1"), "/shop/irish", as_json())

    source(aws, "/shop/irish", region="eu-west-1").get_signing_key()

    assert signed_by(aws.requests[0])[1] == "eu-west-1"


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "config").write_text(
        "[profile shop]\nregion = us-west-2\n"
        "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = not-a-secret\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    return "shop"


def test_a_profile(aws: FaultyServer, clients: MakeClient, profile: str) -> None:
    put(clients("ssm", "us-west-2"), "/shop/profile", as_json())

    source(aws, "/shop/profile", profile=profile).get_signing_key()

    assert signed_by(aws.requests[0]) == ("AKIAPROFILE", "us-west-2", "ssm")


def test_a_role(aws: FaultyServer, parameter: str) -> None:
    one = source(aws, parameter, role_arn=ROLE, external_id="shop-42")

    assert one.get_signing_key().key_pair_id == KEY_PAIR_ID

    assume, read = aws.requests
    assert b"Action=AssumeRole" in assume.body
    assert b"ExternalId=shop-42" in assume.body
    assert b"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fshop-keys" in assume.body
    assert signed_by(assume) == ("AKIAIOSFODNN7EXAMPLE", "eu-central-1", "sts")
    assert signed_by(read)[0].startswith("ASIA")
    assert "X-Amz-Security-Token" in read.headers


def test_the_roles_credentials_are_kept(aws: FaultyServer, parameter: str) -> None:
    one = source(aws, parameter, role_arn=ROLE)
    for _ in range(3):
        one.get_signing_key()

    assumed = [request for request in aws.requests if b"AssumeRole" in request.body]
    assert len(assumed) == 1
    assert b"ExternalId" not in assumed[0].body


def test_a_role_from_a_profile(aws: FaultyServer, clients: MakeClient, profile: str) -> None:
    put(clients("ssm", "us-west-2"), "/shop/both", as_json())

    source(aws, "/shop/both", profile=profile, role_arn=ROLE).get_signing_key()

    assert signed_by(aws.requests[0]) == ("AKIAPROFILE", "us-west-2", "sts")
    assert signed_by(aws.requests[1])[1] == "us-west-2"


# Timeouts and attempts


def test_the_timeouts_are_short() -> None:
    config = SSMKeySource(name="/shop/key").client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 3)
    assert config.retries["total_max_attempts"] == 2


def test_slowness_is_waited_for_as_long_as_asked_for(aws: FaultyServer, parameter: str) -> None:
    aws.gate.clear()  # for longer than the test lasts
    started = time.monotonic()

    with pytest.raises(KeySourceError, match=r"ReadTimeoutError: .*Check the Region"):
        source(aws, parameter, read_timeout=0.2, max_attempts=1).get_signing_key()

    assert time.monotonic() - started >= 0.2


def test_a_slow_answer_within_the_timeout_is_fine(aws: FaultyServer, parameter: str) -> None:
    aws.gate.clear()
    threading.Timer(0.3, aws.gate.set).start()

    assert source(aws, parameter).get_signing_key()


@pytest.mark.parametrize(("attempts", "asked"), [(1, 1), (2, 2), (3, 3)])
def test_as_many_attempts_as_asked_for(aws: FaultyServer, attempts: int, asked: int) -> None:
    aws.fault = reset

    with pytest.raises(KeySourceError, match="ConnectionClosedError"):
        source(aws, max_attempts=attempts).get_signing_key()

    assert len(aws.requests) == asked


def test_a_reset_is_tried_again(aws: FaultyServer, parameter: str) -> None:
    def once(answer: Answer) -> Answer | None:
        return answer if len(aws.requests) > 1 else None

    aws.fault = once

    assert source(aws, parameter).get_signing_key()


def test_throttling_is_tried_again(aws: FaultyServer, parameter: str) -> None:
    def once(answer: Answer) -> Answer | None:
        return answer if len(aws.requests) > 1 else THROTTLED(answer)

    aws.fault = once

    assert source(aws, parameter).get_signing_key()


# One client, when it is wanted


def test_threads_share_one_client(
    aws: FaultyServer, parameter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = boto3.Session.client

    def count(self: Any, service: str, **options: Any) -> Any:
        made.append(service)
        time.sleep(0.02)
        return make(self, service, **options)

    monkeypatch.setattr(boto3.Session, "client", count)
    one, barrier = source(aws, parameter), threading.Barrier(16)

    def get(_: int) -> object:
        barrier.wait(PATIENCE)
        return one.get_signing_key()

    with ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(get, range(16)))) == 16
    assert made == ["ssm"]


def test_a_forked_child_makes_its_own_client(aws: FaultyServer, parameter: str) -> None:
    one = source(aws, parameter)
    one.get_signing_key()
    parents = one.client

    def child() -> None:
        assert one.get_signing_key().key_pair_id == KEY_PAIR_ID
        assert one.client is not parents

    assert exit_code_of_child(child) == 0
    assert one.client is parents
    assert one.get_signing_key()


def test_a_child_that_was_forked_while_a_client_is_made(
    aws: FaultyServer, parameter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, go_on = threading.Event(), threading.Event()
    make = AWSAccess.client

    def slowly(self: AWSAccess, service: str) -> Any:
        if threading.current_thread() is not threading.main_thread():
            making.set()
            go_on.wait(PATIENCE)
        return make(self, service)

    monkeypatch.setattr(AWSAccess, "client", slowly)
    one = source(aws, parameter)
    thread = threading.Thread(target=one.get_signing_key)
    thread.start()
    making.wait(PATIENCE)

    code = exit_code_of_child(one.get_signing_key)

    go_on.set()
    thread.join()
    assert code == 0


IMPORT_AND_CHECK = """
import sys
from tests import settings

for backend, options in {
    "ssm.SSMKeySource": {"name": "/shop/key"},
    "secretsmanager.SecretsManagerKeySource": {"secret_id": "shop"},
    "kms.KMSKeySource": {"key_id": "alias/shop", "key_pair_id": "K1"},
}.items():
    settings.CF_PROTECTED["DISTRIBUTIONS"][backend[:3]] = {
        "DOMAIN": "downloads.example.com",
        "STORAGE": "protected",
        "KEY_SOURCE": {"BACKEND": f"cf_protected.key_sources.{backend}", "OPTIONS": options},
    }
del settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
import django
from django.core.management import call_command

django.setup()
call_command("check", tags=["cf_protected"], deploy=True)
from cf_protected.distributions import distributions
assert all(distributions.values())
assert len(distributions) == 3
assert "boto3" not in sys.modules, "boto3 was imported"
print("done")
"""


def test_neither_import_nor_check_needs_boto3() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_AND_CHECK],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr


# Options


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout", "max_attempts"])
@pytest.mark.parametrize("value", [0, -1, "3", None])
def test_times_that_are_none(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a number above 0, not {value!r}"):
        AWSAccess(**{name: value})


def test_an_endpoint_without_its_scheme() -> None:
    with pytest.raises(ValueError, match="needs https:// or http:// and a host, not 'localhost:"):
        AWSAccess(endpoint_url="localhost:4566")


@pytest.mark.parametrize(
    "url", ["http://", "http://bad host", "http://a..b", "ftp://aws", "http://aws:65536", 7]
)
def test_an_endpoint_that_is_none(url: Any) -> None:
    with pytest.raises(ValueError, match=f"endpoint_url .*not {url!r}"):
        AWSAccess(endpoint_url=url)


@pytest.mark.parametrize("url", ["http://localhost:4566", "https://[::1]:4566/", "http://aws"])
def test_an_endpoint_that_is_one(url: str) -> None:
    assert AWSAccess(endpoint_url=url).endpoint_url == url


def test_an_external_id_without_its_role() -> None:
    with pytest.raises(ValueError, match="external_id needs role_arn"):
        AWSAccess(external_id="shop-42")


def test_the_external_id_is_not_shown() -> None:
    assert "shop-42" not in repr(AWSAccess(role_arn=ROLE, external_id="shop-42"))


def test_variables_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "prod")
    monkeypatch.setenv("SHOP", "eu")

    assert expand_variables("/${SHOP}/${STACK}/key") == "/eu/prod/key"
    assert expand_variables("/shop/key") == "/shop/key"


def test_a_dollar_that_is_no_variable() -> None:
    with pytest.raises(ValueError, match="Invalid placeholder"):
        expand_variables("/shop/${/key")


def test_a_source_is_called_by_class_and_name() -> None:
    one = SecretsManagerKeySource(secret_id="shop", endpoint_url="https://vpce.example.com")

    assert repr(one) == "<SecretsManagerKeySource 'shop'>"


def pem_as_bytes() -> bytes:
    return private_pem("p256").encode()


@pytest.mark.parametrize("make", [as_json, partial(private_pem, "p256"), pem_as_bytes])
def test_the_key_in_place_of_its_name_is_not_shown(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="give a name in AWS, not") as caught:
        SSMKeySource(name=make())

    assert "BEGIN" not in str(caught.value)


def test_the_key_in_the_variable_of_its_name_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", as_json())

    with pytest.raises(ValueError, match="give a name in AWS, not the key itself") as caught:
        SSMKeySource(name="${SHOP_KEY}")

    assert "BEGIN" not in str(caught.value)
