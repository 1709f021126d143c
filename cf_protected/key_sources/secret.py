"""Read a signing key from the text or bytes of a secret."""

from __future__ import annotations

import json
import re
from typing import Final

from cf_protected.cloudfront.keys import SigningKey, load_private_key
from cf_protected.exceptions import UnusableKey

_FORM: Final = '{"key_pair_id": "K…", "private_key": "-----BEGIN …"}'
_FIELDS: Final = ("key_pair_id", "private_key", "passphrase")


def signing_key(value: str | bytes, key_pair_id: str | None, *, label: str) -> SigningKey:
    """Return the key in ``value``: a private key, or the JSON that this project writes.

    The JSON is ``{"key_pair_id": …, "private_key": …}``, with ``"passphrase"`` if the key
    is encrypted: both in one value, because two can't be replaced at the same moment.
    A bare key needs ``key_pair_id``; if the JSON has one too, they must agree.
    ``label`` is the secret's name in errors.

    Raises ``UnusableKey``, which never repeats the value.
    """
    try:
        return _parse(value, key_pair_id)
    except UnusableKey as error:
        problem = f"{label}: {error}"
    finally:
        # A debug page shows the locals of every frame that an exception passed.
        del value
    raise UnusableKey(problem)  # not chained: the frames below still hold the key


def _parse(value: str | bytes, key_pair_id: str | None) -> SigningKey:
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        return _parse_json(text, key_pair_id)
    if key_pair_id is None:
        raise UnusableKey(
            f"it isn't JSON, and the option key_pair_id is missing. Give it, or store {_FORM}."
        )
    return load_private_key(value, key_pair_id=key_pair_id)


def _parse_json(text: str, key_pair_id: str | None) -> SigningKey:
    fields = _fields(text)
    stated = fields.get("key_pair_id", key_pair_id)
    if stated is None:
        raise UnusableKey(f"its JSON has no key_pair_id. Store {_FORM}.")
    if key_pair_id not in (None, stated):
        # Neither is repeated: a key may have been pasted there.
        raise UnusableKey("its key_pair_id isn't the option's. Leave the option out.")
    return load_private_key(
        fields["private_key"], key_pair_id=stated, passphrase=fields.get("passphrase")
    )


def _fields(text: str) -> dict[str, str]:
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        # Not chained: a JSONDecodeError holds the whole text.
        raise UnusableKey(f"it starts like JSON but can't be parsed. Store {_FORM}.")
    known = {name: fields[name] for name in _FIELDS if name in fields}
    if "private_key" not in known:
        raise UnusableKey(f"its JSON has {_names(fields)}. Store {_FORM}.")
    for name, value in known.items():
        if not isinstance(value, str):
            raise UnusableKey(f"its {name} is {type(value).__name__}, not text. Store {_FORM}.")
    return known


def _names(fields: dict[str, object]) -> str:
    """Return the fields' names, if they look like names: a key may have been pasted there."""
    names = [name for name in fields if re.fullmatch(r"[A-Za-z][A-Za-z0-9_\-]{0,30}", name)]
    others = [] if len(names) == len(fields) else [f"{len(fields) - len(names)} unnamed"]
    return ", ".join(names + others) or "no fields"
