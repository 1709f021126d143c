"""A signing key that never leaves AWS KMS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from cf_protected.cloudfront.keys import HashAlgorithm, PublicKey, SigningKey, load_public_key
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.aws import AWSKeySource
from cf_protected.key_sources.iam import Place, Statement, allow
from cf_protected.key_sources.ids import clean_id, id_option
from cf_protected.key_sources.secret import json_object
from cf_protected.process import Once

#: The tag of the KMS keys that a rotation makes. Its value is their alias.
TAG: Final = "cf_protected"

# "Messages of 0-4096 bytes"; beyond that KMS takes the digest.
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
MAX_RAW_BYTES: Final = 4096


class KMSSigningKey(SigningKey):
    """A key that signs by calling KMS, with SHA-256 only."""

    def __init__(
        self,
        key_pair_id: str,
        public_key: PublicKey,
        kms_sign: Callable[[str, str, bytes], bytes],
    ) -> None:
        super().__init__(key_pair_id)
        self._public_key = public_key
        self._kms_sign = kms_sign
        is_rsa = isinstance(public_key, rsa.RSAPublicKey)
        self._algorithm = "RSASSA_PKCS1_V1_5_SHA_256" if is_rsa else "ECDSA_SHA_256"

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Return KMS's signature. Raises ``KeySourceError``, also for SHA-1."""
        if hash_algorithm != "SHA256":
            raise KeySourceError(
                f"KMS can't sign with {hash_algorithm}. Set HASH_ALGORITHM to 'SHA256'."
            )
        if len(message) <= MAX_RAW_BYTES:
            return self._kms_sign(self._algorithm, "RAW", message)
        return self._kms_sign(self._algorithm, "DIGEST", hashlib.sha256(message).digest())


class KMSKeySource(AWSKeySource):
    """The KMS key ``key_id`` (an ID, an ARN or ``alias/…``) of ECC_NIST_P256 or RSA_2048.

    ``key_pair_id`` is its public half's ID in CloudFront. Every signature is one call to KMS,
    so each URL costs its latency, and ``HASH_ALGORITHM`` must be ``SHA256``. An alias is
    looked up once: pointed at another key, it needs another ``key_pair_id`` in any case.

    Without ``key_pair_id``, the ID is read from the KMS key's description, as the JSON
    ``{"key_pair_id": …}`` that a rotation writes. Then the alias is looked up each time,
    since it moves the key and its ID in one write. More options: see ``AWSAccess``.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html
    """

    service: ClassVar[str] = "kms"
    actions: tuple[str, ...] = ("kms:GetPublicKey", "kms:Sign")
    note: ClassVar[str] = "It needs no other permission. The key can't be read out of KMS."
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256",)

    def __init__(self, *, key_id: str, key_pair_id: str | None = None, **access: Any) -> None:
        super().__init__(identifier=key_id, access=access)
        self._key_pair_id = id_option(key_pair_id)
        self._key = Once(partial(self._read, self.identifier, self._key_pair_id or ""))
        if key_pair_id:
            self.fixed_by = "key_pair_id"
        else:
            self.actions = ("kms:DescribeKey", *self.actions)

    def get_signing_key(self) -> SigningKey:
        return self._key.get() if self._key_pair_id else self._described()

    def iam_statements(self, place: Place) -> Iterator[Statement]:
        yield self._allow_named(place) if self._key_pair_id else self._allow_tagged(place)

    def _allow_named(self, place: Place) -> Statement:
        """Return a statement for the key; for an alias, for whichever key it names.

        Source: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
        """
        is_bare = not self.identifier.startswith(("alias/", "arn:"))
        arn = place.arn("kms", f"key/{self.identifier}" if is_bare else self.identifier)
        parts = arn.split(":", 5)
        if not parts[5].startswith("alias/"):
            return allow("Sign", self.actions, [arn])
        statement = allow("Sign", self.actions, [":".join([*parts[:5], "key/*"])])
        return statement | {"Condition": {"StringEquals": {"kms:RequestAlias": parts[5]}}}

    def _allow_tagged(self, place: Place) -> Statement:
        """Return a statement for all KMS keys that a rotation makes for the alias."""
        alias = self.identifier.rpartition("alias/")[2]
        statement = allow("Sign", self.actions, [place.arn("kms", "key/*")])
        return statement | {"Condition": {"StringEquals": {f"aws:ResourceTag/{TAG}": alias}}}

    def _described(self) -> SigningKey:
        """Return the key that the alias names now, with the ID in its description."""
        found = self.ask("describe_key", KeyId=self.identifier).get("KeyMetadata", {})
        if "KeyId" not in found:
            raise self.garbled()
        key_pair_id = fields_of(found).get("key_pair_id")
        if key_pair_id is None:
            raise UnusableKey(
                f"{self.label}: the key's description has no key_pair_id. Write "
                '{"key_pair_id": "K…"} there, or give the option key_pair_id.'
            )
        # By the key's own ID: the alias may move between two calls, and the ID with it.
        return self._read(found["KeyId"], key_pair_id)

    def _read(self, key_id: str, key_pair_id: str) -> SigningKey:
        answer = self.ask("get_public_key", KeyId=key_id)
        if not answer.keys() >= {"KeyId", "KeyUsage", "PublicKey"}:
            raise self.garbled()
        if answer["KeyUsage"] != "SIGN_VERIFY":
            raise UnusableKey(
                f"{self.label}: the key is for {answer['KeyUsage']}. Make one for SIGN_VERIFY."
            )
        # Not by the alias: once moved, it would sign with a key that isn't this public key's.
        return KMSSigningKey(
            key_pair_id, self._public_key(answer), partial(self._sign, answer["KeyId"])
        )

    def _public_key(self, answer: Mapping[str, Any]) -> PublicKey:
        try:
            return load_public_key(answer["PublicKey"])
        except UnusableKey as error:
            found = str(error).partition(";")[0]
            raise UnusableKey(
                f"{self.label}: {found}. Make a KMS key of ECC_NIST_P256 or RSA_2048."
            ) from error

    def _sign(self, key_id: str, algorithm: str, message_type: str, message: bytes) -> bytes:
        answer = self.ask(
            "sign",
            KeyId=key_id,
            SigningAlgorithm=algorithm,
            MessageType=message_type,
            Message=message,
        )
        if "Signature" not in answer:
            raise self.garbled()
        return bytes(answer["Signature"])


def fields_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a rotation wrote into a KMS key's description; for other text, nothing."""
    try:
        fields = json_object(metadata.get("Description", "")) or {}
    except UnusableKey:
        return {}
    return {name: clean_id(value) for name, value in fields.items()}
