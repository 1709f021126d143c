"""Keep the signing key in an SSM parameter, and the next key in a second one."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import AWSError, ConcurrentRotation, RotationError
from cf_protected.key_rotation.aws import ask
from cf_protected.key_rotation.record import KeyType, Record, new_record
from cf_protected.key_rotation.state import StoredKey
from cf_protected.key_rotation.stores.base import Store

PENDING_SUFFIX: Final = ".pending"

_MISSING: Final = ("ParameterNotFound", "ParameterVersionNotFound")


class SSMStore(Store):
    """The ``SecureString`` parameter ``name``, whose latest version holds the signing key.

    With a label after its name (``/shop/key:live``) that label's version does. The next key
    waits in a second parameter, ``name.pending``: a new version of the first one would be the
    latest at once.

    Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html

    Raises ``RotationError`` if ``name`` names a version: its value never changes.
    """

    def __init__(self, client: Any, name: str, *, key_type: KeyType = "P-256") -> None:
        # Not a method: its frame, in the traceback of an error, would show what is sent.
        self._ask = partial(ask, client)
        self._selected = name
        self._name, self._label_name = _split(name)
        self._pending_name = self._name + PENDING_SUFFIX
        self._key_type = key_type

    def read(self) -> tuple[StoredKey | None, tuple[StoredKey, ...]]:
        current, pending = self._stored(self._selected), self._stored(self._pending_name)
        return current, () if pending is None else (pending,)

    def make_pair(self, replaces: str | None) -> None:
        try:
            self._put(self._pending_name, new_record(self._key_type, replaces), overwrite=False)
        except AWSError as error:
            if error.code != "ParameterAlreadyExists":
                raise
            raise ConcurrentRotation("Another run made a key pair.") from error

    def record_id(self, key: StoredKey, key_pair_id: str) -> None:
        record = self._record(self._pending_name).with_id(key_pair_id)
        self._put(self._pending_name, record, overwrite=True)

    def promote(self, key: StoredKey, current: StoredKey | None) -> None:
        # PutParameter has no condition, so this only makes a race less likely.
        if self.read() != (current, (key,)):
            raise ConcurrentRotation("Another run made another key the signing key.")
        version = self._put(self._name, self._record(self._pending_name), overwrite=True)
        if self._label_name:
            self._ask(
                "label_parameter_version",
                Name=self._name,
                ParameterVersion=version,
                Labels=[self._label_name],
            )

    def forget(self, key: StoredKey) -> None:
        try:
            self._ask("delete_parameter", Name=self._pending_name)
        except AWSError as error:
            if error.code not in _MISSING:
                raise

    def signing_key(self, key: StoredKey, key_pair_id: str) -> SigningKey:
        record = self._record(self._pending_name).with_id(key_pair_id)
        return record.signing_key(self._pending_name)

    def _put(self, name: str, record: Record, *, overwrite: bool) -> int:
        answer = self._ask(
            "put_parameter",
            Name=name,
            Value=record.dumps(),
            Type="SecureString",
            Overwrite=overwrite,
            **self._encryption(),
        )
        return int(answer["Version"])

    def _encryption(self) -> dict[str, str]:
        """Return the parameter's KMS key: an overwrite that names none switches to AWS's own."""
        only = [{"Key": "Name", "Values": [self._name]}]
        found = self._ask("describe_parameters", ParameterFilters=only)["Parameters"]
        return {"KeyId": found[0]["KeyId"]} if found and found[0].get("KeyId") else {}

    def _stored(self, name: str) -> StoredKey | None:
        try:
            version, record = self._version(name)
        except AWSError as error:
            if error.code not in _MISSING:
                raise
            return None
        return record.stored(version, f"Parameter {name!r}")

    def _record(self, name: str) -> Record:
        return self._version(name)[1]

    def _version(self, name: str) -> tuple[str, Record]:
        found = self._ask("get_parameter", Name=name, WithDecryption=True)["Parameter"]
        return str(found["Version"]), Record.parse(found["Value"])


def _split(name: str) -> tuple[str, str]:
    """Return a parameter's name, and its label or an empty string."""
    arn, _, rest = name.rpartition(":parameter/") if name.startswith("arn:") else ("", "", name)
    bare, _, selector = rest.partition(":")
    if selector.isdecimal():
        raise RotationError(
            f"{name!r} names a version, which never changes. Name the parameter, or a label."
        )
    return (f"/{bare}" if arn else bare), selector
