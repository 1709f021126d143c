"""What isn't a key that can be loaded is named, with what to do, and nothing of it is shown."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

from cf_protected.cloudfront.keys import load_private_key, load_public_key
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import UnusableKey
from tests import keys
from tests.cloudfront.test_broken_keys import (
    assert_shows_nothing_of,
    certificate,
    ssh_public_key,
)

Make = Callable[[], str | bytes]


def rsa_key() -> rsa.RSAPrivateKey:
    key = keys.private_key("rsa")
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def putty(version: int) -> str:
    """A file as PuTTYgen writes it. Its lines in base64 are those of another form of the key."""
    public = base64.b64encode(keys.public_der("rsa")).decode()
    private = base64.b64encode(keys.private_der("rsa")).decode()
    return "\r\n".join(
        [
            f"PuTTY-User-Key-File-{version}: ssh-rsa",
            "Encryption: none",
            "Comment: shop",
            "Public-Lines: 1",
            public,
            "Private-Lines: 1",
            private,
            f"Private-{'MAC' if version == 3 else 'Hash'}: {'0' * 64}",
            "",
        ]
    )


def p12(passphrase: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return pkcs12.serialize_key_and_certificates(b"shop", rsa_key(), None, None, encryption)


def p12_of_openssl() -> bytes:
    arguments = ["openssl", "pkcs12", "-export", "-nocerts", "-passout", "pass:", "-inkey"]
    pem = keys.private_pem("p256").encode()
    done = subprocess.run([*arguments, "/dev/stdin"], input=pem, capture_output=True, check=True)
    return done.stdout


def request() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "downloads.example.com")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(rsa_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def parameters() -> bytes:
    arguments = ["openssl", "ecparam", "-name", "prime256v1"]
    return subprocess.run(arguments, capture_output=True, check=True).stdout


def in_pem(label: str, data: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


def jwk() -> str:
    return json.dumps(RSAAlgorithm.to_jwk(rsa_key(), as_dict=True))


def der_of(pem: str | bytes) -> bytes:
    lines = (pem if isinstance(pem, str) else pem.decode()).splitlines()
    return base64.b64decode("".join(lines[1:-1]))


PUTTY: Final = r"in PuTTY's format \(\.ppk\); convert it: puttygen KEY.ppk -O private-openssh"
PKCS12: Final = (
    r"a PKCS #12 file \(\.p12, \.pfx\); convert it: openssl pkcs12 -in FILE -nocerts -nodes"
)
FORMATS: dict[str, tuple[Make, str]] = {
    "PuTTY 2": (lambda: putty(2), PUTTY),
    "PuTTY 3": (lambda: putty(3), PUTTY),
    "PuTTY in UTF-16": (lambda: putty(3).encode("utf-16"), PUTTY),
    "PuTTY in base64": (lambda: base64.b64encode(putty(2).encode()), PUTTY),
    "PuTTY in quotes": (lambda: f'"{putty(3)}"', PUTTY),
    "PKCS #12": (p12, PKCS12),
    "PKCS #12, encrypted": (lambda: p12(b"zebra-crossing"), PKCS12),
    "PKCS #12 of OpenSSL": (p12_of_openssl, PKCS12),
    "PKCS #12 in base64": (lambda: base64.b64encode(p12()).decode(), PKCS12),
    "PKCS #12 in base64 twice": (lambda: base64.b64encode(base64.encodebytes(p12())), PKCS12),
    "PKCS #12 in a PEM": (lambda: in_pem("PKCS12", p12()), PKCS12),
    "PKCS #7": (
        lambda: in_pem("PKCS7", b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
        "a PKCS #7 file, which holds certificates and no private key",
    ),
    "Java keystore": (
        lambda: b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + keys.private_der("rsa"),
        "a Java keystore; convert it: keytool -importkeystore",
    ),
    "OpenSSH in base64": (
        lambda: base64.b64encode(keys.private_pem("rsa", "OPENSSH").encode()),
        "in OpenSSH's format; convert it: ssh-keygen -p -m PEM",
    ),
    "OpenSSH with dashes of a chat": (
        lambda: keys.private_pem("p256", "OPENSSH").replace("-----", "\u2014\u2014-"),
        "in OpenSSH's format; convert it: ssh-keygen -p -m PEM",
    ),
    "SSH2": (
        lambda: (
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n"
            + base64.encodebytes(keys.private_der("rsa")).decode()
            + "---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
        ),
        "in SSH2's format; convert it: ssh-keygen -i -f KEY",
    ),
    "SSH public": (ssh_public_key, "an SSH public key, but a private key in PEM is needed"),
    "SSH public Ed25519": (
        lambda: (
            keys.private_key("ed25519")
            .public_key()
            .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        ),
        "an SSH public key, but a private key in PEM is needed",
    ),
    "certificate in DER": (lambda: der_of(certificate()), "a certificate, but CloudFront uses"),
    "certificate in base64": (
        lambda: base64.b64encode(certificate().encode()),
        "a certificate, but CloudFront uses",
    ),
    "request": (request, "a certificate request, but CloudFront uses a plain key pair"),
    "request in DER": (lambda: der_of(request()), "a certificate request, but CloudFront uses"),
    "public in UTF-16": (
        lambda: keys.public_pem("rsa").encode("utf-16"),
        "a public key, but the private half is needed",
    ),
    "public in base64": (
        lambda: base64.b64encode(keys.public_pem("p256").encode()),
        "a public key, but the private half is needed",
    ),
    "public DER in base64": (
        lambda: base64.b64encode(keys.public_der("p256")),
        "a public key, but the private half is needed",
    ),
    "parameters alone": (parameters, "a PEM of parameters without a key"),
    "PGP": (lambda: in_pem("PGP PRIVATE KEY BLOCK", b"xyz"), "a PGP key or message"),
    "JSON Web Key": (jwk, "a JSON Web Key; convert it to PEM"),
    "JSON": (
        lambda: json.dumps({"private_key": keys.private_pem("rsa")}),
        "JSON, but the key alone is needed",
    ),
    ".NET": (lambda: "<RSAKeyValue><Modulus>s3cr3t</Modulus>", "in .NET's XML format"),
    "Ansible": (lambda: "$ANSIBLE_VAULT;1.1;AES256\n6139", "encrypted by another program"),
    "KMS": (
        lambda: base64.b64encode(b"\x01\x02\x02\x00\x78" + bytes(range(60))),
        "encrypted by AWS KMS; decrypt it first: aws kms decrypt",
    ),
    "gzip": (lambda: b"\x1f\x8b\x08\x00" + bytes(range(60)), "a compressed file; unpack it"),
    "path": (lambda: "/run/secrets/cf-key.pem", "the name of a file; store what is in"),
    "path without an end": (lambda: "/run/secrets/cf-key", "the name of a file; store what is in"),
    "path of Windows": (lambda: r"C:\keys\cf.pem", "the name of a file; store what is in"),
    "path at home": (lambda: "~/cf-key.pem", "the name of a file; store what is in"),
    "file name": (lambda: "cf-key.pem\n", "the name of a file; store what is in"),
    "file:// of the AWS CLI": (lambda: "file://cf-key.pem", "the name of a file; store what is"),
    "ARN": (
        lambda: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop",
        "an ARN in AWS; store the key itself",
    ),
    "key pair ID": (
        lambda: "K2JCJMDEHXQW5F\n",
        "a key pair ID, but the key is needed: the two may be swapped",
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_in_place_of_a_private_key(name: str) -> None:
    make, what = FORMATS[name]
    data = make()

    with pytest.raises(UnusableKey, match=f"^This is {what}") as caught:
        load_private_key(data, key_pair_id="K0")

    assert_shows_nothing_of(caught.value, data)


PRIVATE: Final = "a private key, but the public key is needed"
IN_PLACE_OF_PUBLIC: dict[str, tuple[Make, str]] = {
    "private": (lambda: keys.private_pem("rsa"), PRIVATE),
    "private, encrypted": (lambda: keys.private_pem("rsa", passphrase="zebra-crossing"), PRIVATE),
    "private DER": (lambda: keys.private_der("p256", "SEC1"), PRIVATE),
    "private DER in base64": (lambda: base64.b64encode(keys.private_der("rsa")), PRIVATE),
    "private in UTF-16": (lambda: keys.private_pem("rsa").encode("utf-16"), PRIVATE),
    "private in base64 twice": (
        lambda: base64.b64encode(base64.b64encode(keys.private_pem("p256").encode())),
        PRIVATE,
    ),
    "private with dashes of a chat": (
        lambda: keys.private_pem("p256").replace("-----", "\u2014"),
        PRIVATE,
    ),
    "private after public": (
        lambda: keys.public_pem("p256") + keys.private_pem("p256"),
        PRIVATE,
    ),
    "private, cut off": (lambda: keys.private_pem("rsa")[:400], PRIVATE),
    "private of OpenSSH": (lambda: keys.private_pem("rsa", "OPENSSH"), PRIVATE),
    "PuTTY": (lambda: putty(3), r"in PuTTY's format \(.ppk\), and holds a private key"),
    "certificate": (certificate, "a certificate; take its public key: openssl x509"),
    "certificate in DER": (lambda: der_of(certificate()), "a certificate; take its public key"),
    "request": (request, "a certificate request; take its public key: openssl req"),
    "PKCS #12": (p12, r"a PKCS #12 file \(.p12, .pfx\); take its public key: openssl pkcs12"),
    "SSH": (ssh_public_key, "an SSH public key; convert it: ssh-keygen -e -m PKCS8"),
    "file://": (lambda: "file://public.pem", "the name of a file; store what is in the file"),
    "key pair ID": (lambda: "K2JCJMDEHXQW5F", "a key pair ID"),
}


@pytest.mark.parametrize("name", IN_PLACE_OF_PUBLIC)
def test_in_place_of_a_public_key(name: str) -> None:
    make, what = IN_PLACE_OF_PUBLIC[name]
    data = make()

    with pytest.raises(UnusableKey, match=f"^This is {what}") as caught:
        load_public_key(data)

    assert_shows_nothing_of(caught.value, data)


def test_a_verifier_does_not_show_a_private_key_given_to_it() -> None:
    data = keys.private_pem("rsa")

    with pytest.raises(UnusableKey, match="a private key, but the public key") as caught:
        CloudFrontVerifier({"K0": data})

    assert_shows_nothing_of(caught.value, data)


def test_openssl_converts_pkcs12_as_the_remedy_says() -> None:
    arguments = ["openssl", "pkcs12", "-nocerts", "-nodes", "-passin", "pass:"]

    pem = subprocess.run(arguments, input=p12(), capture_output=True, check=True).stdout

    assert pem.startswith(b"Bag Attributes")
    assert load_private_key(pem, key_pair_id="K0").sign(b"text", "SHA1")
