"""What a store keeps: a private key, its ID, and the ID of the key that it replaces."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cf_protected.cloudfront.keys import SigningKey, public_pem
from cf_protected.cloudfront.secrecy import holds_key
from cf_protected.exceptions import UnusableKey
from cf_protected.key_rotation.state import StoredKey
from cf_protected.key_sources.ids import clean_id
from cf_protected.key_sources.secret import json_object, known_fields, signing_key

KeyType = Literal["P-256", "RSA-2048"]
KEY_TYPES: Final[tuple[KeyType, ...]] = ("P-256", "RSA-2048")

_NO_ID: Final = "unknown"


@dataclass(frozen=True)
class Record:
    """The JSON in a parameter or secret, which ``key_sources.secret`` reads.

    ``private_key`` is a PEM, or anything else that was stored by hand.
    """

    private_key: str = field(repr=False)
    key_pair_id: str | None = None
    replaces: str | None = None
    passphrase: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, value: str | bytes) -> Record:
        """Read a record. What isn't JSON is a bare key; wrong types are left out.

        It raises nothing: ``signing_key`` says what is wrong, when no frame holds the secret.
        """
        try:
            found = json_object(value)
            known = {} if found is None else known_fields(found)
        except UnusableKey:
            found = None
        if found is None:
            return cls(value if isinstance(value, str) else b64encode(value).decode("ascii"))
        return cls(
            _text(known, "private_key") or "",
            _id(known, "key_pair_id"),
            _id(found, "replaces"),
            _text(known, "passphrase"),
        )

    def dumps(self) -> str:
        """Return the JSON, without the fields that aren't known."""
        return json.dumps({name: value for name, value in vars(self).items() if value is not None})

    def with_id(self, key_pair_id: str) -> Record:
        """Return the same key with the ID that CloudFront gave it."""
        return replace(self, key_pair_id=key_pair_id)

    def signing_key(self, label: str) -> SigningKey:
        """Return the key, ready to sign. Raises ``UnusableKey``, which names only ``label``."""
        return signing_key(self.with_id(self.key_pair_id or _NO_ID).dumps(), None, label=label)

    def stored(self, version: str, label: str) -> StoredKey:
        """Return the public part, for the plan. Raises ``UnusableKey``."""
        public_key = public_pem(self.signing_key(label).public_key)
        return StoredKey(version, public_key, self.key_pair_id, self.replaces)


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _id(fields: dict[str, Any], name: str) -> str | None:
    """Return the ID, unless a key stands there: a debug page shows a record's IDs."""
    value = clean_id(_text(fields, name))
    return None if holds_key(value) else value


def new_record(key_type: KeyType, replaces: str | None) -> Record:
    """Make a key pair."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if key_type == "P-256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Record(pem.decode("ascii"), replaces=replaces)
