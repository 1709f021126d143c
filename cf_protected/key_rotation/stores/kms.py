"""Keep keys in KMS, where an alias names the signing key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from cf_protected.cloudfront.keys import SigningKey, load_public_key, public_pem
from cf_protected.exceptions import AWSError, ConcurrentRotation, RotationError
from cf_protected.key_rotation.aws import ask
from cf_protected.key_rotation.record import KeyType
from cf_protected.key_rotation.state import StoredKey
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_sources.kms import TAG, KMSSigningKey, fields_of

_SPECS: Final[dict[KeyType, str]] = {"P-256": "ECC_NIST_P256", "RSA-2048": "RSA_2048"}
_DELETION_DAYS: Final = 7  # the fewest


class KMSStore(Store):
    """The KMS keys made for ``alias`` (``alias/…``).

    A key's description holds its key pair ID, so the alias moves both at once. The tag
    ``cf_protected`` is for IAM policies.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html

    Raises ``RotationError`` if ``alias`` isn't an alias.
    """

    def __init__(self, client: Any, alias: str, *, key_type: KeyType = "P-256") -> None:
        if not alias.startswith("alias/"):
            raise RotationError(
                f"{alias!r} names one KMS key, which can't be replaced. Name an alias (alias/…)."
            )
        # Not a method: its frame, in the traceback of an error, would show what is sent.
        self._ask = partial(ask, client)
        self._alias = alias
        self._key_type = key_type

    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        current = self._describe(self._alias)
        current_id = current and current["KeyId"]
        made = [key for key in self._made() if key["KeyId"] != current_id]
        made.sort(key=_most_advanced_first)
        return self._stored(current) if current else None, tuple(map(self._stored, made))

    def make_pair(self, replaces: str | None) -> None:
        self._ask(
            "create_key",
            KeySpec=_SPECS[self._key_type],
            KeyUsage="SIGN_VERIFY",
            Description=self._description(None, replaces),
            Tags=[{"TagKey": TAG, "TagValue": self._alias.removeprefix("alias/")}],
        )

    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        description = self._description(key_pair_id, key.replaces)
        self._ask("update_key_description", KeyId=key.version, Description=description)

    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        found = self._describe(self._alias)
        if (found and found["KeyId"]) != (current and current.version):
            raise ConcurrentRotation("Another run made another key the signing key.")
        operation = "create_alias" if current is None else "update_alias"
        try:
            self._ask(operation, AliasName=self._alias, TargetKeyId=key.version)
        except AWSError as error:
            if error.code != "AlreadyExistsException":
                raise
            raise ConcurrentRotation("Another run made its key the signing key.") from error

    def forget(self, key: StoredKey) -> None:
        try:
            self._ask(
                "schedule_key_deletion", KeyId=key.version, PendingWindowInDays=_DELETION_DAYS
            )
        except AWSError as error:
            if error.code != "KMSInvalidStateException":  # already scheduled
                raise

    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        public_key = load_public_key(key.public_key)
        return KMSSigningKey(key_pair_id, public_key, partial(self._sign, key.version))

    def _sign(self, key_id: str, algorithm: str, message_type: str, message: bytes) -> bytes:
        answer = self._ask(
            "sign",
            KeyId=key_id,
            SigningAlgorithm=algorithm,
            MessageType=message_type,
            Message=message,
        )
        return bytes(answer["Signature"])

    def _description(self, key_pair_id: str | None, replaces: str | None) -> str:
        fields = {"alias": self._alias, "key_pair_id": key_pair_id, "replaces": replaces}
        return json.dumps({name: value for name, value in fields.items() if value is not None})

    def _made(self) -> Iterator[dict[str, Any]]:
        """Yield the keys that were made for this alias. Only their descriptions say so."""
        for key_id in self._key_ids():
            try:
                found = self._describe(key_id)
            except AWSError as error:
                if error.code != "AccessDeniedException":  # another application's key
                    raise
                continue
            if (
                found
                and found["KeyState"] == "Enabled"
                and fields_of(found).get("alias") == self._alias
            ):
                yield found

    def _key_ids(self) -> Iterator[str]:
        marker: dict[str, str] = {}
        while True:
            page = self._ask("list_keys", **marker)
            yield from (key["KeyId"] for key in page["Keys"])
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}

    def _describe(self, key_id: str) -> dict[str, Any] | None:
        """Return the key's metadata, or ``None`` without a key."""
        try:
            found: dict[str, Any] = self._ask("describe_key", KeyId=key_id)["KeyMetadata"]
        except AWSError as error:
            if error.code != "NotFoundException":
                raise
            return None
        return found

    def _stored(self, found: dict[str, Any]) -> StoredKey:
        answer = self._ask("get_public_key", KeyId=found["KeyId"])
        public_key = public_pem(load_public_key(answer["PublicKey"]))
        fields = fields_of(found)
        return StoredKey(
            found["KeyId"], public_key, fields.get("key_pair_id"), fields.get("replaces")
        )


def _most_advanced_first(metadata: dict[str, Any]) -> tuple[bool, Any, str]:
    """Return a sort key by which two concurrent runs choose the same pair."""
    has_id = "key_pair_id" in fields_of(metadata)
    return not has_id, metadata["CreationDate"], metadata["KeyId"]
