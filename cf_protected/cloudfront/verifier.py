"""Check signed requests as CloudFront's edge does.

The verifier is written from AWS's documents and published signatures, not from the signer.
Where AWS documents nothing, it takes the stricter reading: a request that passes here should
also pass at CloudFront.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from cf_protected.cloudfront.encoding import cloudfront_b64decode
from cf_protected.cloudfront.keys import (
    HASHES,
    PublicKey,
    is_signed_by,
    load_public_key,
)
from cf_protected.cloudfront.matching import matches
from cf_protected.cloudfront.policy import MAX_EPOCH_SECONDS, Policy, canned_policy
from cf_protected.cloudfront.url import SIGNING_PARAMETERS
from cf_protected.exceptions import (
    AccessDenied,
    InvalidKey,
    MalformedPolicy,
    MalformedSignature,
    MissingKey,
    UnusableKey,
)

# If a URL has any of these, CloudFront treats it as signed and ignores cookies. Source:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-choosing-signed-urls-cookies.html
_URL_MODE = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id"})

# A live CloudFront answered MissingKey to a PEM, and InvalidKey to "undefined".
_KEY_PAIR_ID = re.compile(r"[A-Za-z0-9_\-]+")
_EPOCH_SECONDS = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True)
class _Claim:
    """The signing parameters that a request has, and the URL that they must open."""

    url: str
    parameters: Mapping[str, str]
    from_cookies: bool = False

    def get(self, name: str) -> str:
        return self.parameters.get(name, "")


class CloudFrontVerifier:
    """A check of requests against one trusted key group.

    ``public_keys`` maps the key group's key pair IDs to public keys, loaded or as PEM or
    DER. ``allow_legacy_sizes`` also accepts RSA keys of 1024 and 4096 bits, which only
    CloudFront's former account-level key pairs had.

    Raises ``UnusableKey`` for a key that CloudFront doesn't accept.
    """

    def __init__(
        self,
        public_keys: Mapping[str, bytes | str | PublicKey],
        *,
        allow_legacy_sizes: bool = False,
    ) -> None:
        problem = ""
        try:
            self._public_keys = {
                key_pair_id: load_public_key(key, allow_legacy_sizes=allow_legacy_sizes)
                for key_pair_id, key in public_keys.items()
            }
        except UnusableKey as error:
            problem = str(error)
        finally:
            # A debug page shows a frame's locals, and one may be a private key by mistake.
            del public_keys
        if problem:
            raise UnusableKey(problem)

    def verify(
        self,
        url: str,
        *,
        cookies: Mapping[str, str] | None = None,
        viewer_ip: str | None = None,
        now: datetime | float | None = None,
    ) -> None:
        """Return if CloudFront would serve ``url``; otherwise raise its error.

        ``url`` is absolute and exactly as the viewer sent it. ``cookies`` are the
        request's. ``viewer_ip`` is the address that the connection comes from. ``now`` (an
        aware datetime or epoch seconds) replaces the clock.

        The checks run in this order: key, form of the policy, signature, conditions of the
        policy. AWS doesn't document the order.

        Raises ``MissingKey``, ``InvalidKey``, ``MalformedPolicy``, ``MalformedSignature`` or
        ``AccessDenied``.
        """
        claim = _claim(url, cookies or {})
        key = self._key(claim)
        policy, signed_bytes = _policy(claim)
        _check_signature(key, claim, signed_bytes)
        _check_resource(policy, claim)
        _check_time(policy, now)
        _check_address(policy, viewer_ip)

    def _key(self, claim: _Claim) -> PublicKey:
        key_pair_id = claim.get("Key-Pair-Id")
        if not key_pair_id:
            raise MissingKey("the request carries no signature")
        try:
            return self._public_keys[key_pair_id]
        except KeyError as error:
            if not _KEY_PAIR_ID.fullmatch(key_pair_id):
                raise MissingKey("Key-Pair-Id isn't the ID of a key") from error
            raise InvalidKey(f"{key_pair_id!r} isn't in the key group") from error


def _claim(url: str, cookies: Mapping[str, str]) -> _Claim:
    """Take the signing parameters from the URL, or from the cookies if the URL has none.

    Values in a URL are percent-decoded: a live CloudFront accepts ``%7E`` for ``~``, which
    aws-cloudfront-sign of npm always writes. Names, the rest of the URL and cookies are
    compared as they are.
    """
    base, mark, query = url.partition("?")
    fields = [field.partition("=") for field in query.split("&")]
    # Latin-1 has one character for each byte, and all parameters are ASCII.
    reserved = [
        (name, unquote(value, "latin-1")) for name, _, value in fields if name in SIGNING_PARAMETERS
    ]
    own = [name + mark_ + value for name, mark_, value in fields if name not in SIGNING_PARAMETERS]
    if not any(name in _URL_MODE for name, _ in reserved):
        return _Claim(url, _from_cookies(cookies), from_cookies=True)
    if len({name for name, _ in reserved}) != len(reserved):
        raise AccessDenied("a signing parameter occurs twice")
    return _Claim(base + (mark + "&".join(own) if own else ""), dict(reserved))


def _from_cookies(cookies: Mapping[str, str]) -> dict[str, str]:
    names = {name: f"CloudFront-{name}" for name in SIGNING_PARAMETERS}
    return {name: cookies[cookie] for name, cookie in names.items() if cookie in cookies}


def _policy(claim: _Claim) -> tuple[Policy, bytes]:
    """Return the request's policy, and the bytes that its signature must cover.

    If both Policy and Expires are present, Policy counts: published signers send both.
    """
    if "Policy" in claim.parameters:
        try:
            data = cloudfront_b64decode(claim.get("Policy"))
        except ValueError as error:
            raise MalformedPolicy("the policy isn't CloudFront's base64") from error
        return Policy.from_json(data), data
    expires = claim.get("Expires")
    if not _EPOCH_SECONDS.fullmatch(expires) or int(expires) > MAX_EPOCH_SECONDS:
        raise MalformedPolicy("there is neither a policy nor an expiry in epoch seconds")
    if claim.url.partition("?")[1:] == ("?", ""):
        raise AccessDenied("a canned policy's URL has no '?' without a query")
    # A canned policy contains the URL itself, so the signature binds it and nothing is left
    # to match. A "*" in that URL is a plain character.
    policy = Policy(resource=None, date_less_than=int(expires))
    # "surrogatepass": a URL that isn't UTF-8 must be refused like any other, not crash.
    return policy, canned_policy(claim.url, int(expires)).encode(errors="surrogatepass")


def _check_signature(key: PublicKey, claim: _Claim, signed_bytes: bytes) -> None:
    # Absent means SHA-1, for ECDSA too.
    hash_algorithm = claim.parameters.get("Hash-Algorithm", "SHA1")
    if hash_algorithm not in HASHES:
        raise AccessDenied(f"CloudFront has no hash algorithm {hash_algorithm!r}")
    if not claim.get("Signature"):
        raise AccessDenied("there is no signature")
    try:
        signature = cloudfront_b64decode(claim.get("Signature"))
    except ValueError as error:
        raise MalformedSignature("the signature isn't CloudFront's base64") from error
    if not is_signed_by(key, signature, signed_bytes, hash_algorithm):
        raise AccessDenied(
            f"the signature doesn't match the policy with this key and {hash_algorithm}"
        )


def _check_resource(policy: Policy, claim: _Claim) -> None:
    if policy.resource is None:
        return
    if not matches(policy.resource, claim.url):
        raise AccessDenied(f"the policy is for {policy.resource}")
    # "The value must begin with http:// or https://":
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
    if claim.from_cookies and not policy.resource.startswith(("http://", "https://")):
        raise AccessDenied("a policy in cookies must start with http:// or https://")


def _check_time(policy: Policy, now: datetime | float | None) -> None:
    """Raise ``AccessDenied`` outside the policy's period, which excludes both its ends.

    AWS refuses requests "on or before" the start. Of the end it says only that access stops
    then.
    """
    if now is None:
        now = time.time()
    moment = now.timestamp() if isinstance(now, datetime) else now
    if moment >= policy.date_less_than:
        raise AccessDenied(f"expired {moment - policy.date_less_than:.0f} s ago")
    if policy.date_greater_than is not None and moment <= policy.date_greater_than:
        raise AccessDenied(f"not valid for another {policy.date_greater_than - moment:.0f} s")


def _check_address(policy: Policy, viewer_ip: str | None) -> None:
    if policy.source_ip is None:
        return
    try:
        address = ipaddress.ip_address(viewer_ip or "")
    except ValueError as error:
        raise AccessDenied("the policy names an address, and the viewer's is unknown") from error
    if address not in policy.source_ip:
        raise AccessDenied(f"{address} isn't in {policy.source_ip}")
