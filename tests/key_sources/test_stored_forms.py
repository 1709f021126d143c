"""Secrets as people store them, read over HTTP: one reading is taken, the rest is named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from cf_protected.cloudfront.keys import public_pem
from cf_protected.exceptions import UnusableKey
from cf_protected.key_rotation.record import Record
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests import keys
from tests.cloudfront.test_other_formats import p12, putty
from tests.faults import FaultyServer
from tests.key_sources.conftest import PATIENT, as_json, put
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID
from tests.leaks import everything_shown_by

PEM = keys.private_pem("p256")
GROUP_ID = "2f1e0a6e-9f4c-4d3a-8f0e-7a1b2c3d4e5f"

#: How the JSON is changed on its way into the secret: its text, or its bytes.
TEXTS: dict[str, Callable[[], str]] = {
    "real line breaks in the string": lambda: as_json().replace("\\n", "\n"),
    "real CRLF in the string": lambda: as_json().replace("\\n", "\r\n"),
    "a tab in the string": lambda: as_json().replace("\\n", "\n\t"),
    "a byte order mark": lambda: f"\ufeff{as_json()}",
    "a byte order mark taken for text": lambda: as_json().encode("utf-8-sig").decode("latin-1"),
    "base64": lambda: base64.b64encode(as_json().encode()).decode(),
    "base64 in lines": lambda: base64.encodebytes(as_json().encode()).decode(),
    "base64 with literal \\\\n": lambda: (
        base64.encodebytes(as_json().encode()).decode().replace("\n", "\\n")
    ),
    "base64 twice": lambda: base64.b64encode(base64.b64encode(as_json().encode())).decode(),
    "base64url without padding": lambda: (
        base64.urlsafe_b64encode(as_json().encode()).decode().rstrip("=")
    ),
    "base64 of UTF-16": lambda: base64.b64encode(as_json().encode("utf-16")).decode(),
    "JSON as a JSON string": lambda: json.dumps(as_json()),
    "JSON as a JSON string, twice": lambda: json.dumps(json.dumps(as_json())),
    "base64 as a JSON string": lambda: json.dumps(base64.b64encode(as_json().encode()).decode()),
    "escaped, without its quotes": lambda: json.dumps(as_json())[1:-1],
    "the quotes of a shell": lambda: f"'{as_json()}'",
    "curly quotes": lambda: as_json().replace('"', "\u201d"),
    "indentation": lambda: json.dumps(json.loads(as_json()), indent=4),
    "blanks around it": lambda: f"\r\n  {as_json()}\n\n",
    "a blank after the ID": lambda: as_json(key_pair_id=f"{KEY_PAIR_ID} "),
    "a newline after the ID": lambda: as_json(key_pair_id=f"{KEY_PAIR_ID}\n"),
    "CRLF and a tab around the ID": lambda: as_json(key_pair_id=f"\t{KEY_PAIR_ID}\r\n"),
    "a space that doesn't break": lambda: as_json(key_pair_id=f"\u00a0{KEY_PAIR_ID}"),
    "an invisible character": lambda: as_json(key_pair_id=f"\u200b{KEY_PAIR_ID}\ufeff"),
    "quotes around the ID": lambda: as_json(key_pair_id=f'"{KEY_PAIR_ID}"'),
    "the key in base64": lambda: as_json(base64.b64encode(PEM.encode()).decode()),
    "the key with dashes of a chat": lambda: as_json(PEM.replace("-----", "\u2014\u2014-")),
    "literal \\\\n in the key": lambda: as_json(PEM.replace("\n", "\\n")),
    "other spellings": lambda: json.dumps({"KeyPairId": KEY_PAIR_ID, "PRIVATE-KEY ": PEM}),
    "no passphrase, in so many words": lambda: as_json(passphrase=None),
    "the ID twice, the same": lambda: as_json()[:-1] + f', "key_pair_id": "{KEY_PAIR_ID}"}}',
}
BYTES: dict[str, Callable[[], bytes]] = {
    "UTF-16": lambda: as_json().encode("utf-16"),
    "UTF-16 without a mark": lambda: as_json().encode("utf-16-le"),
    "UTF-16 of Unix": lambda: as_json().encode("utf-16-be"),
    "UTF-8 with a mark": lambda: as_json().encode("utf-8-sig"),
    "base64": lambda: base64.b64encode(as_json().encode()),
}


def assert_loads(source: KeySource) -> None:
    key = source.get_signing_key()
    assert key.key_pair_id == KEY_PAIR_ID
    assert public_pem(key.public_key) == keys.public_pem("p256")


def ssm_source(aws: FaultyServer, **options: Any) -> SSMKeySource:
    return SSMKeySource(endpoint_url=aws.url, **{**PATIENT, "name": "/shop/stored", **options})


def secret_source(
    aws: FaultyServer, secretsmanager: Any, request: pytest.FixtureRequest, **value: Any
) -> SecretsManagerKeySource:
    name = f"stored-{abs(hash(request.node.nodeid))}"
    secretsmanager.create_secret(Name=name, **value)
    return SecretsManagerKeySource(secret_id=name, endpoint_url=aws.url, **PATIENT)


@pytest.mark.parametrize("form", TEXTS)
def test_a_parameter(aws: FaultyServer, ssm: Any, form: str) -> None:
    put(ssm, "/shop/stored", TEXTS[form]())

    assert_loads(ssm_source(aws))


@pytest.mark.parametrize("form", TEXTS)
def test_a_secret(
    aws: FaultyServer, secretsmanager: Any, form: str, request: pytest.FixtureRequest
) -> None:
    assert_loads(secret_source(aws, secretsmanager, request, SecretString=TEXTS[form]()))


@pytest.mark.parametrize("form", BYTES)
def test_a_binary_secret(
    aws: FaultyServer, secretsmanager: Any, form: str, request: pytest.FixtureRequest
) -> None:
    assert_loads(secret_source(aws, secretsmanager, request, SecretBinary=BYTES[form]()))


@pytest.mark.parametrize("form", [*TEXTS, *BYTES])
def test_a_rotation_reads_the_same(form: str) -> None:
    forms: dict[str, Callable[[], str | bytes]] = {**TEXTS, **BYTES}

    record = Record.parse(forms[form]())

    assert record.key_pair_id == KEY_PAIR_ID
    assert record.stored("1", "It").public_key == keys.public_pem("p256")


def test_a_rotation_reads_binary_keys() -> None:
    record = Record.parse(keys.private_der("rsa"))

    assert record.stored("1", "It").public_key == keys.public_pem("rsa")


@pytest.mark.parametrize(
    "id_", [f"{KEY_PAIR_ID}\n", f" {KEY_PAIR_ID}", f'"{KEY_PAIR_ID}"', f"\ufeff{KEY_PAIR_ID}\r\n"]
)
def test_the_id_in_a_second_parameter_and_as_an_option(
    aws: FaultyServer, ssm: Any, id_: str
) -> None:
    put(ssm, "/shop/stored", PEM)
    put(ssm, "/shop/stored-id", id_)

    assert_loads(ssm_source(aws, key_pair_id_name="/shop/stored-id"))
    assert_loads(ssm_source(aws, key_pair_id=id_))


def test_the_option_and_the_json_differ_in_a_newline_only(aws: FaultyServer, ssm: Any) -> None:
    put(ssm, "/shop/stored", as_json(key_pair_id=f"{KEY_PAIR_ID} "))

    assert_loads(ssm_source(aws, key_pair_id=f"{KEY_PAIR_ID}\n"))


def test_the_id_in_a_description_that_a_person_wrote(aws: FaultyServer, kms: Any) -> None:
    description = f'{{\u201ckey_pair_id\u201d: "{KEY_PAIR_ID} "}}\n'
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description=description)
    source = KMSKeySource(key_id=made["KeyMetadata"]["KeyId"], endpoint_url=aws.url, **PATIENT)

    assert source.get_signing_key().key_pair_id == KEY_PAIR_ID


NAMED: dict[str, tuple[Callable[[], str], str]] = {
    "two keys": (
        lambda: as_json()[:-1] + f', "private_key": {json.dumps(keys.private_pem("rsa"))}}}',
        "its JSON has two values of one field",
    ),
    "two spellings": (
        lambda: as_json(privateKey=keys.private_pem("rsa")),
        "its JSON has two values of private_key",
    ),
    "two IDs": (
        lambda: as_json()[:-1] + f', "key_pair_id": "{OTHER_KEY_PAIR_ID}"}}',
        "its JSON has two values of one field",
    ),
    "a Python dict": (lambda: str(json.loads(as_json())), "it is a Python dict, not JSON"),
    "JSON Web Key": (lambda: '{"kty": "EC", "d": "s3cr3t"}', "it is a JSON Web Key"),
    "cut off": (lambda: as_json()[:100], "it starts like JSON but can't be parsed"),
    "cut off, in base64": (
        lambda: base64.b64encode(as_json()[:99].encode()).decode(),
        "it starts like JSON but can't be parsed",
    ),
    "two objects": (lambda: as_json() * 2, "it starts like JSON but can't be parsed"),
    "a number of too many digits": (
        lambda: as_json()[:-1] + ', "n": ' + "7" * 5000 + "}",
        "it starts like JSON but can't be parsed",
    ),
    "deep": (lambda: '{"a":' * 9999, "it starts like JSON but can't be parsed"),
    "a group's ID": (
        lambda: as_json(key_pair_id=GROUP_ID),
        "The key pair ID must be CloudFront's ID of the public key, such as K2JCJMDEHXQW5F: this "
        "is a key group's ID",
    ),
    "a group's ID in capitals": (
        lambda: as_json(key_pair_id=f" {GROUP_ID.upper()}\n"),
        "this is a key group's ID",
    ),
    "an access key's ID": (
        lambda: as_json(key_pair_id="AKIAIOSFODNN7EXAMPLE"),
        "this is an access key's ID",
    ),
    "ID and key swapped": (
        lambda: as_json(KEY_PAIR_ID, key_pair_id=PEM),
        "This is a key pair ID, but the key is needed: the two may be swapped",
    ),
    "PuTTY": (lambda: as_json(putty(3)), r"in PuTTY's format \(.ppk\); convert it: puttygen"),
    "PKCS #12": (
        lambda: as_json(base64.b64encode(p12()).decode()),
        "a PKCS #12 file .*; convert it: openssl pkcs12",
    ),
}


@pytest.mark.parametrize("form", NAMED)
def test_what_has_no_single_reading_is_named(aws: FaultyServer, ssm: Any, form: str) -> None:
    make, said = NAMED[form]
    value = make()
    put(ssm, "/shop/stored", value)

    with pytest.raises(UnusableKey, match=f"SSMKeySource '/shop/stored': .*({said})") as caught:
        ssm_source(aws).get_signing_key()

    shown = everything_shown_by(caught.value)
    lines = [*keys.base64_lines(PEM), *keys.base64_lines(keys.private_pem("rsa"))]
    assert not any(line[:16] in shown for line in lines)
    assert "s3cr3t" not in shown
    assert GROUP_ID not in shown


@pytest.mark.parametrize("kind", ["ssm", "secretsmanager", "kms"])
@pytest.mark.parametrize(
    ("id_", "what"),
    [
        (GROUP_ID, "this is a key group's ID"),
        (GROUP_ID.replace("-", ""), "this is a key group's ID"),
        ("K 1", "letters and digits only"),
        (PEM, r"this is a key itself. Are the two swapped\?"),
    ],
)
def test_an_option_that_is_not_a_key_pair_id(kind: str, id_: str, what: str) -> None:
    make: dict[str, Callable[[], KeySource]] = {
        "ssm": lambda: SSMKeySource(name="/shop/key", key_pair_id=id_),
        "secretsmanager": lambda: SecretsManagerKeySource(secret_id="shop", key_pair_id=id_),
        "kms": lambda: KMSKeySource(key_id="alias/shop", key_pair_id=id_),
    }

    with pytest.raises(ValueError, match=f"The key pair ID must be .*{what}") as caught:
        make[kind]()

    assert id_ not in str(caught.value)
