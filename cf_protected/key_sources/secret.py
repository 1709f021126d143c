"""Read a signing key from the text or bytes of a secret."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from cf_protected.cloudfront.keys import SigningKey, load_private_key
from cf_protected.cloudfront.text import base64_decoded, decoded, plain
from cf_protected.exceptions import UnusableKey
from cf_protected.key_sources.ids import clean_id

_FORM: Final = '{"key_pair_id": "K…", "private_key": "-----BEGIN …"}'
_FIELDS: Final = ("key_pair_id", "private_key", "passphrase")
#: How often JSON may be wrapped in base64, quotes or a JSON string.
_DEPTH: Final = 5
_AROUND: Final = " \t\r\n\ufeff\0"


def signing_key(value: str | bytes, key_pair_id: str | None, *, label: str) -> SigningKey:
    """Return the key in ``value``: a private key, or the JSON that this project writes.

    The JSON is ``{"key_pair_id": …, "private_key": …}``, with ``"passphrase"`` if the key
    is encrypted: both in one value, because two can't be replaced at the same moment.
    A bare key needs ``key_pair_id``; if the JSON has one too, they must agree.
    ``label`` is the secret's name in errors.

    What consoles and editors do to either is undone, if only one reading is possible.

    Raises ``UnusableKey``, which never repeats the value.
    """
    try:
        return _parse(value, clean_id(key_pair_id))
    except UnusableKey as error:
        problem = f"{label}: {error}"
    finally:
        # A debug page shows the locals of every frame that an exception passed. Either may hold
        # the key, if two names were swapped.
        del value, key_pair_id
    raise UnusableKey(problem)  # not chained: the frames below still hold the key


def _parse(value: str | bytes, key_pair_id: str | None) -> SigningKey:
    found = json_object(value)
    if found is not None:
        return _key_of(known_fields(found), key_pair_id)
    if key_pair_id is None:
        raise UnusableKey(
            f"it isn't JSON, and the option key_pair_id is missing. Give it, or store {_FORM}."
        )
    return load_private_key(value, key_pair_id=key_pair_id)


def _key_of(fields: dict[str, Any], key_pair_id: str | None) -> SigningKey:
    for name, field in fields.items():
        if not isinstance(field, str):
            raise UnusableKey(f"its {name} is {type(field).__name__}, not text. Store {_FORM}.")
    stated = clean_id(fields.get("key_pair_id", key_pair_id))
    if stated is None:
        raise UnusableKey(f"its JSON has no key_pair_id. Store {_FORM}.")
    if key_pair_id not in (None, stated):
        # Neither is repeated: a key may have been pasted there.
        raise UnusableKey("its key_pair_id isn't the option's. Leave the option out.")
    return load_private_key(
        fields["private_key"], key_pair_id=stated, passphrase=fields.get("passphrase")
    )


def known_fields(found: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a secret by their names here, whatever their spelling: ``privateKey``.

    Raises ``UnusableKey`` without a private key, or if a field is there twice.
    """
    spellings = {name.replace("_", ""): name for name in _FIELDS}
    known: dict[str, Any] = {}
    for spelt, field in found.items():
        name = spellings.get(re.sub(r"[\s_-]", "", spelt).lower())
        if name is None or (name == "passphrase" and field is None):
            continue
        if known.setdefault(name, field) != field:
            raise UnusableKey(f"its JSON has two values of {name}. Store {_FORM}.")
    if "private_key" in known:
        return known
    if "kty" in found:
        raise UnusableKey(f"it is a JSON Web Key. Convert it to PEM, and store {_FORM}.")
    raise UnusableKey(f"its JSON has {_names(found)}. Store {_FORM}.")


def json_object(value: str | bytes) -> dict[str, Any] | None:
    """Return the JSON object in ``value``, or ``None`` if that is something else.

    The JSON may be in UTF-16, have a byte order mark and real line breaks within its strings, and
    stand in base64, in quotes or in a JSON string.

    Raises ``UnusableKey`` for text that begins like an object and can't be read as one.
    """
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    text = decoded(data)
    for _ in range(_DEPTH):
        text = (text or "").strip(_AROUND)
        if text.startswith("{"):
            return _object(text)
        text = _unwrapped(text)
        if text is None:
            return None
    return None


def _unwrapped(text: str) -> str | None:
    """Return what stands in a JSON string, in quotes or in base64; ``None`` if nothing does."""
    for quoted in (text, _straight(text)):
        inner = _loaded(quoted)
        if isinstance(inner, str):
            return inner
        if inner is not None:
            return None
        if len(quoted) > 1 and quoted[0] == quoted[-1] and quoted[0] in "'\"`":
            return quoted[1:-1]
    return decoded(base64_decoded(plain(text)))


def _object(text: str) -> dict[str, Any]:
    for candidate in _readings(text):
        found = _loaded(candidate)
        if isinstance(found, str):  # it was escaped once more
            found = _loaded(found)
        if isinstance(found, dict):
            return found
    if re.match(r"\{\s*'", text):
        raise UnusableKey(
            f"it is a Python dict, not JSON: write it with json.dumps. Store {_FORM}."
        )
    # Not chained: a JSONDecodeError holds the whole text.
    raise UnusableKey(f"it starts like JSON but can't be parsed. Store {_FORM}.")


def _readings(text: str) -> Iterator[str]:
    """Yield JSON as it stands, then as it was before a chat program or a shell changed it."""
    yield text
    yield _straight(text)
    yield f'"{text}"'


def _straight(text: str) -> str:
    """Return ``text`` with straight quotes in place of curly ones."""
    return "".join(
        '"' if unicodedata.category(character) in ("Pi", "Pf") or character == "„" else character
        for character in text
    )


def _loaded(text: str) -> Any:
    """Return what the JSON in ``text`` says, or ``None``. Strings may have real line breaks."""
    try:
        return json.loads(text, strict=False, object_pairs_hook=_once)
    except UnusableKey:
        raise
    except (ValueError, RecursionError):  # not JSON, a number of too many digits, or too deep
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if any(fields[name] != field for name, field in pairs):
        raise UnusableKey(f"its JSON has two values of one field. Store {_FORM}.")
    return fields


def _names(fields: dict[str, object]) -> str:
    """Return the fields' names, if they look like names: a key may have been pasted there."""
    names = [name for name in fields if re.fullmatch(r"[A-Za-z][A-Za-z0-9_\-]{0,30}", name)]
    others = [] if len(names) == len(fields) else [f"{len(fields) - len(names)} unnamed"]
    return ", ".join(names + others) or "no fields"
