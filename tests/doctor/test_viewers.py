"""Cookies and IPv6."""

from __future__ import annotations

import pytest

from cf_protected.distributions import distributions
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.viewers import cookie_domain
from tests.doctor.conftest import (
    NAME,
    Shop,
)


@pytest.mark.parametrize(
    ("cookies", "domain", "verdict"),
    [
        ("example.com", "downloads.example.com", "ok"),
        (".example.com", "downloads.example.com", "ok"),
        ("downloads.example.com", "downloads.example.com:8443", "ok"),
        ("shop.example.com", "downloads.example.com", "failed"),
        ("ample.com", "downloads.example.com", "failed"),
        ("com", "downloads.example.com", "failed"),
        (".co.uk", "downloads.example.co.uk", "failed"),
        ("d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net", "failed"),
        (None, "downloads.example.com", "ok"),
    ],
)
def test_cookie_domain(shop: Shop, cookies: str | None, domain: str, verdict: str) -> None:
    shop.configure(COOKIE_DOMAIN=cookies, DOMAIN=domain)

    assert cookie_domain(Facts(distributions["default"], NAME)).verdict == verdict


def test_cookies_that_do_not_reach_cloudfront(shop: Shop) -> None:
    shop.configure(COOKIE_DOMAIN="example.com")

    assert shop.problems() == {"cookie_domain": "failed"}


def test_ipv6(shop: Shop) -> None:
    shop.deploy(IsIPV6Enabled=True)

    assert shop.problems() == {"ipv6": "warning"}
