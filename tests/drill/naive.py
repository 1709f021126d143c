"""The order of the usual tutorial, to show that the drill can fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from cf_protected.cloudfront.keys import public_pem
from cf_protected.key_rotation.record import Record, new_record
from tests.drill.scene import SECRET_ID, SLOWEST_NEWS, Scene

#: Between two steps at the console, in seconds.
PAUSE: Final = 300.0


@dataclass(frozen=True)
class Mistakes:
    """What the usual tutorial does wrong.

    ``signs_first``: the new key signs before the edges know it. ``replaces``: it takes the
    old one's place in the key group, so that this isn't trusted any more. ``writes_twice``:
    its ID and its private key are stored one after the other.
    """

    signs_first: bool = False
    replaces: bool = False
    writes_twice: bool = False


def by_hand(scene: Scene, mistakes: Mistakes) -> int:
    """Replace the key, step by step. Nobody is killed, so it returns 0."""
    hand = _Hand(scene)
    new, old_id = new_record("P-256", None), scene.signing_id
    new_id = hand.upload(new)
    if mistakes.signs_first:
        hand.store(new_id, new, writes_twice=mistakes.writes_twice)
    hand.trust(new_id) if mistakes.replaces else hand.trust(old_id, new_id)
    scene.time.sleep(SLOWEST_NEWS)
    if not mistakes.signs_first:
        hand.store(new_id, new, writes_twice=mistakes.writes_twice)
    scene.time.sleep(scene.settings.rotation_overlap.total_seconds())
    if not mistakes.replaces:
        hand.trust(new_id)
    hand.delete(old_id)
    return 0


class _Hand:
    """Somebody at the console."""

    def __init__(self, scene: Scene) -> None:
        self._time = scene.time
        self._cloudfront = scene.client("cloudfront")
        self._secrets = scene.client("secretsmanager")

    def upload(self, pair: Record) -> str:
        pem = public_pem(pair.signing_key("The pair made by hand").public_key)
        name = f"by-hand-{self._time.now:.0f}"
        config = {"CallerReference": name, "Name": name, "EncodedKey": pem}
        answer = self._cloudfront.create_public_key(PublicKeyConfig=config)
        return str(self._next(answer["PublicKey"]["Id"]))

    def store(self, key_pair_id: str, pair: Record, *, writes_twice: bool) -> None:
        if writes_twice:
            present = self._secrets.get_secret_value(SecretId=SECRET_ID)["SecretString"]
            self._put({**json.loads(present), "key_pair_id": key_pair_id})
        self._put({"key_pair_id": key_pair_id, "private_key": pair.private_key})

    def trust(self, *key_pair_ids: str) -> None:
        (group,) = self._cloudfront.list_key_groups()["KeyGroupList"]["Items"]
        id_ = group["KeyGroup"]["Id"]
        found = self._cloudfront.get_key_group_config(Id=id_)
        config = {**found["KeyGroupConfig"], "Items": list(key_pair_ids)}
        self._next(
            self._cloudfront.update_key_group(Id=id_, IfMatch=found["ETag"], KeyGroupConfig=config)
        )

    def delete(self, key_pair_id: str) -> None:
        etag = self._cloudfront.get_public_key(Id=key_pair_id)["ETag"]
        self._next(self._cloudfront.delete_public_key(Id=key_pair_id, IfMatch=etag))

    def _put(self, value: dict[str, str]) -> None:
        text = json.dumps(value)
        self._next(self._secrets.put_secret_value(SecretId=SECRET_ID, SecretString=text))

    def _next(self, answer: Any) -> Any:
        """Time passes until the next step."""
        self._time.sleep(PAUSE)
        return answer
