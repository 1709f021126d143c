"""Keys load from every form that they are kept in, and don't reveal themselves."""

from __future__ import annotations

import copy
import pickle
import subprocess
from typing import Any, Literal

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cf_protected.cloudfront.keys import (
    ECDSASigningKey,
    HashAlgorithm,
    RSASigningKey,
    SigningKey,
    check_key,
    is_signed_by,
    load_private_key,
    load_public_key,
    public_pem,
)
from cf_protected.exceptions import UnusableKey
from tests import keys

PASSPHRASE = "zebra-crossing"
FORMS: list[tuple[Literal["rsa", "p256"], keys.Form]] = [
    ("rsa", "PKCS1"),
    ("rsa", "PKCS8"),
    ("p256", "SEC1"),
    ("p256", "PKCS8"),
]
each_form = pytest.mark.parametrize(("kind", "form"), FORMS)


def assert_is(loaded: SigningKey, kind: keys.Kind) -> None:
    assert loaded.key_pair_id == keys.KEY_PAIR_ID
    assert public_pem(loaded.public_key) == keys.public_pem(kind)
    assert is_signed_by(loaded.public_key, loaded.sign(b"text", "SHA256"), b"text", "SHA256")


@each_form
def test_pem(kind: keys.Kind, form: keys.Form) -> None:
    pem = keys.private_pem(kind, form)
    assert_is(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID), kind)


@each_form
def test_pem_as_bytes(kind: keys.Kind, form: keys.Form) -> None:
    pem = keys.private_pem(kind, form).encode()
    assert_is(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID), kind)


@each_form
def test_der(kind: keys.Kind, form: keys.Form) -> None:
    der = keys.private_der(kind, form)
    assert_is(load_private_key(der, key_pair_id=keys.KEY_PAIR_ID), kind)


@each_form
def test_pem_with_windows_line_endings(kind: keys.Kind, form: keys.Form) -> None:
    pem = keys.private_pem(kind, form).replace("\n", "\r\n")
    assert_is(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID), kind)


@each_form
def test_pem_among_blank_lines(kind: keys.Kind, form: keys.Form) -> None:
    pem = f"\n\n  {keys.private_pem(kind, form)}\n  \n"
    assert_is(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID), kind)


@each_form
@pytest.mark.parametrize("passphrase", [PASSPHRASE, PASSPHRASE.encode()], ids=["str", "bytes"])
def test_encrypted_pem(kind: keys.Kind, form: keys.Form, passphrase: str | bytes) -> None:
    pem = keys.private_pem(kind, form, PASSPHRASE)
    loaded = load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID, passphrase=passphrase)
    assert_is(loaded, kind)


@each_form
def test_encrypted_pem_with_windows_line_endings(kind: keys.Kind, form: keys.Form) -> None:
    pem = keys.private_pem(kind, form, PASSPHRASE).replace("\n", "\r\n")
    loaded = load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID, passphrase=PASSPHRASE)
    assert_is(loaded, kind)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_encrypted_der(kind: keys.Kind) -> None:
    der = keys.private_der(kind, "PKCS8", PASSPHRASE)
    loaded = load_private_key(der, key_pair_id=keys.KEY_PAIR_ID, passphrase=PASSPHRASE)
    assert_is(loaded, kind)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_an_empty_passphrase_means_none(kind: keys.Kind) -> None:
    pem = keys.private_pem(kind)
    assert_is(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID, passphrase=""), kind)


@pytest.mark.parametrize(
    "command",
    [
        "openssl genrsa 2048",
        "openssl ecparam -genkey -name prime256v1",
        "openssl ecparam -genkey -name prime256v1 -noout",
    ],
)
def test_keys_from_openssl(command: str) -> None:
    pem = subprocess.run(command.split(), capture_output=True, check=True).stdout
    assert load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID).sign(b"text", "SHA1")


def test_each_type_of_key_has_a_class() -> None:
    rsa_key, p256_key = (
        load_private_key(keys.private_pem(kind), key_pair_id="K0") for kind in ("rsa", "p256")
    )
    assert isinstance(rsa_key, RSASigningKey)
    assert isinstance(p256_key, ECDSASigningKey)


@pytest.mark.parametrize("hash_", [hashes.SHA1(), hashes.SHA256()], ids=["SHA1", "SHA256"])
def test_rsa_signs_with_pkcs1_v15(hash_: hashes.HashAlgorithm) -> None:
    key = keys.signing_key("rsa")
    name: HashAlgorithm = "SHA1" if hash_.name == "sha1" else "SHA256"
    assert isinstance(key.public_key, rsa.RSAPublicKey)
    signature = key.sign(b"text", name)
    key.public_key.verify(signature, b"text", padding.PKCS1v15(), hash_)
    assert len(signature) == 256


@pytest.mark.parametrize("hash_", [hashes.SHA1(), hashes.SHA256()], ids=["SHA1", "SHA256"])
def test_ecdsa_signs_in_der(hash_: hashes.HashAlgorithm) -> None:
    key = keys.signing_key("p256")
    name: HashAlgorithm = "SHA1" if hash_.name == "sha1" else "SHA256"
    assert isinstance(key.public_key, ec.EllipticCurvePublicKey)
    signature = key.sign(b"text", name)
    key.public_key.verify(signature, b"text", ec.ECDSA(hash_))
    with pytest.raises(InvalidSignature):
        key.public_key.verify(signature, b"Text", ec.ECDSA(hash_))


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("signature", [b"", b"\x00", b"\x30\x00", b"x" * 256, b"x" * 10_000])
def test_rubbish_is_not_a_signature(kind: Literal["rsa", "p256"], signature: bytes) -> None:
    assert not is_signed_by(keys.signing_key(kind).public_key, signature, b"text", "SHA256")


@pytest.mark.parametrize("key_pair_id", ["K2JCJMDEHXQW5F", "APKAEIBAERJR2EXAMPLE", "my_id-1"])
def test_key_pair_ids(key_pair_id: str) -> None:
    loaded = load_private_key(keys.private_pem("p256"), key_pair_id=key_pair_id)
    assert loaded.key_pair_id == key_pair_id


@pytest.mark.parametrize(
    "key_pair_id", ["", "K 1", "K1\n", "K1&Policy=x", "é", "K" * 129, None, 1, b"K1"], ids=repr
)
def test_other_key_pair_ids_are_refused(key_pair_id: Any) -> None:
    with pytest.raises(UnusableKey, match="The key pair ID must be CloudFront's ID"):
        load_private_key(keys.private_pem("p256"), key_pair_id=key_pair_id)


@pytest.mark.parametrize(
    ("key_pair_id", "what"),
    [
        ("2f1e0a6e-9f4c-4d3a-8f0e-7a1b2c3d4e5f", "this is a key group's ID"),
        ("2F1E0A6E-9F4C-4D3A-8F0E-7A1B2C3D4E5F", "this is a key group's ID"),
        ("2f1e0a6e9f4c4d3a8f0e7a1b2c3d4e5f", "this is a key group's ID"),
        ("ASIAIOSFODNN7EXAMPLE", "this is an access key's ID"),
        (keys.private_pem("p256"), r"this is a key itself. Are the two swapped\?"),
        (keys.private_der("p256").hex(), "letters and digits only"),
    ],
    ids=["group", "GROUP", "group without hyphens", "access key", "PEM", "hex"],
)
def test_the_id_of_something_else_is_named(key_pair_id: str, what: str) -> None:
    with pytest.raises(UnusableKey, match=f"^The key pair ID must be .*: {what}") as caught:
        load_private_key(keys.private_pem("p256"), key_pair_id=key_pair_id)

    assert key_pair_id not in str(caught.value)


# Secrecy


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_the_repr_of_a_key_shows_only_its_id(kind: Literal["rsa", "p256"]) -> None:
    key = keys.signing_key(kind)
    shown = f"<{type(key).__name__} {keys.KEY_PAIR_ID}>"
    assert [repr(key), str(key), f"{key}"] == [shown] * 3


@pytest.mark.parametrize("form", ["PKCS1", "PKCS8"])
def test_a_keys_attributes_do_not_show_the_key(form: keys.Form) -> None:
    pem = keys.private_pem("rsa", form)
    shown = repr(vars(load_private_key(pem, key_pair_id=keys.KEY_PAIR_ID)))
    assert not any(line in shown for line in keys.base64_lines(pem))
    private_key = keys.private_key("rsa")
    assert isinstance(private_key, rsa.RSAPrivateKey)
    assert str(private_key.private_numbers().d) not in shown


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_can_not_be_copied(kind: Literal["rsa", "p256"], duplicate: Any) -> None:
    with pytest.raises(TypeError, match="holds a private key and can't be pickled"):
        duplicate(keys.signing_key(kind))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_can_not_be_pickled_with_any_protocol(protocol: int) -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps([keys.signing_key("p256")], protocol)


def test_every_constructor_checks_the_key() -> None:
    small, wrong_curve = keys.private_key("rsa-1024"), keys.private_key("p384")
    assert isinstance(small, rsa.RSAPrivateKey)
    assert isinstance(wrong_curve, ec.EllipticCurvePrivateKey)
    with pytest.raises(UnusableKey, match="1024 bits"):
        RSASigningKey(keys.KEY_PAIR_ID, small)
    with pytest.raises(UnusableKey, match="secp384r1"):
        ECDSASigningKey(keys.KEY_PAIR_ID, wrong_curve)


# Public keys


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_public_keys_in_every_form(kind: Literal["rsa", "p256"]) -> None:
    pem, der = keys.public_pem(kind), keys.public_der(kind)
    for data in (pem, pem.encode(), der, pem.replace("\n", "\r\n"), f"\n{pem}"):
        assert public_pem(load_public_key(data)) == pem


def test_a_loaded_public_key_is_returned() -> None:
    key = keys.signing_key("rsa").public_key
    assert load_public_key(key) is key


def test_the_public_pem_ends_with_its_newline() -> None:
    assert public_pem(keys.signing_key("p256").public_key).endswith("-----END PUBLIC KEY-----\n")


@pytest.mark.parametrize("data", ["", "rubbish", b"\x30\x00", "-----BEGIN PUBLIC KEY-----\nMFkw"])
def test_unreadable_public_keys_are_refused(data: str | bytes) -> None:
    with pytest.raises(UnusableKey, match=r"The public key can't be read: [0-9]+ bytes"):
        load_public_key(data)


def test_a_private_key_is_refused_as_a_public_key() -> None:
    with pytest.raises(UnusableKey, match="a private key, but the public key is needed"):
        load_public_key(keys.private_pem("p256"))


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("rsa-1024", "1024 bits; CloudFront accepts 2048"),
        ("rsa-3072", "3072 bits; CloudFront accepts 2048"),
        ("rsa-4096", "4096 bits; CloudFront accepts 2048"),
        ("p384", "on secp384r1; CloudFront accepts P-256"),
        ("secp256k1", "on secp256k1; CloudFront accepts P-256"),
        ("ed25519", "Ed25519PublicKey isn't an RSA or ECDSA public key"),
        ("dsa", "DSAPublicKey isn't an RSA or ECDSA public key"),
    ],
)
def test_other_public_keys_are_refused(kind: keys.Kind, problem: str) -> None:
    with pytest.raises(UnusableKey, match=problem):
        load_public_key(keys.public_pem(kind))


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa", "rsa-4096"])
def test_legacy_sizes_are_accepted_on_request(kind: keys.Kind) -> None:
    loaded = load_public_key(keys.public_pem(kind), allow_legacy_sizes=True)
    assert public_pem(loaded) == keys.public_pem(kind)


def test_3072_bits_are_never_accepted() -> None:
    with pytest.raises(UnusableKey, match="3072 bits"):
        load_public_key(keys.public_pem("rsa-3072"), allow_legacy_sizes=True)


@pytest.mark.parametrize("key", [None, object(), 7], ids=["None", "object", "number"])
def test_objects_that_are_not_keys_are_refused(key: object) -> None:
    with pytest.raises(UnusableKey, match="isn't an RSA or ECDSA public key"):
        check_key(key)
