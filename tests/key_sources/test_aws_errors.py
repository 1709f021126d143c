"""Each thing that goes wrong in AWS: one line that says where, what and what to do, no secret."""

from __future__ import annotations

import json
import logging
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import RequestFactory
from django.views.debug import technical_500_response

from cf_protected.exceptions import CFProtectedError, KeySourceError, UnusableKey
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests import keys
from tests.faults import THROTTLED, Answer, Fault, FaultyServer, body, cut_off, refusal, reset
from tests.key_sources.conftest import PATIENT, as_json, free_port, put
from tests.leaks import everything_shown_by

PASSPHRASE = "zebra-crossing"


def source(aws: FaultyServer, name: str = "/shop/key", **options: Any) -> SSMKeySource:
    return SSMKeySource(
        name=name, endpoint_url=aws.url, **{**PATIENT, "max_attempts": 1, **options}
    )


def problem_of(one: Any) -> str:
    with pytest.raises(KeySourceError) as caught:
        one.get_signing_key()
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.__context__ is None
    return message


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            refusal("AccessDeniedException", "User: arn:aws:iam::1:role/web is not authorized."),
            "AccessDeniedException: User: arn:aws:iam::1:role/web is not authorized. Allow "
            "ssm:GetParameter (and kms:Decrypt, if a KMS key of your own encrypts it).",
        ),
        (
            refusal("ParameterNotFound"),
            "ParameterNotFound. Check its name, account and Region.",
        ),
        (
            refusal("InvalidKeyId", "Ciphertext refers to a customer key that is disabled"),
            "InvalidKeyId: Ciphertext refers to a customer key that is disabled. Check the KMS "
            "key that encrypts it.",
        ),
        (
            refusal("ExpiredTokenException", "The security token is expired"),
            "ExpiredTokenException: The security token is expired. Renew or correct the "
            "credentials.",
        ),
        (
            THROTTLED,
            "ThrottlingException: Rate exceeded. Raise the quota, or run fewer processes.",
        ),
        (
            refusal("InternalServerError", "Oh\n no", status=500),
            "InternalServerError: Oh no. Try the same with the AWS CLI.",
        ),
    ],
)
def test_refusals_of_aws(aws: FaultyServer, fault: Fault, said: str) -> None:
    aws.fault = fault

    assert problem_of(source(aws)) == f"SSMKeySource '/shop/key' in eu-central-1: {said}"


def test_secrets_manager_that_cannot_decrypt(aws: FaultyServer) -> None:
    aws.fault = refusal("DecryptionFailure")
    one = SecretsManagerKeySource(secret_id="shop", endpoint_url=aws.url, **PATIENT)

    assert "DecryptionFailure. Check the KMS key that encrypts it." in problem_of(one)


def test_kms_names_what_it_needs(aws: FaultyServer) -> None:
    aws.fault = refusal("AccessDeniedException")
    one = KMSKeySource(key_id="alias/shop", key_pair_id="K1", endpoint_url=aws.url, **PATIENT)

    assert "Allow kms:GetPublicKey and kms:Sign (and" in problem_of(one)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (reset, "ConnectionClosedError: "),
        # Which of the two depends on botocore's version.
        (cut_off, "the answer holds no value|ConnectionClosedError: "),
        (body(b"not JSON"), "the answer holds no value"),
        (lambda _: Answer(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"), "502"),
    ],
    ids=["reset", "cut off", "wrong body", "bad gateway"],
)
def test_faults_between_here_and_aws(
    aws: FaultyServer, parameter: str, fault: Fault, said: str
) -> None:
    aws.fault = fault

    assert re.search(said, problem_of(source(aws, parameter)))


def test_nobody_listens() -> None:
    one = SSMKeySource(
        name="/shop/key", endpoint_url=f"http://127.0.0.1:{free_port()}", max_attempts=1
    )

    assert re.search("EndpointConnectionError: .*Check the Region, the endpoint", problem_of(one))


def test_no_credentials(aws: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    for options in ({}, {"role_arn": "arn:aws:iam::123456789012:role/shop"}):
        assert problem_of(source(aws, **options)).endswith(
            ": NoCredentialsError: Unable to locate credentials. Give the process a role, a "
            "profile or credentials."
        )


def test_no_region(aws: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert problem_of(source(aws)) == (
        "SSMKeySource '/shop/key': NoRegionError: You must specify a region. Give the option "
        "region."
    )


def test_an_unknown_profile(aws: FaultyServer) -> None:
    assert problem_of(source(aws, profile="shpo")) == (
        "SSMKeySource '/shop/key': ProfileNotFound: The config profile (shpo) could not be found. "
        "Correct the option profile, or AWS_PROFILE."
    )


def test_a_region_that_is_none(aws: FaultyServer) -> None:
    assert "InvalidRegionError: " in problem_of(source(aws, region="eu central 1"))


def test_a_token_file_that_is_missing(aws: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/shop")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token")

    assert "FileNotFoundError: [Errno 2] No such file" in problem_of(source(aws))


def test_a_role_that_may_not_be_assumed(aws: FaultyServer) -> None:
    aws.fault = lambda _: Answer(
        403,
        {"Content-Type": "text/xml"},
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: "
        b"sts:AssumeRole</Message></Error></ErrorResponse>",
    )

    said = problem_of(source(aws, role_arn="arn:aws:iam::123456789012:role/shop"))

    assert "AccessDenied: not authorized to perform: sts:AssumeRole. Allow" in said


def test_an_answer_of_sts_that_is_none(aws: FaultyServer) -> None:
    aws.fault = body(b"<hunter2")

    said = problem_of(source(aws, role_arn="arn:aws:iam::123456789012:role/shop"))

    assert "UnreadableAnswer. Check what is between here and AWS" in said
    assert "hunter2" not in said


# Values that are no key


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{not JSON", "it starts like JSON but can't be parsed. Store"),
        ('{"key_pair_id": "K1"}', "its JSON has key_pair_id. Store"),
        ("{}", "its JSON has no fields. Store"),
        ('{"pem": "x", "id": "y"}', "its JSON has pem, id. Store"),
        ('{"key_pair_id": "K1", "private_key": 7}', "its private_key is int, not text. Store"),
        ('{"key_pair_id": null, "private_key": "x"}', "its key_pair_id is NoneType, not text"),
        ('{"private_key": "x"}', "its JSON has no key_pair_id. Store"),
        ('{"key_pair_id": "K 1", "private_key": "x"}', "can't be read|key pair ID has to be"),
        ("no JSON", "it isn't JSON, and the option key_pair_id is missing. Give it, or store"),
    ],
)
def test_values_that_are_no_key(aws: FaultyServer, ssm: Any, value: str, said: str) -> None:
    put(ssm, "/shop/wrong", value)

    with pytest.raises(UnusableKey, match=f"SSMKeySource '/shop/wrong': .*({said})") as caught:
        source(aws, "/shop/wrong").get_signing_key()
    assert "\n" not in str(caught.value)


def test_other_fields_of_the_json_are_left_alone(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/more", as_json(created=20260504, by={"name": "rotation"}))

    assert source(aws, "/shop/more").get_signing_key()


def test_the_option_may_repeat_the_id(aws: FaultyServer, parameter: str) -> None:
    assert source(aws, parameter, key_pair_id=keys.KEY_PAIR_ID).get_signing_key()


def test_the_option_may_add_the_id(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/bare", json.dumps({"private_key": keys.private_pem("p256")}))

    key = source(aws, "/shop/bare", key_pair_id=keys.KEY_PAIR_ID).get_signing_key()

    assert key.key_pair_id == keys.KEY_PAIR_ID


def test_the_option_may_not_contradict(aws: FaultyServer, parameter: str) -> None:
    with pytest.raises(UnusableKey, match=r"its key_pair_id isn't the option's\. Leave"):
        source(aws, parameter, key_pair_id="K1").get_signing_key()


def test_the_key_in_place_of_its_id_is_not_shown(aws: FaultyServer, parameter: str) -> None:
    with pytest.raises(UnusableKey) as caught:
        source(aws, parameter, key_pair_id=as_json(PEM)).get_signing_key()

    assert "BEGIN" not in str(caught.value)


# No secret anywhere

PEM = keys.private_pem("p256")
LEAKING: dict[str, Callable[[], str]] = {
    "cut JSON": lambda: as_json(PEM)[:-1],
    "key in another field": lambda: as_json(PEM).replace("private_key", "pem"),
    "key as a field": lambda: as_json(PEM).replace('"private_key": ', '"a": "b", ')[:-1] + ': ""}',
    "key as the ID": lambda: as_json("x", key_pair_id=PEM),
    "lines as the ID": lambda: as_json(PEM, key_pair_id="".join(keys.base64_lines(PEM))),
    "two keys": lambda: as_json(PEM * 2),
    "damaged key": lambda: as_json(PEM.replace("M", "?", 1)),
    "cut key": lambda: as_json(PEM[:-40]),
    "passphrase": lambda: as_json(PEM, passphrase=PASSPHRASE),
    "wrong passphrase": lambda: as_json(
        keys.private_pem("p256", passphrase="another"), passphrase=PASSPHRASE
    ),
    "bare key": lambda: PEM,
}


def secrets_in(value: str) -> list[str]:
    """Pieces of 16 characters of what stands in the value, and the passphrase."""
    bodies = re.findall(r"[A-Za-z0-9+/]{32,}", value)
    return [PASSPHRASE, *(text[at : at + 16] for text in bodies for at in range(0, 32, 8))]


def assert_clean(shown: str, value: str) -> None:
    assert [secret for secret in secrets_in(value) if secret in shown] == []


def debug_page(error: BaseException) -> str:
    request = RequestFactory().get("/")
    response = technical_500_response(
        request, type(error), error, error.__traceback__ and error.__traceback__.tb_next
    )
    return response.content.decode()


@pytest.mark.parametrize("name", LEAKING)
def test_a_bad_value_is_shown_nowhere(
    aws: FaultyServer, ssm: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = LEAKING[name]()
    assert secrets_in(value)[1:]
    put(ssm, "/shop/leak", value)
    one = source(aws, "/shop/leak")
    caplog.clear()

    with caplog.at_level(logging.DEBUG), pytest.raises(CFProtectedError) as caught:
        one.get_signing_key()

    shown = [everything_shown_by(caught.value), debug_page(caught.value), repr(vars(one))]
    assert_clean("".join([*shown, logged(caplog)]), value)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All records, with what was given to format them."""
    return "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


@pytest.mark.parametrize("fault", [cut_off, body(PEM.encode()), body(b"[%r]" % PEM.encode())])
def test_a_spoilt_answer_is_shown_nowhere(
    aws: FaultyServer, parameter: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    aws.fault = fault
    with caplog.at_level(logging.DEBUG), pytest.raises(KeySourceError) as caught:
        source(aws, parameter).get_signing_key()

    shown = everything_shown_by(caught.value) + debug_page(caught.value) + logged(caplog)
    assert_clean(shown, PEM)


def test_a_good_value_is_shown_nowhere(
    aws: FaultyServer, ssm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    value = as_json(keys.private_pem("p256", passphrase=PASSPHRASE), passphrase=PASSPHRASE)
    put(ssm, "/shop/good", value)
    caplog.clear()
    one = source(aws, "/shop/good", role_arn="arn:aws:iam::123456789012:role/shop")

    with caplog.at_level(logging.DEBUG):
        key = one.get_signing_key()

    assert "botocore" in logged(caplog)
    assert_clean(f"{key!r} {vars(key)} {one!r} {vars(one)} {logged(caplog)}", value)
    assert "<SecretAccessKey>" not in logged(caplog)


def test_other_clients_are_logged_as_ever(
    aws: FaultyServer, parameter: str, ssm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source(aws, parameter).get_signing_key()
    caplog.clear()

    with caplog.at_level(logging.DEBUG, "botocore.parsers"):
        ssm.describe_parameters()

    assert "Response body" in caplog.text


def test_a_key_does_not_go_into_djangos_cache(aws: FaultyServer, parameter: str) -> None:
    key = source(aws, parameter).get_signing_key()

    with pytest.raises(TypeError, match="can't be pickled"):
        caches["default"].set("key", key)
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(key)
