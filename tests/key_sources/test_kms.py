"""Keys that stay in KMS: what it signs is verified by OpenSSL."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from cf_protected.cloudfront.keys import SigningKey, public_pem
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.kms import MAX_RAW_BYTES, KMSKeySource
from cf_protected.testing import KeySourceContract
from tests.faults import FaultyServer, body, reset
from tests.key_sources.conftest import PATIENT, REGION
from tests.keys import KEY_PAIR_ID

SPECS = ["ECC_NIST_P256", "RSA_2048"]
each_spec = pytest.mark.parametrize("spec", SPECS)


def make_key(kms: Any, spec: str, usage: str = "SIGN_VERIFY") -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"])


def source(url: str, key_id: str, **options: Any) -> KMSKeySource:
    return KMSKeySource(
        key_id=key_id, key_pair_id=KEY_PAIR_ID, endpoint_url=url, **{**PATIENT, **options}
    )


def openssl_verifies(key: SigningKey, signature: bytes, message: bytes, folder: Path) -> bool:
    public, signed = folder / "public.pem", folder / "signature"
    public.write_text(public_pem(key.public_key))
    signed.write_bytes(signature)
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", public, "-signature", signed],
        input=message,
        capture_output=True,
        check=False,
    )
    return done.stdout == b"Verified OK\n"


@each_spec
class TestContract(KeySourceContract):
    @pytest.fixture(autouse=True)
    def prepare(self, aws: FaultyServer, kms: Any, spec: str) -> None:
        self.url, self.key_id = aws.url, make_key(kms, spec)

    def make_source(self) -> KMSKeySource:
        return source(self.url, self.key_id)


@each_spec
def test_openssl_verifies_what_it_signs(
    aws: FaultyServer, kms: Any, spec: str, tmp_path: Path
) -> None:
    key = source(aws.url, make_key(kms, spec)).get_signing_key()

    signature = key.sign(b"text", "SHA256")

    assert openssl_verifies(key, signature, b"text", tmp_path)
    assert not openssl_verifies(key, signature, b"Text", tmp_path)


@pytest.fixture
def exact_kms(ministack: str) -> Any:
    return boto3.client("kms", endpoint_url=ministack, region_name=REGION)


@each_spec
@pytest.mark.parametrize("size", [MAX_RAW_BYTES, MAX_RAW_BYTES + 1])
def test_messages_of_every_size(
    ministack: str, exact_kms: Any, spec: str, size: int, tmp_path: Path
) -> None:
    key = source(ministack, make_key(exact_kms, spec)).get_signing_key()
    message = b"x" * size

    assert openssl_verifies(key, key.sign(message, "SHA256"), message, tmp_path)


@pytest.mark.parametrize(("size", "kind"), [(4096, "RAW"), (4097, "DIGEST")])
def test_kms_gets_what_it_takes(aws: FaultyServer, kms: Any, size: int, kind: str) -> None:
    key = source(aws.url, make_key(kms, "ECC_NIST_P256")).get_signing_key()

    key.sign(b"x" * size, "SHA256")

    sent = json.loads(aws.requests[-1].body)
    assert sent["MessageType"] == kind
    assert len(base64.b64decode(sent["Message"])) == (size if kind == "RAW" else 32)


def test_the_public_key_is_read_once(aws: FaultyServer, kms: Any) -> None:
    one = source(aws.url, make_key(kms, "RSA_2048"))

    for message in (b"one", b"two"):
        one.get_signing_key().sign(message, "SHA256")

    operations = [request.operation.partition(".")[2] for request in aws.requests]
    assert operations == ["GetPublicKey", "Sign", "Sign"]


def test_an_alias_that_is_pointed_elsewhere_changes_nothing(
    aws: FaultyServer, kms: Any, tmp_path: Path
) -> None:
    kms.create_alias(AliasName="alias/shop", TargetKeyId=make_key(kms, "ECC_NIST_P256"))
    key = source(aws.url, "alias/shop").get_signing_key()

    kms.update_alias(AliasName="alias/shop", TargetKeyId=make_key(kms, "ECC_NIST_P256"))

    assert openssl_verifies(key, key.sign(b"text", "SHA256"), b"text", tmp_path)


def test_sha1_is_refused_without_asking(aws: FaultyServer, kms: Any) -> None:
    key = source(aws.url, make_key(kms, "RSA_2048")).get_signing_key()
    asked = len(aws.requests)

    with pytest.raises(KeySourceError, match=r"KMS can't sign with SHA1. Set HASH_ALGORITHM"):
        key.sign(b"text", "SHA1")

    assert len(aws.requests) == asked


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("ECC_NIST_P384", "on secp384r1"),
        ("ECC_SECG_P256K1", "on secp256k1"),
        ("RSA_4096", "4096 bits"),
    ],
)
def test_other_specs_are_refused(aws: FaultyServer, kms: Any, spec: str, found: str) -> None:
    with pytest.raises(
        UnusableKey, match=rf"{found}\. Make a KMS key of ECC_NIST_P256 or RSA_2048"
    ):
        source(aws.url, make_key(kms, spec)).get_signing_key()


def test_a_key_to_encrypt_with_is_refused(aws: FaultyServer, kms: Any) -> None:
    key_id = make_key(kms, "RSA_2048", "ENCRYPT_DECRYPT")

    with pytest.raises(UnusableKey, match=r"the key is for ENCRYPT_DECRYPT. Make one for SIGN"):
        source(aws.url, key_id).get_signing_key()


def test_a_missing_key(aws: FaultyServer) -> None:
    with pytest.raises(KeySourceError, match=r"'alias/none' in eu-central-1: NotFoundException: "):
        source(aws.url, "alias/none").get_signing_key()


def test_a_disabled_key_signs_no_more(ministack: str, exact_kms: Any) -> None:
    key_id = make_key(exact_kms, "ECC_NIST_P256")
    key = source(ministack, key_id).get_signing_key()
    exact_kms.disable_key(KeyId=key_id)

    with pytest.raises(KeySourceError, match=r"DisabledException: .*\. Enable the KMS key"):
        key.sign(b"text", "SHA256")


@pytest.mark.parametrize("content", [b"{}", b'{"KeyId": "1", "KeyUsage": "SIGN_VERIFY"}', b"<p>"])
def test_an_answer_that_is_not_of_aws(aws: FaultyServer, kms: Any, content: bytes) -> None:
    key_id = make_key(kms, "RSA_2048")
    key = source(aws.url, key_id).get_signing_key()
    aws.fault = body(content)

    with pytest.raises(KeySourceError, match="the answer holds no value"):
        key.sign(b"text", "SHA256")
    with pytest.raises(KeySourceError, match="the answer holds no value"):
        source(aws.url, key_id).get_signing_key()


def test_kms_that_breaks_off_is_said_at_signing(aws: FaultyServer, kms: Any) -> None:
    key = source(aws.url, make_key(kms, "RSA_2048"), max_attempts=1).get_signing_key()
    aws.fault = reset

    with pytest.raises(KeySourceError, match=r"ConnectionClosedError: .*Check the Region"):
        key.sign(b"text", "SHA256")


def test_the_key_shows_its_id_alone(aws: FaultyServer, kms: Any) -> None:
    one = source(aws.url, make_key(kms, "RSA_2048"))

    assert repr(one.get_signing_key()) == f"<KMSSigningKey {KEY_PAIR_ID}>"
    assert one.hash_algorithms == ("SHA256",)


def described(kms: Any, spec: str, key_pair_id: str) -> str:
    """A KMS key whose description has its ID at CloudFront."""
    key_id = make_key(kms, spec)
    kms.update_key_description(KeyId=key_id, Description=json.dumps({"key_pair_id": key_pair_id}))
    return key_id


def test_an_alias_moves_the_key_and_its_id(aws: FaultyServer, kms: Any, tmp_path: Path) -> None:
    kms.create_alias(AliasName="alias/moved", TargetKeyId=described(kms, "ECC_NIST_P256", "K1"))
    one = KMSKeySource(key_id="alias/moved", endpoint_url=aws.url, **PATIENT)
    old = one.get_signing_key()

    kms.update_alias(AliasName="alias/moved", TargetKeyId=described(kms, "RSA_2048", "K2"))

    new = one.get_signing_key()
    assert (old.key_pair_id, new.key_pair_id) == ("K1", "K2")
    for key in (old, new):
        assert openssl_verifies(key, key.sign(b"text", "SHA256"), b"text", tmp_path)


@pytest.mark.parametrize("description", ["", "My key", "[]", "{}"])
def test_a_description_without_an_id(aws: FaultyServer, kms: Any, description: str) -> None:
    key_id = make_key(kms, "RSA_2048")
    kms.update_key_description(KeyId=key_id, Description=description)

    with pytest.raises(UnusableKey, match="the key's description has no key_pair_id"):
        KMSKeySource(key_id=key_id, endpoint_url=aws.url, **PATIENT).get_signing_key()


def test_an_answer_about_the_key_that_is_not_of_aws(aws: FaultyServer, kms: Any) -> None:
    key_id = make_key(kms, "RSA_2048")
    aws.fault = body(b"{}")

    with pytest.raises(KeySourceError, match="the answer holds no value"):
        KMSKeySource(key_id=key_id, endpoint_url=aws.url, **PATIENT).get_signing_key()


def test_a_described_key_needs_another_permission() -> None:
    assert KMSKeySource(key_id="alias/any").actions[0] == "kms:DescribeKey"
