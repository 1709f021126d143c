"""``python -m tests.cloudfront.sweep``: mutated requests, and why any of them is accepted.

The explanation is written from AWS's rules, without the code under test. An accept without an
explanation is a fault of the verifier, and makes the command fail.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any, Final, Literal
from urllib.parse import unquote

from benchmarks import report
from cf_protected.cloudfront.keys import HashAlgorithm
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import VerificationError
from tests import keys
from tests.cloudfront.mutations import MUTATIONS, SentRequest
from tests.cloudfront.oracles import covers
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL, URL_WITH_QUERY

Kind = Literal["rsa", "p256"]

VIEWER: Final = "192.0.2.7"
SEVERAL: Final = "several of these"
_URL_MODE: Final = ("Expires", "Policy", "Signature", "Key-Pair-Id")
_CONDITIONS: Final[list[dict[str, Any]]] = [
    {},
    {"date_greater_than": NOW - 60, "ip_address": "192.0.2.0/24"},
    {"ip_address": "203.0.113.9"},
    {"date_greater_than": NOW + 60},
]
_RESOURCES: Final = [
    (URL, URL),
    (URL_WITH_QUERY, URL_WITH_QUERY),
    (URL, f"https://{DOMAIN}/books/*"),
    (f"{URL}?size=large", f"https://{DOMAIN}/*.pdf?size=*"),
    (f"https://{DOMAIN}/films/c.mp4", f"https://{DOMAIN}/films/c.mp4"),
]


@dataclass(frozen=True)
class Issue:
    """A signed request, and what its signature covers."""

    request: SentRequest
    url: str
    parameters: dict[str, str]
    resource: str
    is_open: bool


@dataclass
class Figures:
    """How many mutated requests were sent and accepted, by mutation."""

    sent: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unexplained: list[SentRequest] = field(default_factory=list)


Accepts = Callable[[SentRequest], bool]


def accepted_by(verifier: CloudFrontVerifier) -> Accepts:
    """Return a function that asks ``verifier``."""

    def accepts(request: SentRequest) -> bool:
        try:
            verifier.verify(request.url, cookies=dict(request.cookies), viewer_ip=VIEWER, now=NOW)
        except VerificationError:
            return False
        return True

    return accepts


def issues() -> list[Issue]:
    """Sign URLs and cookies of every kind; some aren't valid now or for this viewer."""
    algorithms: list[tuple[Kind, HashAlgorithm]] = [("rsa", "SHA1"), ("p256", "SHA256")]
    return [
        issue
        for kind, hash_algorithm in algorithms
        for (url, resource), conditions in product(_RESOURCES, _CONDITIONS)
        for issue in _issues_of(
            CloudFrontSigner(
                keys.signing_key(kind, _ids()[kind]),
                hash_algorithm=hash_algorithm,
                now=lambda: NOW - 1,
            ),
            url,
            resource,
            {"date_less_than": EXPIRES, **conditions},
        )
    ]


def verifier() -> CloudFrontVerifier:
    """Return a verifier that trusts both keys."""
    return CloudFrontVerifier({id_: keys.public_pem(kind) for kind, id_ in _ids().items()})


def _ids() -> dict[Kind, str]:
    return {"rsa": keys.KEY_PAIR_ID, "p256": keys.OTHER_KEY_PAIR_ID}


def _issues_of(
    signer: CloudFrontSigner, url: str, resource: str, conditions: dict[str, Any]
) -> list[Issue]:
    signed = SentRequest.of(signer.sign_url(url, resource=resource, **conditions))
    cookies = SentRequest.of(url, signer.sign_cookies(resource, **conditions))
    is_open = conditions.get("ip_address") != "203.0.113.9" and (
        conditions.get("date_greater_than", 0) < NOW
    )
    return [Issue(request, *_parsed(request), resource, is_open) for request in (signed, cookies)]


def _parsed(request: SentRequest) -> tuple[str, dict[str, str]]:
    """Return the URL without the signature, and the signature's parameters; none if repeated."""
    fields = [field.partition("=") for field in request.query]
    names = [*_URL_MODE, "Hash-Algorithm"]
    found = [(name, unquote(value)) for name, _, value in fields if name in names]
    if not any(name in _URL_MODE for name, _ in found):
        prefix = "CloudFront-"
        return request.url, {
            name.removeprefix(prefix): value
            for name, value in request.cookies
            if name.startswith(prefix)
        }
    own = ["".join(field) for field in fields if field[0] not in names]
    parameters = {} if len({name for name, _ in found}) < len(found) else dict(found)
    return request.base + (f"?{'&'.join(own)}" if own else ""), parameters


def explanation(request: SentRequest, issued: list[Issue]) -> str:
    """Return why CloudFront opens ``request`` by one of the signatures; empty if it doesn't."""
    url, parameters = _parsed(request)
    for issue in issued:
        # The policy counts if an expiry is also sent.
        first = "Policy" if "Policy" in issue.parameters else "Expires"
        names = {"Policy", "Signature", "Key-Pair-Id", first}
        one, other = ({"Hash-Algorithm": "SHA1"} | p for p in (parameters, issue.parameters))
        if not issue.is_open or any(
            one.get(name) != other.get(name) for name in (*names, "Hash-Algorithm")
        ):
            continue
        if url == issue.url:
            return "the same URL and signature, written differently"
        if "*" in issue.resource and covers(issue.resource, url):
            return "another URL that the wildcard covers"
    return ""


def sweep(accepts: Accepts, *, count: int, seed: int) -> Figures:
    """Send ``count`` mutated requests, none of which is one that was issued."""
    random, issued, figures = Random(seed), issues(), Figures()
    originals = {issue.request for issue in issued}
    while figures.sent.total() < count:
        request = random.choice(issued).request
        names = random.choices([*MUTATIONS], k=random.choice([1, 1, 1, 2, 3]))
        for name in names:
            request = MUTATIONS[name](random, request, random.choice(issued).request)
        if request in originals:
            continue
        name = names[0] if len(names) == 1 else SEVERAL
        figures.sent[name] += 1
        if accepts(request):
            reason = explanation(request, issued)
            figures.accepted[name] += 1
            figures.reasons[reason] += 1
            if not reason:
                figures.unexplained.append(request)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    figures = sweep(accepted_by(verifier()), count=options.count, seed=options.seed)
    rows = [
        [name, f"{figures.sent[name]:,}", f"{figures.accepted[name]:,}"]
        for name in [*MUTATIONS, SEVERAL]
    ]
    report.write(
        report.table(f"Mutations, seed {options.seed}", ["mutation", "sent", "accepted"], rows)
    )
    report.write("\n".join(f"{n:,} accepted: {reason}" for reason, n in figures.reasons.items()))
    report.write(f"{figures.sent.total():,} sent, {len(figures.unexplained):,} unexplained")
    for request in figures.unexplained[:10]:
        report.write(repr(request))
    sys.exit(bool(figures.unexplained))


if __name__ == "__main__":
    main()
