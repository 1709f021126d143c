"""Questions about downloads: what CloudFront serves, with and without a signature."""

from __future__ import annotations

from typing import Final

from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, failed, ok, unknown, warning
from cf_protected.doctor.web import Answer

EXACT_SECONDS: Final = 5.0
HARMFUL_SECONDS: Final = 60.0

_LOOK: Final = "Look at CloudFront's answer with curl -i."
_ERROR_PAGE: Final = "Remove the custom error responses for a moment, and run this again."
_REMEDIES: Final = {
    "InvalidKey": "Add the key to a trusted key group of this behaviour, or wait for deployment.",
    "AccessDenied": "Upload the public key of this private key, and check that DOMAIN is the "
    "domain that viewers use.",
    "MissingKey": "Find what removes the query string between here and CloudFront.",
}


def unsigned(facts: Facts) -> Outcome:
    """Find out whether CloudFront refuses an unsigned request."""
    answer = facts.unsigned()
    if answer.is_error_page:
        return unknown(f"{answer}: a custom error page hides the answer", _ERROR_PAGE)
    if answer.status == 403 and not answer.is_from_s3:
        return ok(str(answer))
    if 300 <= answer.status < 400:
        return unknown(str(answer), "Set DOMAIN and SCHEME to the address that it redirects to.")
    if answer.status >= 500:
        return unknown(str(answer), _LOOK)
    return failed(
        f"{answer}: CloudFront lets it through without a signature",
        "Restrict viewer access to a trusted key group in the behaviour of this path.",
    )


def signed(facts: Facts) -> Outcome:
    """Find out whether CloudFront serves a signed request."""
    answer = facts.signed()
    if answer.is_served:
        return ok(str(answer))
    if answer.is_error_page:
        return failed(f"{answer}: a custom error page, not the object", _ERROR_PAGE)
    if answer.is_from_s3:
        return failed(
            f"{answer}: CloudFront accepts the signature, but S3 refuses the object",
            f"Check that the object {facts.name()!r} exists, and that this distribution may read "
            "the bucket (origin access control and bucket policy).",
        )
    if 300 <= answer.status < 400:
        return failed(str(answer), "Set DOMAIN and SCHEME to the address that it redirects to.")
    return failed(str(answer), _REMEDIES.get(answer.code, _LOOK))


def sha256(facts: Facts) -> Outcome:
    """Find out whether CloudFront accepts SHA-256 signatures, and otherwise SHA-1."""
    used = facts.settings.hash_algorithm
    answer = facts.signed() if used == "SHA256" else facts.ask_signed(facts.url(), "SHA256")
    if _is_accepted(answer):
        return ok("accepted" if used == "SHA256" else "accepted, though HASH_ALGORITHM is SHA1")
    if "SHA1" in facts.source.hash_algorithms and _is_accepted(
        facts.signed() if used == "SHA1" else facts.ask_signed(facts.url(), "SHA1")
    ):
        if used == "SHA1":
            return warning("SHA-1 is accepted and SHA-256 isn't", "Keep HASH_ALGORITHM 'SHA1'.")
        return failed("SHA-1 is accepted and SHA-256 isn't", "Set HASH_ALGORITHM to 'SHA1'.")
    return unknown(f"{answer}: signed requests fail", "First fix the signed request, above.")


def _is_accepted(answer: Answer) -> bool:
    return answer.is_served or answer.is_from_s3


def clock(facts: Facts) -> Outcome:
    """Compare this machine's clock with CloudFront's."""
    skew = facts.skew()
    evidence = f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} CloudFront"
    if abs(skew) <= EXACT_SECONDS:
        return ok(f"within {EXACT_SECONDS:.0f} s of CloudFront's")
    remedy = "Synchronise the clock (NTP): URLs live shorter or longer by this difference."
    return (warning if abs(skew) <= HARMFUL_SECONDS else failed)(evidence, remedy)
