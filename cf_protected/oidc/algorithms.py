"""The signature algorithms of access tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: What a token may be signed with, and the ``kty`` and ``crv`` of the keys that fit. Neither
#: ``none`` nor HMAC, for which the public key would be the secret (RFC 8725, section 2.1).
ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
