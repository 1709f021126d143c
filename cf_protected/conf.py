"""The one reader of ``settings.CF_PROTECTED``: typed, live, and clear about mistakes.

``current()`` is the parsed setting; it follows ``override_settings`` by itself.
``problems()`` lists everything wrong with it, for the system checks.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.cloudfront.keys import HashAlgorithm
from cf_protected.exceptions import CFProtectedError, InvalidURL

SETTING = "CF_PROTECTED"

#: Stands in ``TRUSTED_PROXIES`` for a proxy that connects over a Unix socket.
UNIX_SOCKET = "unix"
#: What tokens may be signed with; the keys of other algorithms are secrets, or there are none.
ASYMMETRIC_ALGORITHMS = (
    *(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)),
    "EdDSA",
)
_LONGEST_LEEWAY = timedelta(minutes=5)

_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::([1-9][0-9]{{0,4}}))?")


class ConfigurationError(CFProtectedError, ImproperlyConfigured):
    """``settings.CF_PROTECTED`` is wrong at ``where``; ``id`` is the system check's."""

    def __init__(self, where: str, message: str, *, hint: str, id: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.hint = hint
        self.id = f"cf_protected.{id}"


@dataclass(frozen=True)
class KeySourceSettings:
    """``KEY_SOURCE``: the class by dotted path, and its keyword arguments."""

    backend: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    lifetime: timedelta = timedelta(minutes=5)
    stale_limit: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class DistributionSettings:
    """One of ``DISTRIBUTIONS``."""

    domain: str
    storage: str
    key_source: KeySourceSettings
    scheme: Literal["https", "http"] = "https"
    path_prefix: str | None = None
    url_lifetime: timedelta = timedelta(minutes=15)
    expiry_step: timedelta = timedelta(minutes=5)
    hash_algorithm: HashAlgorithm = "SHA256"
    content_disposition: Literal["attachment", "inline"] | None = "attachment"
    rotation_overlap: timedelta = timedelta(days=1)
    key_group: str | None = None
    canary: str | None = None
    id: str | None = None
    cookie_domain: str | None = None
    cookie_lifetime: timedelta = timedelta(hours=1)
    cookie_samesite: Literal["Lax", "Strict", "None"] = "Lax"
    max_lifetime: timedelta = timedelta(hours=12)
    min_download_speed: int | None = None
    ip_prefix_length: int = 32
    ipv6_viewers: Literal["refuse", "unbound"] = "refuse"

    @property
    def longest_lifetime(self) -> timedelta:
        """The longest that a URL or cookie may live, the step's rounding included."""
        longest = max(self.url_lifetime, self.cookie_lifetime, self.max_lifetime)
        return longest + self.expiry_step


@dataclass(frozen=True)
class OIDCSettings:
    """One of ``OIDC``: an issuer whose access tokens are accepted."""

    issuer: str
    audience: tuple[str, ...] = ()
    client_ids: tuple[str, ...] = ()
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: timedelta = timedelta(seconds=30)
    unknown_subjects: Literal["refuse", "link", "create"] = "refuse"
    user_mapper: str = "cf_protected.oidc.users.map_user"


@dataclass(frozen=True)
class Settings:
    """The whole of ``CF_PROTECTED``, with its defaults filled in."""

    distributions: Mapping[str, DistributionSettings]
    authorizer: str = "cf_protected.access.decide"
    refusal_status: Literal[403, 404] = 403
    repeat_window: timedelta = timedelta(minutes=30)
    log_ip_addresses: Literal["keep", "truncate", "drop"] = "truncate"
    trusted_proxies: Sequence[str] = ()
    cors_origins: Sequence[str] = ()
    oidc: Mapping[str, OIDCSettings] = field(default_factory=dict)


_parsed: tuple[object, Settings] | None = None
_lock = Lock()
# A child has none of its parent's other threads, so nobody there would release their lock.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def current() -> Settings:
    """Return the setting as it is now: one object, until the setting is another.

    Raises ``ConfigurationError`` for its first mistake.
    """
    global _parsed  # noqa: PLW0603 - the one slot, under its lock
    with _lock:
        if _parsed is None or _parsed[0] is not getattr(settings, SETTING, None):
            # No local here holds the setting, which may hold a key: a debug page shows
            # the locals of every frame that an exception passed.
            reader = _Reader()
            parsed = reader.read()
            if parsed is None or reader.errors:
                raise reader.errors[0]
            _parsed = (reader.raw, parsed)
        return _parsed[1]


def problems() -> list[ConfigurationError]:
    """Return every mistake in the setting's own text; imports and keys aren't looked at."""
    reader = _Reader()
    reader.read()
    return reader.errors


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


def _list_of(check_one: Check) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, list | tuple):
            return f"has to be a list, not {type(value).__name__}"
        return next(filter(None, map(check_one, value)), "")

    return check


def _proxy(value: Any) -> str:
    if value == UNIX_SOCKET:
        return ""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return (
            "has to hold addresses and networks such as '10.0.0.0/8' (with no host bits set), "
            f"or {UNIX_SOCKET!r}, not {value!r}"
        )
    return ""


def _origin(value: Any) -> str:
    scheme, _, host = value.partition("://") if isinstance(value, str) else ("", "", "")
    if scheme in ("https", "http") and not _domain(host):
        return ""
    return f"has to hold origins such as 'https://app.example.com', without a path, not {value!r}"


_HTTPS_URL = re.compile(
    r"(?:https://[^/?#@\s]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)(/[^?#\s]*)?(\?[^#\s]*)?"
)


def _https_url(value: Any, *, query: bool) -> str:
    match = _HTTPS_URL.fullmatch(value) if isinstance(value, str) else None
    if match is not None and (query or match[2] is None):
        return ""
    return f"has to be a URL with https, not {value!r}"


def _texts(value: Any) -> str:
    texts = [value] if isinstance(value, str) else value
    is_fine = isinstance(texts, list | tuple) and all(isinstance(it, str) and it for it in texts)
    return "" if is_fine and texts else f"has to be a string or a list of strings, not {value!r}"


def _algorithms(value: Any) -> str:
    if not _texts(value) and {*_as_tuple(value)} <= {*ASYMMETRIC_ALGORITHMS}:
        return ""
    return f"has to be some of {', '.join(ASYMMETRIC_ALGORITHMS)}, not {value!r}"


def _as_tuple(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _leeway(value: Any) -> str:
    too_long = isinstance(value, timedelta) and value > _LONGEST_LEEWAY
    return f"has to be at most {_LONGEST_LEEWAY}" if too_long else _duration(zero=True)(value)


_STRING = _is(str, "a string")
_MAPPING = _is(Mapping, "a dict")

_TOP: dict[str, Check] = {
    "DISTRIBUTIONS": _MAPPING,
    "AUTHORIZER": partial(_dotted_path, of="function"),
    "REFUSAL_STATUS": _one_of(403, 404),
    "REPEAT_WINDOW": _duration(zero=True),
    "LOG_IP_ADDRESSES": _one_of("keep", "truncate", "drop"),
    "TRUSTED_PROXIES": _list_of(_proxy),
    "CORS_ORIGINS": _list_of(_origin),
    "OIDC": _MAPPING,
}
_DISTRIBUTION: dict[str, Check] = {
    "DOMAIN": _domain,
    "STORAGE": _STRING,
    "KEY_SOURCE": _MAPPING,
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
    "COOKIE_DOMAIN": lambda it: "" if it is None else _STRING(it) or _domain(it.lstrip(".")),
    "COOKIE_LIFETIME": _duration(zero=False),
    "COOKIE_SAMESITE": _one_of("Lax", "Strict", "None"),
    "MAX_LIFETIME": _duration(zero=False),
    "MIN_DOWNLOAD_SPEED": _whole_number(1, 2**63, or_none=True),
    "IP_PREFIX_LENGTH": _whole_number(8, 32),
    "IPV6_VIEWERS": _one_of("refuse", "unbound"),
}
_KEY_SOURCE: dict[str, Check] = {
    "BACKEND": partial(_dotted_path, of="class"),
    "OPTIONS": _MAPPING,
    "LIFETIME": _duration(zero=False),
    "STALE_LIMIT": _duration(zero=True),
}
_OIDC: dict[str, Check] = {
    "ISSUER": partial(_https_url, query=False),
    "AUDIENCE": _texts,
    "CLIENT_IDS": _texts,
    "JWKS_URL": lambda value: "" if value is None else _https_url(value, query=True),
    "ALGORITHMS": _algorithms,
    "LEEWAY": _leeway,
    "UNKNOWN_SUBJECTS": _one_of("refuse", "link", "create"),
    "USER_MAPPER": partial(_dotted_path, of="function"),
}


class _Reader:
    """Reads the setting once, and goes on after a mistake to find the others."""

    def __init__(self) -> None:
        self.raw = getattr(settings, SETTING, None)
        self.errors: list[ConfigurationError] = []

    def read(self) -> Settings | None:
        raw = self.raw
        if not isinstance(raw, Mapping):
            self._error(
                SETTING,
                "isn't set." if raw is None else f"has to be a dict, not {type(raw).__name__}.",
                hint="Add CF_PROTECTED to the settings; the README shows the shortest form.",
                id="E001",
            )
            return None
        values = self._fields(SETTING, raw, _TOP, required=("DISTRIBUTIONS",))
        distributions = dict(self._distributions(values.pop("distributions", None)))
        values["oidc"] = dict(self._issuers(values.pop("oidc", {})))
        return None if self.errors else Settings(distributions, **values)

    def _distributions(self, raw: Any) -> Iterator[tuple[str, DistributionSettings]]:
        where = f"{SETTING}['DISTRIBUTIONS']"
        if raw is not None and not raw:
            self._missing(where, "'default'")
        for alias, options in (raw or {}).items():
            parsed = self._distribution(f"{where}[{alias!r}]", options)
            if parsed is not None:
                yield alias, parsed

    def _distribution(self, where: str, raw: Any) -> DistributionSettings | None:
        if problem := _MAPPING(raw):
            self._wrong(where, problem)
            return None
        before = len(self.errors)
        values = self._fields(
            where, raw, _DISTRIBUTION, required=("DOMAIN", "STORAGE", "KEY_SOURCE")
        )
        if "key_source" in values:
            source = f"{where}['KEY_SOURCE']"
            options = self._fields(source, values["key_source"], _KEY_SOURCE, required=("BACKEND",))
            if len(self.errors) == before:
                values["key_source"] = KeySourceSettings(**options)
        return DistributionSettings(**values) if len(self.errors) == before else None

    def _issuers(self, raw: Mapping[str, Any]) -> Iterator[tuple[str, OIDCSettings]]:
        names: dict[str, str] = {}
        for name, options in raw.items():
            where = f"{SETTING}['OIDC'][{name!r}]"
            parsed = self._issuer(where, options)
            if parsed is not None and names.setdefault(parsed.issuer, name) != name:
                self._wrong(f"{where}['ISSUER']", f"is that of {names[parsed.issuer]!r} too")
            elif parsed is not None:
                yield name, parsed

    def _issuer(self, where: str, raw: Any) -> OIDCSettings | None:
        if problem := _MAPPING(raw):
            self._wrong(where, problem)
            return None
        before = len(self.errors)
        values = self._fields(where, raw, _OIDC, required=("ISSUER",))
        if not {"AUDIENCE", "CLIENT_IDS"} & set(raw):
            self._missing(where, "'AUDIENCE' or 'CLIENT_IDS'")
        for name in {"audience", "client_ids", "algorithms"} & set(values):
            values[name] = _as_tuple(values[name])
        return OIDCSettings(**values) if len(self.errors) == before else None

    def _fields(
        self,
        where: str,
        raw: Mapping[str, Any],
        checks: Mapping[str, Check],
        required: tuple[str, ...],
    ) -> dict[str, Any]:
        """The valid values of ``raw``, by attribute name; what isn't valid is an error."""
        values = {}
        for name, value in raw.items():
            check = checks.get(name)
            if check is None:
                self._unknown(where, name, checks)
            elif problem := check(value):
                self._wrong(f"{where}[{name!r}]", problem)
            else:
                values[name.lower()] = value
        for name in required:
            if name not in raw:
                self._missing(where, repr(name))
        return values

    def _unknown(self, where: str, name: object, known: Mapping[str, Check]) -> None:
        near = difflib.get_close_matches(str(name).upper(), known, n=1, cutoff=0.5)
        self._error(
            where,
            f"{name!r} is unknown.",
            hint=f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}.",
            id="E002",
        )

    def _missing(self, where: str, name: str) -> None:
        self._error(where, f"{name} is missing.", hint=f"Add {name}.", id="E003")

    def _wrong(self, where: str, problem: str) -> None:
        self._error(where, f"{problem}.", hint=f"Correct {where}.", id="E004")

    def _error(self, where: str, message: str, *, hint: str, id: str) -> None:
        self.errors.append(ConfigurationError(where, message, hint=hint, id=id))
