"""Keys in SSM Parameter Store, read over HTTP."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from cf_protected.cloudfront.keys import public_pem
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.ssm import SSMKeySource
from cf_protected.testing import KeySourceContract
from tests import keys
from tests.faults import FaultyServer, body
from tests.key_sources.conftest import PATIENT, MakeClient, as_json, put
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID
from tests.leaks import everything_shown_by


def source(aws: FaultyServer, name: str, **options: Any) -> SSMKeySource:
    return SSMKeySource(name=name, endpoint_url=aws.url, **{**PATIENT, **options})


class TestContract(KeySourceContract):
    @pytest.fixture(autouse=True)
    def prepare(self, aws: FaultyServer, parameter: str) -> None:
        self.aws, self.parameter = aws, parameter

    def make_source(self) -> SSMKeySource:
        return source(self.aws, self.parameter)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_json(aws: FaultyServer, ssm: Any, kind: Literal["rsa", "p256"]) -> None:
    put(ssm, "/shop/json", as_json(keys.private_pem(kind)))

    key = source(aws, "/shop/json").get_signing_key()

    assert key.key_pair_id == KEY_PAIR_ID
    assert public_pem(key.public_key) == keys.public_pem(kind)


def test_it_is_read_with_decryption(aws: FaultyServer, parameter: str) -> None:
    source(aws, parameter).get_signing_key()

    (request,) = aws.requests
    assert request.operation == "AmazonSSM.GetParameter"
    assert b'"WithDecryption": true' in request.body


def test_json_with_an_encrypted_key(aws: FaultyServer, ssm: Any) -> None:
    pem = keys.private_pem("p256", passphrase="zebra")
    put(ssm, "/shop/encrypted", as_json(pem, passphrase="zebra"))

    assert source(aws, "/shop/encrypted").get_signing_key().sign(b"text", "SHA256")


def test_a_pem_with_the_id_as_an_option(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/pem", keys.private_pem("p256"))

    key = source(aws, "/shop/pem", key_pair_id=OTHER_KEY_PAIR_ID).get_signing_key()

    assert key.key_pair_id == OTHER_KEY_PAIR_ID


def test_a_pem_with_its_id_in_a_second_parameter(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/pair/key", keys.private_pem("p256"))
    put(ssm, "/shop/pair/id", f"{OTHER_KEY_PAIR_ID}\n")

    one = source(aws, "/shop/pair/key", key_pair_id_name="/shop/pair/id")

    assert one.get_signing_key().key_pair_id == OTHER_KEY_PAIR_ID
    assert [request.operation for request in aws.requests] == ["AmazonSSM.GetParameters"]


def test_versions_of_both(aws: FaultyServer, ssm: Any) -> None:
    first = put(ssm, "/shop/versions/key", keys.private_pem("p256"))
    put(ssm, "/shop/versions/id", KEY_PAIR_ID)
    put(ssm, "/shop/versions/key", "replaced")
    put(ssm, "/shop/versions/id", OTHER_KEY_PAIR_ID)

    one = source(aws, f"/shop/versions/key:{first}", key_pair_id_name=f"/shop/versions/id:{first}")

    assert one.get_signing_key().key_pair_id == KEY_PAIR_ID


def test_arns_of_both(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/arns/key", keys.private_pem("p256"))
    put(ssm, "/shop/arns/id", OTHER_KEY_PAIR_ID)
    key, id_ = (arn_of(ssm, name) for name in ("/shop/arns/key", "/shop/arns/id"))

    one = source(aws, key, key_pair_id_name=id_)

    assert one.get_signing_key().key_pair_id == OTHER_KEY_PAIR_ID


@pytest.mark.parametrize("pem", [keys.private_pem("p256"), keys.private_pem("rsa")])
def test_both_names_swapped(aws: FaultyServer, ssm: Any, pem: str) -> None:
    put(ssm, "/shop/swapped/key", pem)
    put(ssm, "/shop/swapped/id", KEY_PAIR_ID)

    one = source(aws, "/shop/swapped/id", key_pair_id_name="/shop/swapped/key")
    with pytest.raises(UnusableKey, match=r"This is a key pair ID, .* swapped\.$") as caught:
        one.get_signing_key()

    shown = everything_shown_by(caught.value) + repr(vars(one))
    assert not any(line[:16] in shown for line in keys.base64_lines(pem))


@pytest.mark.parametrize("missing", ["key", "id"])
def test_one_of_both_is_missing(aws: FaultyServer, ssm: Any, missing: str) -> None:
    names = {"key": "/shop/half/key", "id": "/shop/half/id"}
    put(ssm, names["key"], keys.private_pem("p256"))
    put(ssm, names["id"], KEY_PAIR_ID)
    ssm.delete_parameter(Name=names[missing])

    one = source(aws, names["key"], key_pair_id_name=names["id"])
    with pytest.raises(KeySourceError, match=f"no parameter '{names[missing]}'.*Check") as caught:
        one.get_signing_key()

    shown = everything_shown_by(caught.value)
    assert not any(line in shown for line in keys.base64_lines(keys.private_pem("p256")))


def test_a_version(aws: FaultyServer, ssm: Any) -> None:
    first = put(ssm, "/shop/version", as_json())
    put(ssm, "/shop/version", as_json(key_pair_id=OTHER_KEY_PAIR_ID))

    assert source(aws, f"/shop/version:{first}").get_signing_key().key_pair_id == KEY_PAIR_ID


def test_a_label(aws: FaultyServer, ssm: Any) -> None:
    first = put(ssm, "/shop/label", as_json())
    put(ssm, "/shop/label", as_json(key_pair_id=OTHER_KEY_PAIR_ID))
    ssm.label_parameter_version(Name="/shop/label", ParameterVersion=first, Labels=["live"])

    assert source(aws, "/shop/label:live").get_signing_key().key_pair_id == KEY_PAIR_ID


def arn_of(ssm: Any, name: str) -> str:
    return str(ssm.get_parameter(Name=name)["Parameter"]["ARN"])


def test_an_arn(aws: FaultyServer, ssm: Any, parameter: str) -> None:
    assert source(aws, arn_of(ssm, parameter)).get_signing_key().key_pair_id == KEY_PAIR_ID


def test_a_secret_of_secrets_manager(aws: FaultyServer, ssm: Any, secretsmanager: Any) -> None:
    secretsmanager.create_secret(Name="shop-by-reference", SecretString=as_json())

    one = source(aws, "/aws/reference/secretsmanager/shop-by-reference")

    assert one.get_signing_key().key_pair_id == KEY_PAIR_ID


def test_a_stack_of_the_environment(
    aws: FaultyServer, ssm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ssm, "/shop/stage/cloudfront", keys.private_pem("p256"))
    put(ssm, "/shop/stage/cloudfront-id", OTHER_KEY_PAIR_ID)
    monkeypatch.setenv("STACK", "stage")

    one = source(aws, "/shop/${STACK}/cloudfront", key_pair_id_name="/shop/${STACK}/cloudfront-id")

    assert one.get_signing_key().key_pair_id == OTHER_KEY_PAIR_ID
    assert repr(one) == "<SSMKeySource '/shop/stage/cloudfront'>"


@pytest.mark.parametrize("option", ["name", "key_pair_id_name"])
def test_a_stack_that_is_not_set(option: str) -> None:
    names = {"name": "/shop/key", option: "/shop/${NO_SUCH_STACK}/key"}

    with pytest.raises(ValueError, match="the environment variable NO_SUCH_STACK, which isn't set"):
        SSMKeySource(**names)


@pytest.mark.parametrize("name", ["", None, 7])
def test_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(ValueError, match="give a name in AWS, not"):
        SSMKeySource(name=name)


def test_the_id_comes_from_one_place() -> None:
    with pytest.raises(TypeError, match="not both"):
        SSMKeySource(name="/shop/key", key_pair_id="K1", key_pair_id_name="/shop/id")


def test_a_missing_parameter(aws: FaultyServer) -> None:
    with pytest.raises(KeySourceError) as caught:
        source(aws, "/shop/missing").get_signing_key()

    assert str(caught.value) == (
        "SSMKeySource '/shop/missing' in eu-central-1: ParameterNotFound: Parameter /shop/missing "
        "not found. Check its name, account and Region."
    )


def test_a_parameter_of_another_region(aws: FaultyServer, clients: MakeClient) -> None:
    put(clients("ssm", "us-east-1"), "/shop/us-only", as_json())

    assert source(aws, "/shop/us-only", region="us-east-1").get_signing_key()
    with pytest.raises(KeySourceError, match="in eu-central-1: ParameterNotFound"):
        source(aws, "/shop/us-only").get_signing_key()


def test_a_missing_version(aws: FaultyServer, parameter: str) -> None:
    with pytest.raises(
        KeySourceError, match=r"ParameterVersionNotFound: .*\. Check the version or label"
    ):
        source(aws, f"{parameter}:7").get_signing_key()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"Parameter": {}}', b"<html>", b"[1]", b"null", b"\xff"]
)
def test_an_answer_that_is_not_of_aws(aws: FaultyServer, parameter: str, content: bytes) -> None:
    aws.fault = body(content)

    with pytest.raises(KeySourceError, match="Check what is between here and AWS"):
        source(aws, parameter).get_signing_key()


@pytest.mark.parametrize("content", [b"{}", b'{"Parameters": [{}]}'])
def test_an_answer_to_two_names_that_is_not_of_aws(aws: FaultyServer, content: bytes) -> None:
    aws.fault = body(content)

    one = source(aws, "/shop/key", key_pair_id_name="/shop/id")
    with pytest.raises(KeySourceError, match="no parameter '/shop/key' and no '/shop/id'"):
        one.get_signing_key()


def test_a_value_that_is_no_key(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/public", as_json(keys.public_pem("p256")))

    with pytest.raises(UnusableKey, match="SSMKeySource '/shop/public': This is a public key"):
        source(aws, "/shop/public").get_signing_key()


def test_what_it_has_to_be_allowed() -> None:
    one, two = SSMKeySource(name="/key"), SSMKeySource(name="/key", key_pair_id_name="/id")

    assert (one.actions, two.actions) == (("ssm:GetParameter",), ("ssm:GetParameters",))
