"""Name what a value is that can't be loaded as a key, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from cf_protected.cloudfront.text import decoded, plain

#: Which half of the key pair is needed.
Half = Literal["private", "public"]


class _Format(NamedTuple):
    """What a value is, as the predicate of "This is …", where either half is needed."""

    for_private: str
    for_public: str = ""

    def named(self, wanted: Half) -> str:
        return self.for_public or self.for_private if wanted == "public" else self.for_private


_PUBLIC: Final = _Format("a public key, but the private half is needed")
_PRIVATE: Final = _Format("a private key", "a private key, but the public key is needed")
_CERTIFICATE: Final = _Format(
    "a certificate, but CloudFront uses a plain key pair",
    "a certificate; take its public key: openssl x509 -in FILE -noout -pubkey",
)
_REQUEST: Final = _Format(
    "a certificate request, but CloudFront uses a plain key pair",
    "a certificate request; take its public key: openssl req -in FILE -noout -pubkey",
)
_PKCS12: Final = _Format(
    "a PKCS #12 file (.p12, .pfx); convert it: "
    "openssl pkcs12 -in FILE -nocerts -nodes -out key.pem",
    "a PKCS #12 file (.p12, .pfx); take its public key: "
    "openssl pkcs12 -in FILE -nokeys -clcerts | openssl x509 -noout -pubkey",
)
_PKCS7: Final = _Format("a PKCS #7 file, which holds certificates and no private key")
_KEYSTORE: Final = _Format(
    "a Java keystore; convert it: keytool -importkeystore -srckeystore FILE "
    "-destkeystore key.p12 -deststoretype PKCS12, then "
    "openssl pkcs12 -in key.p12 -nocerts -nodes -out key.pem"
)
_OPENSSH: Final = _Format(
    "in OpenSSH's format; convert it: ssh-keygen -p -m PEM -f KEY", _PRIVATE.for_public
)
_SSH_PUBLIC: Final = _Format(
    "an SSH public key, but a private key in PEM is needed",
    "an SSH public key; convert it: ssh-keygen -e -m PKCS8 -f KEY.pub",
)
_PUTTY: Final = _Format(
    "in PuTTY's format (.ppk); convert it: puttygen KEY.ppk -O private-openssh -o key.pem",
    "in PuTTY's format (.ppk), and holds a private key, but the public key is needed",
)
_FILE_NAME: Final = _Format("the name of a file; store what is in the file")
_PARAMETERS: Final = _Format("a PEM of parameters without a key; store the key that belongs to it")
_COMPRESSED: Final = _Format("a compressed file; unpack it")

#: By what a text begins with.
_TEXTS: Final[tuple[tuple[str, _Format], ...]] = (
    (r"PuTTY-User-Key-File-", _PUTTY),
    (
        r"-+ ?BEGIN SSH2 (?:\w+ )*PRIVATE KEY",
        _Format("in SSH2's format; convert it: ssh-keygen -i -f KEY", _PRIVATE.for_public),
    ),
    (r"-+ ?BEGIN SSH2 PUBLIC KEY", _SSH_PUBLIC),
    (r"(?:ssh-\w+|ecdsa-sha2-\S+|sk-\S+) ", _SSH_PUBLIC),
    (r"-+BEGIN PGP ", _Format("a PGP key or message; CloudFront accepts RSA-2048 and ECDSA P-256")),
    (r"-+BEGIN OPENSSH PRIVATE KEY", _OPENSSH),
    (r"-+BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY", _PRIVATE),
    (r"-+BEGIN (?:[A-Z0-9]+ )*PUBLIC KEY", _PUBLIC),
    (r"-+BEGIN (?:NEW )?CERTIFICATE REQUEST", _REQUEST),
    (r"-+BEGIN (?:[A-Z0-9]+ )*CERTIFICATE", _CERTIFICATE),
    (r"-+BEGIN PKCS ?#?12", _PKCS12),
    (r"-+BEGIN (?:PKCS ?#?7|CMS)", _PKCS7),
    (r"-+BEGIN (?:[A-Z0-9]+ )*PARAMETERS", _PARAMETERS),
    (r'\{.*"kty"\s*:', _Format("a JSON Web Key; convert it to PEM")),
    (r"\{", _Format("JSON, but the key alone is needed")),
    (r"(?:<\?xml[^>]*>\s*)?<RSAKeyValue", _Format("in .NET's XML format; convert it to PEM")),
    (
        r"\$ANSIBLE_VAULT;|age-encryption\.org|-+BEGIN AGE ENCRYPTED|ENC\[|vault:v\d+:",
        _Format("encrypted by another program; decrypt it first"),
    ),
    (r"file(?:b)?://", _FILE_NAME),
    (r"(?:[~.\w-]*|[A-Za-z]:)[/\\]\S*\.\w{1,5}$|(?:/[\w.-]+){2,}$", _FILE_NAME),
    (r"[\w.-]+\.(?:pem|key|der|p8|txt)$", _FILE_NAME),
    (r"arn:aws[\w-]*:", _Format("an ARN in AWS; store the key itself")),
    (r"K[A-Z0-9]{12,14}$", _Format("a key pair ID, but the key is needed: the two may be swapped")),
)

#: By what DER or another binary file begins with.
_BINARIES: Final[tuple[tuple[bytes, _Format], ...]] = (
    # A version of 3, and a SEQUENCE after it: https://www.rfc-editor.org/rfc/rfc7292#section-4
    (rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03\x30", _PKCS12),
    (rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", _PKCS7),
    (rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce", _KEYSTORE),
    (
        rb"\x01\x02[\x00-\x0f]\x00\x78",
        _Format("encrypted by AWS KMS; decrypt it first: aws kms decrypt"),
    ),
    (rb"\x1f\x8b|PK\x03\x04", _COMPRESSED),
    (rb"openssh-key-v1\x00", _OPENSSH),
    (rb"\x00\x00\x00.(?:ssh-|ecdsa-)", _SSH_PUBLIC),
    (rb"Salted__", _Format("encrypted by openssl enc; decrypt it first")),
)


def name_of(data: bytes, wanted: Half) -> str:
    """Return what ``data`` is, as the predicate of "This is …"; ``""`` if that isn't known.

    The answer repeats nothing of ``data``.
    """
    text = decoded(data)
    found = (None if text is None else _text_format(text)) or _binary_format(data)
    is_wanted = found is (_PRIVATE if wanted == "private" else _PUBLIC)
    return found.named(wanted) if found and not is_wanted else ""


def _text_format(text: str) -> _Format | None:
    start = plain(text).decode("ascii").strip(" \t\r\n\"'")
    return next((found for form, found in _TEXTS if re.match(form, start, re.DOTALL)), None)


def _binary_format(data: bytes) -> _Format | None:
    for form, found in _BINARIES:
        if re.match(form, data, re.DOTALL):
            return found
    return next((found for load, found in _DER if _loads(load, data)), None)


def _loads(load: Callable[[bytes], object], data: bytes) -> bool:
    try:
        load(data)
    except (ValueError, UnsupportedAlgorithm):
        return False
    except TypeError:  # an encrypted private key
        return True
    return True


#: What reads DER of each kind.
_DER: Final[tuple[tuple[Callable[[bytes], object], _Format], ...]] = (
    (serialization.load_der_public_key, _PUBLIC),
    (x509.load_der_x509_certificate, _CERTIFICATE),
    (x509.load_der_x509_csr, _REQUEST),
    (lambda data: serialization.load_der_private_key(data, None), _PRIVATE),
)
