"""Read and change CloudFront's public keys and key group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cf_protected.cloudfront.keys import load_public_key, public_pem
from cf_protected.exceptions import AWSError, ConcurrentRotation, RotationError, UnusableKey
from cf_protected.key_rotation.aws import ask
from cf_protected.key_rotation.state import KeyGroup, PublishedKey

_COMMENT: Final = "Signing since {}"
_SINCE: Final = re.compile(r"Signing since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00)")


class CloudFrontKeys:
    """The account's public keys, and the key group ``group`` (a name or an ID).

    ``distribution_ids`` are watched as well as those that CloudFront lists for the group.

    Every method raises ``AWSError``. A method that changes something also raises
    ``ConcurrentRotation`` when another run has changed the same thing.
    """

    def __init__(self, client: Any, group: str, *, distribution_ids: Sequence[str] = ()) -> None:
        self.group_name = group
        self._client = client
        self._distribution_ids = tuple(distribution_ids)

    def public_keys(self) -> tuple[PublishedKey, ...]:
        """Return all public keys of the account."""
        items = self._list("list_public_keys", "PublicKeyList")
        return tuple(
            PublishedKey(
                item["Id"],
                item["Name"],
                item["CreatedTime"],
                _normalized(item["EncodedKey"]),
                _signing_since(item.get("Comment", "")),
            )
            for item in items
        )

    def group(self) -> KeyGroup | None:
        """Return the key group, or ``None`` without one."""
        for item in self._list("list_key_groups", "KeyGroupList"):
            id_ = item["KeyGroup"]["Id"]
            if self.group_name in (id_, item["KeyGroup"]["KeyGroupConfig"]["Name"]):
                return _group(self._ask("get_key_group", Id=id_))
        return None

    def in_progress(self, group: KeyGroup) -> tuple[str, ...]:
        """Return the IDs of the group's distributions that aren't deployed.

        Source: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Distribution.html
        """
        ids = dict.fromkeys([*self._distribution_ids, *self._distributions_with(group)])
        return tuple(id_ for id_ in ids if self._status(id_) != "Deployed")

    def create_public_key(self, name: str, public_key: str) -> None:
        """Upload a public key. A repeat accepts the key that the first try uploaded.

        Source: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreatePublicKey.html
        """
        config = {"CallerReference": name, "Name": name, "EncodedKey": public_key}
        try:
            self._ask("create_public_key", PublicKeyConfig=config)
        except AWSError as error:
            if error.code != "PublicKeyAlreadyExists":
                raise
            self._expect_same(name, public_key)

    def create_group(self, name: str, members: Sequence[str]) -> None:
        """Create the key group. CloudFront doesn't allow an empty one."""
        try:
            self._ask("create_key_group", KeyGroupConfig={"Name": name, "Items": list(members)})
        except AWSError as error:
            raise _explained(error, "KeyGroupAlreadyExists") from error

    def set_members(self, group: KeyGroup, members: Sequence[str]) -> None:
        """Make ``members`` the group's keys, unless the group was changed since it was read."""
        answer = self._ask("get_key_group", Id=group.id)
        config = {**answer["KeyGroup"]["KeyGroupConfig"], "Items": list(members)}
        self._change("update_key_group", Id=group.id, IfMatch=group.etag, KeyGroupConfig=config)

    def note_signing(self, id: str, since: datetime) -> None:
        """Write into the public key's comment when it began to sign."""
        answer = self._ask("get_public_key", Id=id)
        comment = _COMMENT.format(since.astimezone(UTC).isoformat(timespec="seconds"))
        config = {**answer["PublicKey"]["PublicKeyConfig"], "Comment": comment}
        self._change("update_public_key", Id=id, IfMatch=answer["ETag"], PublicKeyConfig=config)

    def delete_public_key(self, id: str) -> None:
        """Delete a public key. One that is already gone isn't an error."""
        try:
            etag = self._ask("get_public_key", Id=id)["ETag"]
            self._change("delete_public_key", Id=id, IfMatch=etag)
        except AWSError as error:
            if error.code != "NoSuchPublicKey":
                raise

    def delete_group(self, group: KeyGroup) -> None:
        """Delete the key group. No distribution may still trust it."""
        self._change("delete_key_group", Id=group.id, IfMatch=group.etag)

    def _distributions_with(self, group: KeyGroup) -> Iterator[str]:
        try:
            yield from self._list(
                "list_distributions_by_key_group", "DistributionIdList", KeyGroupId=group.id
            )
        except AWSError as error:
            if error.code not in ("NoSuchResource", "404"):
                raise

    def _status(self, distribution_id: str) -> str:
        answer = self._ask("get_distribution", Id=distribution_id)
        return str(answer["Distribution"]["Status"])

    def _expect_same(self, name: str, public_key: str) -> None:
        known = {one.name: one.public_key for one in self.public_keys()}
        if known.get(name) != public_key:
            raise RotationError(
                f"CloudFront has another public key named {name}. Delete it, or rename the group."
            )

    def _list(self, operation: str, wrapper: str, **parameters: Any) -> Iterator[Any]:
        """Yield the items of all pages."""
        marker: dict[str, str] = {}
        while True:
            page = self._ask(operation, **parameters, **marker)[wrapper]
            yield from page.get("Items", [])
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}

    def _change(self, operation: str, **parameters: Any) -> None:
        try:
            self._ask(operation, **parameters)
        except AWSError as error:
            raise _explained(error, "PreconditionFailed", "InvalidIfMatchVersion") from error

    def _ask(self, operation: str, **parameters: Any) -> Any:
        return ask(self._client, operation, **parameters)


def _explained(error: AWSError, *codes: str) -> RotationError:
    if error.code not in codes:
        return error
    return ConcurrentRotation("Another run is changing the keys, so this one stops.")


def _group(answer: Any) -> KeyGroup:
    group = answer["KeyGroup"]
    config = group["KeyGroupConfig"]
    return KeyGroup(
        group["Id"],
        config["Name"],
        tuple(config.get("Items", ())),
        answer["ETag"],
        group["LastModifiedTime"],
    )


def _normalized(encoded_key: str) -> str:
    """Return the PEM as this project writes it, or unchanged if it isn't a key that we can read."""
    try:
        return public_pem(load_public_key(encoded_key))
    except UnusableKey:
        return encoded_key


def _signing_since(comment: str) -> datetime | None:
    found = _SINCE.fullmatch(comment)
    return datetime.fromisoformat(found[1]) if found else None
