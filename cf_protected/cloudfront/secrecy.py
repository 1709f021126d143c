"""Keep keys out of messages: they may stand wherever a name or an ID was meant."""

from __future__ import annotations

import re
from datetime import timedelta
from types import BuiltinFunctionType, FunctionType
from typing import Final

#: How keys begin: PEM, PuTTY's format, a JSON Web Key; base64 of PEM, of the PEM's UTF-16 or
#: base64, and of DER.
_KEY: Final = re.compile(
    r"""
    BEGIN\W{1,9}[A-Z0-9 %+_\\-]{0,40}KEY | PRIVATE(?:\s|\+|%20)KEY-
    | PuTTY-User-Key-File | "kty"\s*:
    | LS0tLS1CRUdJTi | LQAtAC0ALQAtAEIA | TFMwdExTMUNSVWRKVG
    | (?<![A-Za-z0-9+_-])M(?:I[A-Za-z]|H[a-z])[A-Za-z0-9+/_-]{40}
    """,
    re.VERBOSE,
)
#: A line of a PEM, or a password that a machine made.
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/]{40,}")
_LONGEST: Final = 100
_HARMLESS: Final = (int, float, timedelta, type, FunctionType, BuiltinFunctionType)


def holds_key(value: object) -> bool:
    """Return whether ``value``, a text or bytes, holds a key where something else is expected."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return isinstance(value, str) and _KEY.search(value.replace("\0", "")) is not None


def shown(value: object) -> str:
    """Return ``value`` for a message: as ``repr`` has it, unless it may be a key or is long."""
    if isinstance(value, str):
        is_hidden = len(value) > _LONGEST or holds_key(value) or _is_random(value)
        return f"{len(value)} characters, which aren't shown" if is_hidden else repr(value)
    if isinstance(value, list | tuple):
        items = ", ".join(map(shown, value))
        return items if len(items) <= _LONGEST else type(value).__name__
    if value is None or isinstance(value, _HARMLESS):
        return repr(value)
    return type(value).__name__


def _is_random(text: str) -> bool:
    return any(
        re.search("[A-Z]", run) and re.search("[a-z]", run) and re.search("[0-9]", run)
        for run in _RANDOM.findall(text)
    )
