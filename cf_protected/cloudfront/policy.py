"""Write CloudFront's policy statements to the byte, and read them as the edge does.

Sources: "Create a policy statement for a signed URL that uses a canned policy",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
and the same for a custom policy,
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cf_protected.exceptions import InvalidCondition, MalformedPolicy

# AWS gives the last expiry as 2262-04-11, where a 64-bit count of nanoseconds ends.
# Today's date in milliseconds is far above that, so one bound catches both mistakes.
MAX_EPOCH_SECONDS = 9223372036

# The operators of a policy, each with the one key that it compares.
_KEYS = {
    "DateLessThan": "AWS:EpochTime",
    "DateGreaterThan": "AWS:EpochTime",
    "IpAddress": "AWS:SourceIp",
}
_NAMES = {name.lower() for name in ("Resource", "Condition", *_KEYS)}
_CIDR = re.compile(r"[0-9.]+/(?:[0-9]|[12][0-9]|3[0-2])")


def to_epoch_seconds(moment: datetime | int, name: str) -> int:
    """Return ``moment`` in whole seconds since 1970, rounded down.

    ``name`` is the parameter's name for error messages.

    Raises ``InvalidCondition`` for a naive datetime, since its time zone is unknown; for
    anything but a datetime or an integer; and for a number that is negative or so large
    that it must be milliseconds.
    """
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise InvalidCondition(
                f"{name} is a datetime without a time zone; use django.utils.timezone.now() "
                "or datetime.now(timezone.utc)."
            )
        moment = int(moment.timestamp())
    elif type(moment) is not int:
        raise InvalidCondition(
            f"{name} must be an aware datetime or integer seconds, not {type(moment).__name__}."
        )
    if moment > MAX_EPOCH_SECONDS:
        raise InvalidCondition(f"{name} is {moment}: are these milliseconds? Give seconds.")
    if moment < 0:
        raise InvalidCondition(f"{name} is {moment}, which is before 1970.")
    return moment


def to_source_ip(ip_address: str) -> str:
    """Return ``ip_address``, an IPv4 address or network, in the form that a policy needs.

    A single address becomes a ``/32``. Raises ``InvalidCondition`` for IPv6, which
    CloudFront's policies don't support, and for anything that isn't an address.
    """
    try:
        network = ipaddress.ip_network(ip_address)
    except (ValueError, TypeError) as error:
        raise InvalidCondition(
            f"ip_address {ip_address!r} isn't an IPv4 address or network such as "
            "203.0.113.7 or 203.0.113.0/24 (with no host bits set)."
        ) from error
    if network.version != 4:
        raise InvalidCondition(
            f"ip_address {ip_address!r} is IPv6, which CloudFront's policies don't support."
        )
    return str(network)


def canned_policy(url: str, expires: int) -> str:
    """Return the canned policy of ``url``; the edge rebuilds the same text from the request."""
    return (
        f'{{"Statement":[{{"Resource":"{url}",'
        f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
    )


def custom_policy(
    resource: str, *, expires: int, starts: int | None = None, source_ip: str | None = None
) -> str:
    """Return a custom policy with these conditions; ``source_ip`` is from ``to_source_ip``."""
    conditions: dict[str, Any] = {"DateLessThan": {"AWS:EpochTime": expires}}
    if source_ip is not None:
        conditions["IpAddress"] = {"AWS:SourceIp": source_ip}
    if starts is not None:
        conditions["DateGreaterThan"] = {"AWS:EpochTime": starts}
    statement = {"Resource": resource, "Condition": conditions}
    return json.dumps({"Statement": [statement]}, separators=(",", ":"))


@dataclass(frozen=True)
class Policy:
    """A parsed statement. Without a resource (``None``) it opens every file of the key."""

    resource: str | None
    date_less_than: int
    date_greater_than: int | None = None
    source_ip: ipaddress.IPv4Network | None = None

    @classmethod
    def from_json(cls, data: bytes) -> Policy:
        """Read a custom policy as the edge does.

        White space, the order of the members, and unknown members beside ``Resource`` and
        ``Condition`` don't matter: a live CloudFront accepts them. What could be a misspelt
        condition or resource is refused, since it would open more than the signer meant.

        Raises ``MalformedPolicy``, also if ``DateLessThan`` is missing.
        """
        try:
            statement = _statement(data)
            values = _condition_values(statement["Condition"])
            starts = address = None
            if "DateGreaterThan" in values:
                starts = _epoch(values["DateGreaterThan"])
            if "IpAddress" in values:
                address = _network(values["IpAddress"])
            return cls(
                resource=_text(statement["Resource"]) if "Resource" in statement else None,
                date_less_than=_epoch(values["DateLessThan"]),
                date_greater_than=starts,
                source_ip=address,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise MalformedPolicy(
                f"not a policy statement ({type(error).__name__}: {error})"
            ) from error


def _statement(data: bytes) -> dict[str, Any]:
    document = json.loads(
        data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse_constant
    )
    (statement,) = document.pop("Statement")
    if document:
        raise ValueError("there are members beside Statement")
    if "Resource" not in statement and statement.keys() != {"Condition"}:
        raise ValueError("there is no Resource; is it misspelt?")
    if any(name.lower() in _NAMES for name in statement.keys() - {"Resource", "Condition"}):
        raise ValueError("a member of the statement is misspelt or misplaced")
    members: dict[str, Any] = statement
    return members


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} isn't JSON")


def _condition_values(conditions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the value of each condition by its operator, such as ``DateLessThan``."""
    values = {}
    for operator, condition in conditions.items():
        ((key, value),) = condition.items()
        if _KEYS.get(operator) != key:
            raise ValueError(f"there is no condition {operator} of {key}")
        values[operator] = value
    return values


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _epoch(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_EPOCH_SECONDS:
        raise ValueError("not epoch seconds")
    return value


def _network(value: object) -> ipaddress.IPv4Network:
    # The standard library also takes an address without "/32", and "/255.255.255.0".
    if not _CIDR.fullmatch(_text(value)):
        raise ValueError("not an IPv4 address with /32, or a CIDR block")
    return ipaddress.IPv4Network(value, strict=False)
