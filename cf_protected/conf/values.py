"""What is wrong with a value of the setting: a function for each kind, and a table of keys."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.exceptions import InvalidURL

#: Stands in ``TRUSTED_PROXIES`` for a proxy that connects over a Unix socket.
UNIX_SOCKET = "unix"

_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::([1-9][0-9]{{0,4}}))?")

Check = Callable[[Any], str]
"""Says what is wrong with a value, or ``""``."""


def _one_of(*values: object) -> Check:
    names = ", ".join(repr(value) for value in values)
    return lambda value: "" if value in values else f"has to be one of {names}, not {value!r}"


def _is(type_: type, what: str) -> Check:
    return lambda value: (
        "" if isinstance(value, type_) else f"has to be {what}, not {type(value).__name__}"
    )


def _dotted_path(value: Any, of: str) -> str:
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        return ""
    return f"has to be the dotted path of a {of}, not {value!r}"


def _duration(*, zero: bool) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, timedelta):
            return f"has to be a datetime.timedelta, not {type(value).__name__}"
        shortest = timedelta(0) if zero else timedelta(seconds=1)
        return "" if value >= shortest else f"has to be at least {shortest}, not {value}"

    return check


def _domain(value: Any) -> str:
    if not isinstance(value, str):
        return f"has to be a string, not {type(value).__name__}"
    if "://" in value or "/" in value:
        return f"has to be the bare domain name, without scheme or path, not {value!r}"
    if value != value.lower():
        return f"has to be in lower case, as browsers send it, not {value!r}"
    if value.endswith((":80", ":443")):
        return f"names a scheme's own port, which browsers leave out: {value!r}"
    match = _DOMAIN.fullmatch(value)
    is_one = match is not None and int(match[1] or 0) < 2**16
    return "" if is_one else f"isn't a domain name: {value!r}"


def _cookie_domain(value: Any) -> str:
    if value is None:
        return ""
    problem = _domain(value.removeprefix(".") if isinstance(value, str) else value)
    if not problem and ":" in value:
        return f"names a port, and cookies know none: {value!r}"
    return problem


def _path_prefix(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str) and value.endswith("/") and not value.startswith("/"):
        return _in_url(value)
    return "has to be a string without a leading slash and with one at its end, such as 'media/'"


def _in_url(path: str) -> str:
    try:
        quote_object_key(path)
    except InvalidURL:
        return f"can't be in a URL as it is: {path!r}"
    return ""


def _id(value: Any) -> str:
    if value is None or (isinstance(value, str) and re.fullmatch(r"[A-Z0-9]+", value)):
        return ""
    return f"has to be the distribution's ID, such as 'E2QWRUHEXAMPLE', not {value!r}"


def _whole_number(lowest: int, highest: int, *, or_none: bool = False) -> Check:
    def check(value: Any) -> str:
        if (value is None and or_none) or (type(value) is int and lowest <= value <= highest):
            return ""
        return f"has to be a whole number from {lowest} to {highest}, not {value!r}"

    return check


def _list_of(check_one: Check, *, empty: bool = True) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, list | tuple):
            return f"has to be a list, not {type(value).__name__}"
        if not value and not empty:
            return "must not be empty"
        return next(filter(None, map(check_one, value)), "")

    return check


def _proxy(value: Any) -> str:
    if value == UNIX_SOCKET:
        return ""
    try:
        network = ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return (
            "has to hold addresses and networks such as '10.0.0.0/8' (with no host bits set), "
            f"or {UNIX_SOCKET!r}, not {value!r}"
        )
    return "" if network.prefixlen else f"would believe everybody, with {value!r}"


def as_tuple(value: Any) -> tuple[str, ...]:
    """One text as a tuple of one, and a list of them as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


_STRING = _is(str, "a string")
is_mapping = _is(Mapping, "a dict")

TOP: Final[dict[str, Check]] = {
    "DISTRIBUTIONS": is_mapping,
    "AUTHORIZER": partial(_dotted_path, of="function"),
    "REFUSAL_STATUS": _one_of(403, 404),
    "REPEAT_WINDOW": _duration(zero=True),
    "LOG_IP_ADDRESSES": _one_of("keep", "truncate", "drop"),
    "TRUSTED_PROXIES": _list_of(_proxy),
    "AUTHENTICATORS": _list_of(partial(_dotted_path, of="class"), empty=False),
}
DISTRIBUTION: Final[dict[str, Check]] = {
    "DOMAIN": _domain,
    "STORAGE": _STRING,
    "KEY_SOURCE": is_mapping,
    "SCHEME": _one_of("https", "http"),
    "PATH_PREFIX": _path_prefix,
    "URL_LIFETIME": _duration(zero=False),
    "EXPIRY_STEP": _duration(zero=False),
    "HASH_ALGORITHM": _one_of("SHA256", "SHA1"),
    "CONTENT_DISPOSITION": _one_of("attachment", "inline", None),
    "ROTATION_OVERLAP": _duration(zero=False),
    "KEY_GROUP": lambda it: "" if it is None else _STRING(it),
    "CANARY": lambda it: "" if it is None else _STRING(it) or _in_url(it),
    "ID": _id,
    "COOKIE_DOMAIN": _cookie_domain,
    "COOKIE_LIFETIME": _duration(zero=False),
    "COOKIE_SAMESITE": _one_of("Lax", "Strict", "None"),
    "MAX_LIFETIME": _duration(zero=False),
    "MIN_DOWNLOAD_SPEED": _whole_number(1, 2**63, or_none=True),
    "IP_PREFIX_LENGTH": _whole_number(8, 32),
    "IPV6_VIEWERS": _one_of("refuse", "unbound"),
}
KEY_SOURCE: Final[dict[str, Check]] = {
    "BACKEND": partial(_dotted_path, of="class"),
    "OPTIONS": is_mapping,
    "LIFETIME": _duration(zero=False),
    "STALE_LIMIT": _duration(zero=True),
}
