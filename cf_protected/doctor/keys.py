"""Questions about the key: can it be read, does CloudFront hold it, is it trusted?"""

from __future__ import annotations

from typing import Final

from cf_protected.doctor.behaviors import name_of, serves, trusted_key_groups
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, Unanswered, failed, ok, warning
from cf_protected.key_sources.aws import AWSKeySource

#: The first request waits for the key. Users notice a longer delay.
SLOW_SECONDS: Final = 1.0


def key(facts: Facts) -> Outcome:
    """Read the signing key, and report how fast and with which identity."""
    read = facts.signing_key()
    milliseconds = round(read.seconds * 1000)
    evidence = (
        f"{type(facts.source).__name__}: {read.key.key_pair_id} in {milliseconds} ms"
        f"{_identity(facts)}"
    )
    if exposure := facts.source.exposure:
        return warning(f"{evidence}; {exposure.problem.rstrip('.')}", exposure.hint)
    if read.seconds > SLOW_SECONDS:
        return warning(evidence, "The first request waits for it; keep the key in a Region nearby.")
    return ok(evidence)


def _identity(facts: Facts) -> str:
    if not isinstance(facts.source, AWSKeySource):
        return ""
    try:
        return f", as {facts.identity()['Arn']}"
    except Unanswered as reason:
        return f", with an unknown identity ({reason})"


def distribution(facts: Facts) -> Outcome:
    """Find out whether CloudFront has a deployed distribution for the domain."""
    found = facts.configuration()
    domain = facts.distribution.domain
    if not serves(found, domain):
        return failed(
            f"{found['Id']} doesn't serve {domain}",
            "Correct ID or DOMAIN, or add the alternate domain name.",
        )
    if not found["DistributionConfig"]["Enabled"]:
        return failed(f"{found['Id']} is disabled", "Enable the distribution.")
    if found["Status"] != "Deployed":
        return warning(f"{found['Id']} is {found['Status']}", "Run this again when it is deployed.")
    return ok(f"{found['Id']} is deployed and serves {domain}")


def public_key(facts: Facts) -> Outcome:
    """Compare the key with the public key that CloudFront holds under its ID."""
    own = facts.signing_key().key
    if facts.api.public_key(own.key_pair_id) != own.public_key:
        return failed(
            f"CloudFront holds another key under {own.key_pair_id}",
            "Correct the key pair ID, or store the private key that belongs to it.",
        )
    return ok(f"CloudFront holds the same key under {own.key_pair_id}")


def key_group(facts: Facts) -> Outcome:
    """Find out whether the key is in a trusted key group of the path's behaviour."""
    key_pair_id, behavior = facts.signing_key().key.key_pair_id, facts.behavior()
    groups = trusted_key_groups(behavior)
    if not groups:
        return failed(
            f"{name_of(behavior)} has no trusted key group for {facts.name()!r}",
            "Restrict viewer access there; the first behaviour whose pattern matches applies.",
        )
    for group in groups:
        if key_pair_id in facts.api.key_group(group):
            return ok(f"{name_of(behavior)} trusts {key_pair_id} in key group {group}")
    return failed(
        f"{key_pair_id} isn't in the key groups of {name_of(behavior)}: {', '.join(groups)}",
        "Add the public key to one of them.",
    )
