from __future__ import annotations

import ipaddress
import json
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from cf_protected.cloudfront.policy import (
    MAX_EPOCH_SECONDS,
    Policy,
    canned_policy,
    custom_policy,
    to_epoch_seconds,
    to_source_ip,
)
from cf_protected.exceptions import InvalidCondition, MalformedPolicy


class UndecidedZone(tzinfo):
    """A time zone without an offset, so its datetimes are naive."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def test_the_canned_policy_is_as_aws_documents_it() -> None:
    assert canned_policy("https://example.com/a?b=1&c=2", 1767226500) == (
        '{"Statement":[{"Resource":"https://example.com/a?b=1&c=2",'
        '"Condition":{"DateLessThan":{"AWS:EpochTime":1767226500}}}]}'
    )


def test_the_custom_policy_has_botocores_order_and_no_white_space() -> None:
    policy = custom_policy("https://example.com/*", expires=9, starts=3, source_ip="192.0.2.1/32")
    assert policy == (
        '{"Statement":[{"Resource":"https://example.com/*","Condition":'
        '{"DateLessThan":{"AWS:EpochTime":9},"IpAddress":{"AWS:SourceIp":"192.0.2.1/32"},'
        '"DateGreaterThan":{"AWS:EpochTime":3}}}]}'
    )


def test_the_custom_policy_may_start_in_1970() -> None:
    assert '"DateGreaterThan":{"AWS:EpochTime":0}' in custom_policy("*", expires=9, starts=0)


def test_the_custom_policy_has_only_the_given_conditions() -> None:
    assert custom_policy("*", expires=9) == (
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":9}}}]}'
    )


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (0, 0),
        (MAX_EPOCH_SECONDS, MAX_EPOCH_SECONDS),
        (datetime(2026, 1, 1, tzinfo=UTC), 1767225600),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1767225600),
        (datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), 1767225600),
    ],
)
def test_moments_become_whole_seconds(moment: datetime | int, seconds: int) -> None:
    assert to_epoch_seconds(moment, "date_less_than") == seconds


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        (datetime(2026, 1, 1), "date_less_than is a datetime without a time zone"),  # noqa: DTZ001
        (datetime(2026, 1, 1, tzinfo=UndecidedZone()), "without a time zone"),
        (1767225600000, "are these milliseconds"),
        (MAX_EPOCH_SECONDS + 1, "are these milliseconds"),
        (-1, "before 1970"),
        (datetime(1969, 12, 31, tzinfo=UTC), "before 1970"),
        (True, "not bool"),
        (1767225600.0, "not float"),
        ("1767225600", "not str"),
        ("2026-01-01T00:00:00Z", "not str"),
        (None, "not NoneType"),
    ],
)
def test_ambiguous_moments_are_refused(moment: Any, problem: str) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        to_epoch_seconds(moment, "date_less_than")


@pytest.mark.parametrize(
    ("ip_address", "source_ip"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/32", "192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_addresses_become_networks(ip_address: str, source_ip: str) -> None:
    assert to_source_ip(ip_address) == source_ip


@pytest.mark.parametrize(
    ("ip_address", "problem"),
    [
        ("2001:db8::1", "is IPv6"),
        ("2001:db8::/32", "is IPv6"),
        ("::ffff:192.0.2.1", "is IPv6"),
        ("192.0.2.7/24", "no host bits"),
        ("192.0.2.0/33", "isn't an IPv4 address"),
        ("192.0.2.0/-1", "isn't an IPv4 address"),
        ("192.0.2", "isn't an IPv4 address"),
        ("192.0.2.256", "isn't an IPv4 address"),
        ("192.0.2.01", "isn't an IPv4 address"),
        ("", "isn't an IPv4 address"),
        (" 192.0.2.7", "isn't an IPv4 address"),
        ("192.0.2.0/24/8", "isn't an IPv4 address"),
        ('192.0.2.7","x":"', "isn't an IPv4 address"),
        ("example.com", "isn't an IPv4 address"),
    ],
)
def test_other_addresses_are_refused(ip_address: str, problem: str) -> None:
    with pytest.raises(InvalidCondition, match=problem):
        to_source_ip(ip_address)


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Resource": "https://a/b",
        "Condition": {"DateLessThan": {"AWS:EpochTime": 9}},
        **changes,
    }


def condition(**changes: Any) -> dict[str, Any]:
    return statement(Condition={"DateLessThan": {"AWS:EpochTime": 9}, **changes})


def policy(*statements: Any) -> bytes:
    return json.dumps({"Statement": list(statements)}).encode()


def test_a_policy_is_parsed() -> None:
    text = custom_policy("https://a/*", expires=9, starts=3, source_ip="10.0.0.0/8")
    assert Policy.from_json(text.encode()) == Policy(
        resource="https://a/*",
        date_less_than=9,
        date_greater_than=3,
        source_ip=ipaddress.IPv4Network("10.0.0.0/8"),
    )


def test_a_policy_without_resource_is_for_everything() -> None:
    data = policy({"Condition": {"DateLessThan": {"AWS:EpochTime": 9}}})
    assert Policy.from_json(data).resource is None


def test_a_network_with_host_bits_is_parsed_as_its_network() -> None:
    data = policy(condition(IpAddress={"AWS:SourceIp": "12.34.56.78/9"}))
    assert Policy.from_json(data).source_ip == ipaddress.IPv4Network("12.0.0.0/9")


def test_white_space_in_a_policy_does_not_matter() -> None:
    data = json.dumps({"Statement": [statement()]}, indent=3).encode() + b"\n"
    assert Policy.from_json(data).date_less_than == 9


def with_expiry(value: Any) -> bytes:
    return policy(statement(Condition={"DateLessThan": {"AWS:EpochTime": value}}))


BARE: dict[str, Any] = {"Condition": {"DateLessThan": {"AWS:EpochTime": 9}}}
BARE_TEXT = '"Condition":{"DateLessThan":{"AWS:EpochTime":9}}'


def raw(members: str) -> bytes:
    """Return a policy whose statement has these members, as JSON that dumps() can't write."""
    return f'{{"Statement":[{{{members}}}]}}'.encode()


MALFORMED = {
    "nothing": b"",
    "no JSON": b"no json",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "nested beyond the parser": b"[" * 100_000,
    "statement is text": b'{"Statement":"a"}',
    "statement is null": b'{"Statement":[null]}',
    "statement outside a list": json.dumps({"Statement": statement()}).encode(),
    "no statement": policy(),
    "two statements": policy(statement(), statement()),
    "no condition": policy({"Resource": "*"}),
    "empty condition": policy(statement(Condition={})),
    "condition is a list": policy(statement(Condition=[])),
    "no DateLessThan": policy(statement(Condition={"DateGreaterThan": {"AWS:EpochTime": 9}})),
    "DateLessThan is a number": policy(statement(Condition={"DateLessThan": 9})),
    "DateLessThan is empty": policy(statement(Condition={"DateLessThan": {}})),
    "expiry is text": with_expiry("9"),
    "expiry is a float": with_expiry(9.0),
    "expiry is true": with_expiry(value=True),
    "expiry is null": with_expiry(None),
    "expiry is negative": with_expiry(-1),
    "expiry is in milliseconds": with_expiry(1767225600000),
    "expiry is beyond the last": with_expiry(MAX_EPOCH_SECONDS + 1),
    "start is text": policy(condition(DateGreaterThan={"AWS:EpochTime": "3"})),
    "start is empty": policy(condition(DateGreaterThan={})),
    "start is null": policy(condition(DateGreaterThan=None)),
    "resource is null": policy(statement(Resource=None)),
    "resource is a number": policy(statement(Resource=7)),
    "resource is a list": policy(statement(Resource=["https://a/b"])),
    "address without a prefix": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.1"})),
    "address with a mask": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/255.0.0.0"})),
    "address with a host mask": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/0.0.0.255"})),
    "address with a long prefix": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/08"})),
    "address beyond /32": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/33"})),
    "address with a space": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/8 "})),
    "address with other digits": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/٨"})),
    "address with an empty prefix": policy(condition(IpAddress={"AWS:SourceIp": "10.0.0.0/"})),
    "address is IPv6": policy(condition(IpAddress={"AWS:SourceIp": "2001:db8::/32"})),
    "address is a number": policy(condition(IpAddress={"AWS:SourceIp": 167772160})),
    "address is a name": policy(condition(IpAddress={"AWS:SourceIp": "nowhere"})),
    "address is a list": policy(condition(IpAddress={"AWS:SourceIp": ["10.0.0.0/8"]})),
    "address is empty": policy(condition(IpAddress={})),
    "address is null": policy(condition(IpAddress=None)),
    "address's value is null": policy(condition(IpAddress={"AWS:SourceIp": None})),
    "start's value is null": policy(condition(DateGreaterThan={"AWS:EpochTime": None})),
    "misspelt IpAddress": policy(condition(IpAdress={"AWS:SourceIp": "10.0.0.0/8"})),
    "IpAddress in lower case": policy(condition(ipaddress={"AWS:SourceIp": "10.0.0.0/8"})),
    "misspelt DateGreaterThan": policy(condition(DateGreaterThen={"AWS:EpochTime": 3})),
    "another operator of IAM": policy(condition(NotIpAddress={"AWS:SourceIp": "10.0.0.0/8"})),
    "misspelt key of a date": policy(condition(DateGreaterThan={"AWS:EpochTimes": 3})),
    "misspelt key of an address": policy(condition(IpAddress={"aws:SourceIp": "10.0.0.0/8"})),
    "key of another operator": policy(condition(IpAddress={"AWS:EpochTime": 3})),
    "two keys in a condition": policy(
        condition(IpAddress={"AWS:SourceIp": "10.0.0.0/8", "AWS:VpcSourceIp": "10.0.0.0/8"})
    ),
    "misspelt Resource": policy({"Resourse": "https://a/b", **BARE}),
    "Resource in lower case": policy({"resource": "https://a/b", **BARE}),
    "misspelt Condition": policy({"Resource": "https://a/b", "Conditions": BARE["Condition"]}),
    "two spellings of Resource": policy(statement(resource="*")),
    "two spellings of Condition": policy(statement(condition={"IpAddress": {}})),
    "a condition outside Condition": policy(statement(IpAddress={"AWS:SourceIp": "10.0.0.0/8"})),
    "a condition outside Condition, in lower case": policy(statement(dateGreaterThan={})),
    "a member beside Statement": json.dumps(
        {"Version": "2012-10-17", "Statement": [statement()]}
    ).encode(),
    "misspelt Statement": json.dumps({"statement": [statement()]}).encode(),
    "expiry is NaN": with_expiry(float("nan")),
    "expiry is infinite": with_expiry(float("inf")),
    "start is NaN": policy(condition(DateGreaterThan={"AWS:EpochTime": float("nan")})),
    "NaN in an unknown member": policy(statement(Sid=float("nan"))),
    "minus infinity in an unknown member": policy(statement(Sid=float("-inf"))),
    "two resources": raw('"Resource":"https://a/b","Resource":"*",' + BARE_TEXT),
    "two conditions": raw('"Resource":"*",' + BARE_TEXT + "," + BARE_TEXT),
    "two expiries": raw(
        '"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":3},'
        '"DateLessThan":{"AWS:EpochTime":9}}'
    ),
    "two numbers": raw(
        '"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":3,"AWS:EpochTime":9}}'
    ),
    "a comma at the end": raw('"Resource":"*",' + BARE_TEXT + ","),
    "single quotes": raw("'Resource':'*'," + BARE_TEXT),
    "a byte order mark": b"\xef\xbb\xbf" + policy(statement()),
    "text behind it": policy(statement()) + b"x",
}


# A live CloudFront accepts each of these.
ACCEPTED = {
    "condition before resource": raw(BARE_TEXT + ',"Resource":"https://a/b"'),
    "unknown members": policy(statement(Sid="1", Effect="Allow", Principal=[{"x": None}])),
    "escaped slashes": raw('"Resource":"https:\\/\\/a\\/b",' + BARE_TEXT),
    "white space": raw('\t"Resource" : "https://a/b" ,\r\n' + BARE_TEXT) + b" \n",
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_other_spellings_are_accepted(data: bytes) -> None:
    assert Policy.from_json(data) == Policy(resource="https://a/b", date_less_than=9)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_policies_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedPolicy, match="not a policy statement"):
        Policy.from_json(data)
