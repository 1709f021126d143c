"""Questions about what browsers do: cookies and IPv6."""

from __future__ import annotations

from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, failed, ok, warning


def cookie_domain(facts: Facts) -> Outcome:
    """Does the cookie domain cover the CDN's?

    Source: https://datatracker.ietf.org/doc/html/rfc6265#section-5.1.3
    """
    cookies, host = facts.settings.cookie_domain, facts.distribution.domain.partition(":")[0]
    if cookies is None:
        return ok("COOKIE_DOMAIN isn't set: cookies are for the app's own host")
    parent = cookies.lstrip(".").partition(":")[0]
    if host.endswith(".cloudfront.net"):
        return failed(
            f"browsers take no cookies for {parent} to share with {host}",
            "Give the distribution an alternate domain name beside the app's.",
        )
    if host != parent and not host.endswith(f".{parent}"):
        return failed(
            f"cookies for {parent} aren't sent to {host}",
            "Set COOKIE_DOMAIN to the domain that the app and DOMAIN share.",
        )
    return ok(f"cookies for {parent} are sent to {host}")


def ipv6(facts: Facts) -> Outcome:
    """Is IPv6 on, where policies bound to an address refuse everybody?

    Source: "Enable IPv6", https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesGeneral.html#DownloadDistValuesEnableIPv6
    """
    if not facts.configuration()["DistributionConfig"].get("IsIPV6Enabled"):
        return ok("IPv6 is off")
    return warning(
        "IPv6 is on, and policies with an ip_address (IPv4) refuse those who come over it",
        "Turn IPv6 off if you sign for IP addresses; else leave it.",
    )
