"""The edge's answer, without the edge."""

from __future__ import annotations

from cf_protected import services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import AccessDenied

SITE = "https://downloads.example.com"


def opens(one: services.CookieSet, path: str) -> bool:
    """Whether the edge would serve ``path`` for these cookies."""
    key = distributions["default"].key_source.get_signing_key()
    verifier = CloudFrontVerifier({key.key_pair_id: key.public_key})
    try:
        verifier.verify(SITE + path, cookies=one.cookies)
    except AccessDenied:
        return False
    return True
