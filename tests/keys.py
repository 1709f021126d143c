"""Keys for the tests, created when the tests run, once per process, and never stored."""

from __future__ import annotations

import functools
import re
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from cf_protected.cloudfront.keys import ECDSASigningKey, RSASigningKey, SigningKey

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey
)
# CloudFront accepts the first two. The others must be refused.
Kind = Literal[
    "rsa", "p256", "rsa-1024", "rsa-3072", "rsa-4096", "p384", "secp256k1", "ed25519", "dsa"
]
Form = Literal["PKCS1", "PKCS8", "SEC1", "OPENSSH"]

KEY_PAIR_ID = "K2JCJMDEHXQW5F"
OTHER_KEY_PAIR_ID = "K3D5EWEUDCCXON"

_CURVES: dict[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "secp256k1": ec.SECP256K1(),
}
_FORMS = {
    "PKCS1": serialization.PrivateFormat.TraditionalOpenSSL,
    "SEC1": serialization.PrivateFormat.TraditionalOpenSSL,
    "PKCS8": serialization.PrivateFormat.PKCS8,
    "OPENSSH": serialization.PrivateFormat.OpenSSH,
}


@functools.cache
def private_key(kind: Kind) -> PrivateKey:
    """Return the only key of this kind in this process."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "dsa":
        return dsa.generate_private_key(key_size=2048)
    bits = int(kind.partition("-")[2] or 2048)
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def signing_key(kind: Literal["rsa", "p256"], key_pair_id: str = KEY_PAIR_ID) -> SigningKey:
    """Return the key of this kind, ready to sign."""
    key = private_key(kind)
    if isinstance(key, rsa.RSAPrivateKey):
        return RSASigningKey(key_pair_id, key)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return ECDSASigningKey(key_pair_id, key)


def private_pem(kind: Kind, form: Form = "PKCS8", passphrase: str | None = None) -> str:
    """Return the private key as PEM, encrypted if there is a passphrase."""
    return _private_bytes(kind, serialization.Encoding.PEM, form, passphrase).decode("ascii")


def private_der(kind: Kind, form: Form = "PKCS8", passphrase: str | None = None) -> bytes:
    """Return the private key as DER; only PKCS8 can be encrypted."""
    return _private_bytes(kind, serialization.Encoding.DER, form, passphrase)


def public_pem(kind: Kind) -> str:
    """Return the public half as PEM."""
    return _public_bytes(kind, serialization.Encoding.PEM).decode("ascii")


def public_der(kind: Kind) -> bytes:
    """Return the public half as DER."""
    return _public_bytes(kind, serialization.Encoding.DER)


def base64_lines(pem: str) -> list[str]:
    """Return the lines of a PEM that hold the key, which must never be shown.

    A last line too short to be told from other text is left out.
    """
    lines = [line for line in pem.splitlines() if re.fullmatch(r"[A-Za-z0-9+/]{16,}=*", line)]
    assert lines
    return lines


def _private_bytes(
    kind: Kind, encoding: serialization.Encoding, form: Form, passphrase: str | None
) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return private_key(kind).private_bytes(encoding, _FORMS[form], encryption)


def _public_bytes(kind: Kind, encoding: serialization.Encoding) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private_key(kind).public_key().public_bytes(encoding, form)
