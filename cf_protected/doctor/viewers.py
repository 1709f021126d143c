"""Questions about viewers: do they send cookies, and do they use IPv6?"""

from __future__ import annotations

from cf_protected.conf.public_suffixes import is_public_suffix
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, failed, ok, warning


def cookie_domain(facts: Facts) -> Outcome:
    """Find out whether browsers accept cookies for ``COOKIE_DOMAIN`` and send them to CloudFront.

    Source: https://datatracker.ietf.org/doc/html/rfc6265#section-5.1.3
    """
    cookies, host = facts.settings.cookie_domain, facts.distribution.domain.partition(":")[0]
    if cookies is None:
        return ok("COOKIE_DOMAIN isn't set: cookies are for the app's own host")
    parent = cookies.lstrip(".").partition(":")[0]
    if host.endswith(".cloudfront.net"):
        return failed(
            f"browsers never send cookies for {parent} to {host}",
            "Give the distribution an alternate domain name below the same domain as the app's.",
        )
    if is_public_suffix(parent):
        return failed(
            f"browsers refuse cookies for {parent}: unrelated people have domains below it",
            "Set COOKIE_DOMAIN to a domain of your own that the app and DOMAIN share.",
        )
    if host != parent and not host.endswith(f".{parent}"):
        return failed(
            f"cookies for {parent} aren't sent to {host}",
            "Set COOKIE_DOMAIN to the domain that the app and DOMAIN share.",
        )
    return ok(f"cookies for {parent} are sent to {host}")


def ipv6(facts: Facts) -> Outcome:
    """Warn if IPv6 is on: policies with an IP address refuse every viewer who uses it.

    Source: "Enable IPv6", https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesGeneral.html#DownloadDistValuesEnableIPv6
    """
    if not facts.configuration()["DistributionConfig"].get("IsIPV6Enabled"):
        return ok("IPv6 is off")
    return warning(
        "IPv6 is on: signatures bound to an IPv4 address refuse viewers who use IPv6",
        "Turn IPv6 off if you bind signatures to addresses; otherwise ignore this.",
    )
