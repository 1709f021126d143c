"""Keep keys in a secret of Secrets Manager, told apart by staging labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from uuid import uuid4

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import AWSError, ConcurrentRotation
from cf_protected.key_rotation.aws import ask
from cf_protected.key_rotation.record import KeyType, Record, new_record
from cf_protected.key_rotation.state import StoredKey
from cf_protected.key_rotation.stores.base import Store
from cf_protected.key_sources.secretsmanager import CURRENT

PENDING: Final = "AWSPENDING"
#: The label of a pair without an ID. It can't be AWSPENDING: that version becomes current as it
#: is, and a version's value can't be changed to add the ID.
PAIR: Final = "CFPROTECTED_PAIR"


class SecretsManagerStore(Store):
    """The secret ``secret_id``, a name or an ARN. A missing one is created by its name.

    ``token`` is the version that Secrets Manager will make current when it runs the
    rotation. Without it, each version is a new one.

    Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    and https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """

    def __init__(
        self,
        client: Any,
        secret_id: str,
        *,
        key_type: KeyType = "P-256",
        token: str | None = None,
    ) -> None:
        # Not a method: its frame, in the traceback of an error, would show what is sent.
        self._ask = partial(ask, client)
        self._secret_id = secret_id
        self._key_type = key_type
        self._token = token

    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        versions = self._versions() or {}
        current_version = versions.get(CURRENT)
        if current_version == versions.get(PAIR):
            current_version = None  # Secrets Manager makes a secret's first version current
        current = self._stored(current_version)
        found = (self._stored(versions.get(label)) for label in (PENDING, PAIR))
        return current, tuple(key for key in found if key is not None)

    def make_pair(self, replaces: str | None) -> None:
        if self._versions() is None:
            self._create_secret()
        self._put(new_record(self._key_type, replaces), PAIR, str(uuid4()))

    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        record = self._record(key.version).with_id(key_pair_id)
        self._put(record, PENDING, self._token or str(uuid4()))

    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        versions = self._versions() or {}
        holder = versions.get(CURRENT)
        is_expected = current is None or holder == current.version
        if not is_expected or versions.get(PENDING) != key.version:
            raise ConcurrentRotation("Another run made another key the signing key.")
        self._move(CURRENT, to=key.version, away_from=holder)

    def forget(self, key: StoredKey) -> None:
        for label, version in (self._versions() or {}).items():
            if version == key.version and label in (PENDING, PAIR):
                self._move(label, away_from=version)

    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        return self._record(key.version).with_id(key_pair_id).signing_key(self._label(key.version))

    def _create_secret(self) -> None:
        try:
            self._ask("create_secret", Name=self._secret_id)
        except AWSError as error:
            if error.code != "ResourceExistsException":
                raise

    def _put(self, record: Record, label: str, token: str) -> None:
        try:
            self._ask(
                "put_secret_value",
                SecretId=self._secret_id,
                ClientRequestToken=token,
                SecretString=record.dumps(),
                VersionStages=[label],
            )
        except AWSError as error:
            if error.code != "ResourceExistsException":
                raise
            raise ConcurrentRotation("Another run stored a key as this version.") from error

    def _move(self, label: str, *, to: str | None = None, away_from: str | None = None) -> None:
        versions = {"MoveToVersionId": to, "RemoveFromVersionId": away_from}
        given = {name: version for name, version in versions.items() if version is not None}
        try:
            self._ask(
                "update_secret_version_stage",
                SecretId=self._secret_id,
                VersionStage=label,
                **given,
            )
        except AWSError as error:
            # "If the staging label isn't attached to RemoveFromVersionId, the operation fails."
            if error.code != "InvalidParameterException":
                raise
            raise ConcurrentRotation(f"Another run moved the label {label}.") from error

    def _versions(self) -> dict[str, str] | None:
        """Return the version of each label, or ``None`` without a secret."""
        try:
            answer = self._ask("describe_secret", SecretId=self._secret_id)
        except AWSError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None
        return dict(_labelled(answer.get("VersionIdsToStages", {})))

    def _stored(self, version: str | None) -> StoredKey | None:
        """Return a version's key. A version that a rotation has only announced has no value yet."""
        record = self._record_if_any(version) if version else None
        return record.stored(version, self._label(version)) if version and record else None

    def _record_if_any(self, version: str) -> Record | None:
        try:
            answer = self._ask("get_secret_value", SecretId=self._secret_id, VersionId=version)
        except AWSError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None
        value = answer.get("SecretString", answer.get("SecretBinary"))
        return Record.parse(value) if value else None

    def _record(self, version: str) -> Record:
        record = self._record_if_any(version)
        if record is None:
            raise ConcurrentRotation(f"{self._label(version)} is gone: another run forgot it.")
        return record

    def _label(self, version: str) -> str:
        return f"Secret {self._secret_id!r}, version {version}"


def _labelled(stages: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for version, labels in stages.items():
        for label in labels:
            yield label, version
