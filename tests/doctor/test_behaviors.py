"""Which behaviour a path meets, and what is in its cache key."""

from __future__ import annotations

from typing import Any

import pytest

from cf_protected.doctor.behaviors import (
    DISPOSITION,
    behavior_for,
    keeps_dispositions_apart,
    name_of,
    serves,
    trusted_key_groups,
)


def config(*patterns: str) -> dict[str, Any]:
    items = [{"PathPattern": pattern} for pattern in patterns]
    return {"CacheBehaviors": {"Items": items}, "DefaultCacheBehavior": {}}


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        ([], "/a.pdf", "Default (*)"),
        (["*.pdf"], "/books/a.pdf", "*.pdf"),
        (["/books/*"], "/books/a/b.pdf", "/books/*"),
        (["books/*"], "/books/a.pdf", "books/*"),
        (["books/?.pdf"], "/books/ab.pdf", "Default (*)"),
        (["books/?.pdf"], "/books/a.pdf", "books/?.pdf"),
        (["*.pdf", "books/*"], "/books/a.pdf", "*.pdf"),
        (["Books/*"], "/books/a.pdf", "Default (*)"),
        (["a.pdf"], "/aXpdf", "Default (*)"),
        (["[ab].pdf"], "/a.pdf", "Default (*)"),
        (["books"], "/books/a.pdf", "Default (*)"),
    ],
)
def test_the_first_pattern_that_fits_decides(patterns: list[str], path: str, expected: str) -> None:
    assert name_of(behavior_for(config(*patterns), path)) == f"behaviour {expected!r}"


def test_a_distribution_without_other_behaviours() -> None:
    only = {"CacheBehaviors": {"Quantity": 0}, "DefaultCacheBehavior": {"MinTTL": 1}}

    assert behavior_for(only, "/") == {"MinTTL": 1}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"Enabled": True, "Items": ["a", "b"]}, ["a", "b"]),
        ({"Enabled": False, "Items": ["a"]}, []),
        ({"Enabled": False, "Quantity": 0}, []),
    ],
)
def test_trusted_key_groups(groups: dict[str, Any], expected: list[str]) -> None:
    assert trusted_key_groups({"TrustedKeyGroups": groups}) == expected
    assert trusted_key_groups({}) == []


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("d1.cloudfront.net", True),
        ("cdn.example.com", True),
        ("cdn.example.com:8443", True),
        ("a.example.org", True),
        ("a.b.example.org", False),
        ("example.org", False),
        ("example.com", False),
    ],
)
def test_serves(domain: str, expected: bool) -> None:
    distribution = {
        "DomainName": "d1.cloudfront.net",
        "Aliases": {"Items": ["cdn.example.com", "*.example.org"]},
    }

    assert serves(distribution, domain) is expected


def policy(behavior: str, *names: str, max_ttl: int = 60) -> dict[str, Any]:
    query = {"QueryStringBehavior": behavior, "QueryStrings": {"Items": list(names)}}
    return {
        "MaxTTL": max_ttl,
        "ParametersInCacheKeyAndForwardedToOrigin": {"QueryStringsConfig": query},
    }


def forwarded(query_string: bool, *keys: str) -> dict[str, Any]:
    return {
        "ForwardedValues": {"QueryString": query_string, "QueryStringCacheKeys": {"Items": [*keys]}}
    }


@pytest.mark.parametrize(
    ("caching", "expected"),
    [
        (policy("all"), True),
        (policy("none"), False),
        (policy("whitelist", DISPOSITION), True),
        (policy("whitelist", "page"), False),
        (policy("allExcept", "page"), True),
        (policy("allExcept", DISPOSITION), False),
        (policy("none", max_ttl=0), True),
        (forwarded(True), True),
        (forwarded(True, DISPOSITION), True),
        (forwarded(True, "page"), False),
        (forwarded(False), False),
    ],
)
def test_keeps_dispositions_apart(caching: dict[str, Any], expected: bool) -> None:
    assert keeps_dispositions_apart(caching) is expected
