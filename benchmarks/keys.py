"""Private keys for the benchmarks, made again in each run."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

KEY_PAIR_ID = "K2JCJMDEHXQW5F"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def make_rsa_key() -> rsa.RSAPrivateKey:
    """Generate an RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_p256_key() -> ec.EllipticCurvePrivateKey:
    """Generate an ECDSA key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def to_pem(private_key: PrivateKey) -> bytes:
    """Return the key as ``openssl genpkey`` writes it."""
    return private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
