"""Calls that fail say what to do, and never what was sent."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from cf_protected.exceptions import AWSError
from cf_protected.key_rotation.aws import ask
from cf_protected.key_rotation.record import Record
from cf_protected.key_rotation.stores.ssm import SSMStore
from tests.keys import base64_lines, private_pem
from tests.leaks import everything_shown_by


def test_a_denied_call_names_the_permission() -> None:
    class Client:
        meta = boto3.client("ssm", region_name="eu-central-1").meta

        def put_parameter(self, **parameters: str) -> None:
            details = {"Code": "AccessDeniedException", "Message": "No.\n"}
            raise boto3.client("ssm", region_name="eu-central-1").exceptions.ClientError(
                {"Error": details}, "PutParameter"
            )

    with pytest.raises(AWSError) as error:
        ask(Client(), "put_parameter", Value=private_pem("p256"))

    assert str(error.value) == (
        "ssm:PutParameter: AccessDeniedException: No. Allow ssm:PutParameter."
    )
    assert error.value.code == "AccessDeniedException"


def assert_no_key_in(error: BaseException, pem: str) -> None:
    shown = everything_shown_by(error)
    assert [line for line in base64_lines(pem) if line in shown] == []


def test_a_refused_write_shows_no_key(closed: Any) -> None:
    pem = private_pem("p256")
    store = SSMStore(closed, "/a")

    with pytest.raises(AWSError, match=r"ssm:PutParameter: EndpointConnectionError") as error:
        store._ask("put_parameter", Name="/a", Value=Record(pem).dumps(), Type="SecureString")

    assert_no_key_in(error.value, pem)


def test_a_parameter_that_does_not_fit_shows_no_key(closed: Any) -> None:
    pem = private_pem("p256")

    with pytest.raises(AWSError, match="ParamValidationError") as error:
        ask(closed, "put_parameter", Name="/a", Value=[pem], Type="SecureString")

    assert_no_key_in(error.value, pem)


@pytest.fixture
def closed() -> Any:
    """A client whose endpoint doesn't answer."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5)
    url = "http://127.0.0.1:9"
    return boto3.client("ssm", endpoint_url=url, region_name="eu-central-1", config=config)
