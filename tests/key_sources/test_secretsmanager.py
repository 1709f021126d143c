"""Keys in Secrets Manager, read over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.cloudfront.keys import public_pem
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.testing import KeySourceContract
from tests import keys
from tests.faults import FaultyServer, body
from tests.key_sources.conftest import PATIENT, as_json
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID


@pytest.fixture
def secret(secretsmanager: Any, request: pytest.FixtureRequest) -> str:
    """The name of a secret with a current and a previous key, one for each test."""
    name = f"shop-{abs(hash(request.node.nodeid))}"
    secretsmanager.create_secret(Name=name, SecretString=as_json(key_pair_id=OTHER_KEY_PAIR_ID))
    secretsmanager.put_secret_value(SecretId=name, SecretString=as_json())
    return name


def source(aws: FaultyServer, secret_id: str, **options: Any) -> SecretsManagerKeySource:
    return SecretsManagerKeySource(
        secret_id=secret_id, endpoint_url=aws.url, **{**PATIENT, **options}
    )


class TestContract(KeySourceContract):
    @pytest.fixture(autouse=True)
    def prepare(self, aws: FaultyServer, secret: str) -> None:
        self.aws, self.secret = aws, secret

    def make_source(self) -> SecretsManagerKeySource:
        return source(self.aws, self.secret)


def test_the_current_value(aws: FaultyServer, secret: str) -> None:
    key = source(aws, secret).get_signing_key()

    assert key.key_pair_id == KEY_PAIR_ID
    assert public_pem(key.public_key) == keys.public_pem("p256")


def test_another_stage(aws: FaultyServer, secret: str) -> None:
    key = source(aws, secret, version_stage="AWSPREVIOUS").get_signing_key()

    assert key.key_pair_id == OTHER_KEY_PAIR_ID


def test_a_version(aws: FaultyServer, secretsmanager: Any, secret: str) -> None:
    answer = secretsmanager.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")

    key = source(aws, secret, version_id=answer["VersionId"]).get_signing_key()

    assert key.key_pair_id == OTHER_KEY_PAIR_ID


def test_stage_and_version_together() -> None:
    with pytest.raises(TypeError, match="not both"):
        SecretsManagerKeySource(secret_id="shop", version_stage="AWSPREVIOUS", version_id="1")


def test_an_arn(aws: FaultyServer, secretsmanager: Any, secret: str) -> None:
    arn = secretsmanager.describe_secret(SecretId=secret)["ARN"]

    assert source(aws, arn).get_signing_key().key_pair_id == KEY_PAIR_ID


@pytest.mark.parametrize(
    "value",
    [keys.private_pem("p256").encode(), keys.private_der("p256")],
    ids=["PEM", "DER"],
)
def test_a_binary_value(aws: FaultyServer, secretsmanager: Any, secret: str, value: bytes) -> None:
    secretsmanager.put_secret_value(SecretId=secret, SecretBinary=value)

    key = source(aws, secret, key_pair_id=KEY_PAIR_ID).get_signing_key()

    assert public_pem(key.public_key) == keys.public_pem("p256")


def test_binary_json(aws: FaultyServer, secretsmanager: Any, secret: str) -> None:
    secretsmanager.put_secret_value(SecretId=secret, SecretBinary=as_json().encode())

    assert source(aws, secret).get_signing_key().key_pair_id == KEY_PAIR_ID


def test_a_stack_of_the_environment(
    aws: FaultyServer, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK", secret.removeprefix("shop-"))

    assert source(aws, "shop-${STACK}").get_signing_key()


def test_a_missing_secret(aws: FaultyServer) -> None:
    with pytest.raises(
        KeySourceError,
        match=r"SecretsManagerKeySource 'none' in eu-central-1: ResourceNotFoundException: .*\. "
        "Check its name, account and Region",
    ):
        source(aws, "none").get_signing_key()


def test_a_missing_stage(aws: FaultyServer, secret: str) -> None:
    with pytest.raises(KeySourceError, match=r"ResourceNotFoundException: .*\. Check its name"):
        source(aws, secret, version_stage="NO_SUCH_STAGE").get_signing_key()


def test_a_deleted_secret(aws: FaultyServer, secretsmanager: Any, secret: str) -> None:
    secretsmanager.delete_secret(SecretId=secret)

    with pytest.raises(KeySourceError, match="is it to be deleted"):
        source(aws, secret).get_signing_key()


def test_an_answer_that_is_not_of_aws(aws: FaultyServer, secret: str) -> None:
    aws.fault = body(b"{}")

    with pytest.raises(KeySourceError, match=r"the answer holds no value. Check what is"):
        source(aws, secret).get_signing_key()


def test_an_empty_value(aws: FaultyServer, secretsmanager: Any, secret: str) -> None:
    aws.fault = body(b'{"SecretString": ""}')

    with pytest.raises(UnusableKey, match=f"'{secret}': The private key is empty"):
        source(aws, secret, key_pair_id=KEY_PAIR_ID).get_signing_key()
