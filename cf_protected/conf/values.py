"""Types of settings' values. Each carries the check that says what is wrong with a value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from cf_protected.addresses import normal_address
from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.cloudfront.secrecy import shown
from cf_protected.exceptions import InvalidURL

#: Stands in ``TRUSTED_PROXIES`` for a proxy that connects over a Unix socket.
UNIX_SOCKET: Final = "unix"

_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
# The last label of an IPv4 address, in each form that browsers read as one.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::([1-9][0-9]{{0,4}}))?")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# What a URL consists of: no white space, no backslash, which browsers take for a slash.
_URL_TEXT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_NAMES: Final[dict[type, str]] = {
    str: "a string",
    int: "a whole number",
    Mapping: "a dict",
    timedelta: "a datetime.timedelta",
}

#: Returns what is wrong with a value, or ``""``.
Check = Callable[[Any], str]


def is_a(type_: type) -> Check:
    """Return the check that a value is an instance of ``type_``."""
    return lambda value: (
        ""
        if isinstance(value, type_)
        else f"must be {_NAMES.get(type_, type_.__name__)}, not {type(value).__name__}"
    )


def one_of(*values: object) -> Check:
    """Return the check that a value is one of ``values``."""
    names = ", ".join(map(repr, values))
    return lambda value: "" if value in values else f"must be one of {names}, not {shown(value)}"


def between(shortest: timedelta = timedelta(0), longest: timedelta = timedelta.max) -> Check:
    """Return the check of a duration; both limits are allowed."""

    def check(value: Any) -> str:
        if problem := is_a(timedelta)(value):
            return problem
        if value > longest:
            return f"must be at most {longest}, not {value}"
        return "" if value >= shortest else f"must be at least {shortest}, not {value}"

    return check


def whole_number(lowest: int, highest: int) -> Check:
    """Return the check of an integer; both limits are allowed."""

    def check(value: Any) -> str:
        if type(value) is int and lowest <= value <= highest:  # True isn't a number here
            return ""
        return f"must be a whole number from {lowest} to {highest}, not {shown(value)}"

    return check


def list_of(check_one: Check) -> Check:
    """Return the check of a list; it reports the first wrong item."""

    def check(value: Any) -> str:
        if not isinstance(value, list | tuple):
            return f"must be a list, not {type(value).__name__}"
        return next(filter(None, map(check_one, value)), "")

    return check


def as_tuple(value: Any) -> tuple[str, ...]:
    """Return a list as a tuple, and a single string as a tuple of one."""
    return (value,) if isinstance(value, str) else tuple(value)


def _dotted_path(value: Any, of: str) -> str:
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        return ""
    return f"must be the dotted path of a {of}, not {shown(value)}"


def _class_paths(value: Any) -> str:
    problem = list_of(partial(_dotted_path, of="class"))(value)
    return problem or ("" if value else "must not be empty")


def _domain(value: Any) -> str:
    if problem := is_a(str)(value):
        return problem
    if "://" in value or "/" in value:
        return f"must be the bare domain name, without scheme or path, not {shown(value)}"
    if value != value.lower():
        return f"must be in lower case, as browsers send it, not {shown(value)}"
    if value.endswith((":80", ":443")):
        return f"must not have the scheme's default port, which browsers omit: {shown(value)}"
    match = _DOMAIN.fullmatch(value)
    is_valid = match is not None and int(match[1] or 0) < 2**16
    return "" if is_valid else f"isn't a domain name: {shown(value)}"


def _cookie_domain(value: Any) -> str:
    problem = _domain(value.removeprefix(".") if isinstance(value, str) else value)
    if not problem and ":" in value:
        return f"must not have a port, since cookies don't support ports: {shown(value)}"
    if not problem and _NUMBER.fullmatch(value.rpartition(".")[2]):
        return f"must not be an IP address, since browsers keep those to one host: {shown(value)}"
    return problem


def _path_prefix(value: Any) -> str:
    if value == "":
        return ""
    if isinstance(value, str) and value.endswith("/") and not value.startswith("/"):
        return _object_key(value)
    return "must be a string without a leading slash and with one at its end, such as 'media/'"


def _object_key(value: Any) -> str:
    if problem := is_a(str)(value):
        return problem
    try:
        quote_object_key(value)
    except InvalidURL:
        return f"can't be part of a URL: {shown(value)}"
    return ""


def _distribution_id(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Z0-9]+", value):
        return ""
    return f"must be the distribution's ID, such as 'E2QWRUHEXAMPLE', not {shown(value)}"


def _proxy(value: Any) -> str:
    if value == UNIX_SOCKET:
        return ""
    try:
        network = ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return (
            "must hold addresses and networks such as '10.0.0.0/8' (with no host bits set), "
            f"or {UNIX_SOCKET!r}, not {shown(value)}"
        )
    return "" if network.prefixlen else f"must not hold {shown(value)}, which trusts every address"


def _site_url(value: Any) -> str:
    if problem := is_a(str)(value):
        return problem
    if value and (problem := _url(value)):
        return problem
    # The value isn't shown where it may be a secret.
    return "must not have a query or a fragment" if {"?", "#"} & {*value} else ""


def _contact(value: Any) -> str:
    if problem := is_a(str)(value):
        return problem
    if not value or (_SCHEME.match(value) and not _url(value)):
        return ""
    try:
        normal_address(value)
    except ValueError:
        return "must be an e-mail address, or an absolute URL with http or https"
    return ""


def _url(value: str) -> str:
    """Return what is wrong with an absolute URL of a web page."""
    try:
        url = urlsplit(value)
        has_host = bool(url.hostname) and url.port != 0
    except ValueError:  # such as a port that isn't a number
        has_host = False
    if not has_host or not _SCHEME.match(value) or not _URL_TEXT.fullmatch(value):
        return "must be an absolute URL in ASCII, such as 'https://shop.example.com'"
    return "must not have a user name or a password" if "@" in url.netloc else ""


ClassPath = Annotated[str, partial(_dotted_path, of="class")]
ClassPaths = Annotated[tuple[str, ...], _class_paths]
#: An e-mail address, a web page's URL, or ``""``.
Contact = Annotated[str, _contact]
CookieDomain = Annotated[str, _cookie_domain]
DistributionID = Annotated[str, _distribution_id]
Domain = Annotated[str, _domain]
#: Zero or more.
Duration = Annotated[timedelta, between()]
FunctionPath = Annotated[str, partial(_dotted_path, of="function")]
ObjectKey = Annotated[str, _object_key]
PathPrefix = Annotated[str, _path_prefix]
#: At least a second, which is what CloudFront's dates are precise to.
PositiveDuration = Annotated[timedelta, between(timedelta(seconds=1))]
#: Without a query and a fragment, or ``""``.
SiteURL = Annotated[str, _site_url]
TrustedProxies = Annotated[tuple[str, ...], list_of(_proxy)]
