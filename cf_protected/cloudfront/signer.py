"""Sign CloudFront URLs and cookies.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
and https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cf_protected.cloudfront.encoding import cloudfront_b64encode
from cf_protected.cloudfront.keys import HASHES, HashAlgorithm, SigningKey
from cf_protected.cloudfront.memo import SignatureMemo
from cf_protected.cloudfront.policy import (
    Policy,
    canned_policy,
    custom_policy,
    to_epoch_seconds,
    to_source_ip,
)
from cf_protected.cloudfront.resource import append_query, check_resource, check_url, matches
from cf_protected.exceptions import InvalidCondition, InvalidURL, MalformedPolicy, SigningError

Moment = datetime | int

DEFAULT_MEMO_SIZE: Final = 4096


class CloudFrontSigner:
    """Signs for one key. Safe to share between threads.

    ``hash_algorithm`` is ``"SHA256"`` or ``"SHA1"``; the first one adds
    ``Hash-Algorithm=SHA256``, without which CloudFront assumes SHA-1.
    ``memo_size`` is how many signatures are remembered (0: none), so that the same URL
    with the same expiry is the same text again and caches keep working.
    ``now`` returns the time in epoch seconds.

    Dates are aware datetimes or integer epoch seconds.
    """

    def __init__(
        self,
        signing_key: SigningKey,
        *,
        hash_algorithm: HashAlgorithm = "SHA256",
        memo_size: int = DEFAULT_MEMO_SIZE,
        now: Callable[[], float] = time.time,
    ) -> None:
        if hash_algorithm not in HASHES:
            raise SigningError(f"hash_algorithm is {hash_algorithm!r}; use 'SHA256' or 'SHA1'.")
        self.signing_key = signing_key
        self.hash_algorithm = hash_algorithm
        self._sign = signing_key.sign
        self._memo = SignatureMemo(memo_size) if memo_size else None
        self._now = now
        self._query_tail = f"&Key-Pair-Id={signing_key.key_pair_id}" + (
            "" if hash_algorithm == "SHA1" else f"&Hash-Algorithm={hash_algorithm}"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.signing_key!r} {self.hash_algorithm}>"

    def sign_url(
        self,
        url: str,
        *,
        date_less_than: Moment,
        date_greater_than: Moment | None = None,
        ip_address: str | None = None,
        resource: str | None = None,
    ) -> str:
        """Return ``url``, byte for byte as given, with its signature in the query.

        The policy is canned, and custom as soon as one of the optional arguments asks
        for it. ``resource`` is what the signature opens, if that is more than ``url``;
        its ``*`` and ``?`` are wildcards, and it has to cover ``url``.
        The viewer must come before ``date_less_than``, after ``date_greater_than`` and
        from ``ip_address`` (an IPv4 address or network).

        Raises ``InvalidURL`` for a URL that isn't encoded to the end, is too long, holds a
        wildcard or has a parameter that CloudFront reserves, and ``InvalidCondition`` for
        dates and addresses that can't be meant.
        """
        check_url(url)
        expires = self._expiry(date_less_than)
        resource = _covering(resource, url)
        if resource != url or date_greater_than is not None or ip_address is not None:
            policy = self._custom_policy(resource, expires, date_greater_than, ip_address)
            return append_query(url, self._policy_query(policy))
        signature = self._signature(canned_policy(url, expires))
        return append_query(url, f"Expires={expires}&Signature={signature}{self._query_tail}")

    def sign_query(
        self,
        resource: str,
        *,
        date_less_than: Moment,
        date_greater_than: Moment | None = None,
        ip_address: str | None = None,
    ) -> str:
        """Return the query that opens every URL that ``resource`` covers: one signature.

        ``append_query`` puts it on each URL. The policy is custom; ``resource`` and the
        other arguments are as in ``sign_url``.

        Raises the same errors as ``sign_url``.
        """
        check_resource(resource)
        expires = self._expiry(date_less_than)
        policy = self._custom_policy(resource, expires, date_greater_than, ip_address)
        return self._policy_query(policy)

    def sign_cookies(
        self,
        resource: str,
        *,
        date_less_than: Moment,
        date_greater_than: Moment | None = None,
        ip_address: str | None = None,
    ) -> dict[str, str]:
        """Return the cookies, name to value, that open ``resource``.

        The policy is canned for one exact URL, and custom with a wildcard or another
        condition. ``Domain``, ``Path``, ``Secure`` and ``HttpOnly`` are the caller's.

        Raises the same errors as ``sign_url``.
        """
        expires = self._expiry(date_less_than)
        exact = "*" not in resource and date_greater_than is None and ip_address is None
        if exact:
            check_url(resource)
            _check_exact(resource)
            policy = canned_policy(resource, expires)
            first = {"CloudFront-Expires": str(expires)}
        else:
            check_resource(resource)
            policy = self._custom_policy(resource, expires, date_greater_than, ip_address)
            first = {"CloudFront-Policy": cloudfront_b64encode(policy.encode())}
        cookies = {
            **first,
            "CloudFront-Signature": self._signature(policy),
            "CloudFront-Key-Pair-Id": self.signing_key.key_pair_id,
        }
        if self.hash_algorithm != "SHA1":
            cookies["CloudFront-Hash-Algorithm"] = self.hash_algorithm
        return cookies

    def generate_presigned_url(
        self, url: str, date_less_than: datetime | None = None, policy: str | None = None
    ) -> str:
        """botocore's method of this name, so that django-storages can use this signer.

        As there, exactly one of ``date_less_than`` and ``policy`` (a custom policy's
        JSON) has to be given, and a naive datetime means UTC, as django-storages has it.
        """
        if (date_less_than is None) == (policy is None):
            raise SigningError("Give either date_less_than or policy, and not both.")
        if policy is not None:
            check_url(url)
            _check_policy(policy)
            return append_query(url, self._policy_query(policy))
        assert date_less_than is not None  # noqa: S101 - for the type checker
        if date_less_than.tzinfo is None:
            date_less_than = date_less_than.replace(tzinfo=UTC)
        return self.sign_url(url, date_less_than=date_less_than)

    def _expiry(self, date_less_than: Moment) -> int:
        expires = to_epoch_seconds(date_less_than, "date_less_than")
        if expires <= self._now():
            raise InvalidCondition(f"date_less_than is {expires}, which has passed.")
        return expires

    @staticmethod
    def _custom_policy(
        resource: str, expires: int, date_greater_than: Moment | None, ip_address: str | None
    ) -> str:
        starts = None
        if date_greater_than is not None:
            starts = to_epoch_seconds(date_greater_than, "date_greater_than")
            if starts >= expires:
                raise InvalidCondition(
                    f"date_greater_than ({starts}) isn't before date_less_than ({expires})."
                )
        source_ip = None if ip_address is None else to_source_ip(ip_address)
        return custom_policy(resource, expires=expires, starts=starts, source_ip=source_ip)

    def _policy_query(self, policy: str) -> str:
        encoded = cloudfront_b64encode(policy.encode())
        return f"Policy={encoded}&Signature={self._signature(policy)}{self._query_tail}"

    def _signature(self, policy: str) -> str:
        if self._memo is None:
            return self._make_signature(policy)
        return self._memo.get(policy, self._make_signature)

    def _make_signature(self, policy: str) -> str:
        return cloudfront_b64encode(self._sign(policy.encode(), self.hash_algorithm))


def _check_policy(policy: str) -> None:
    try:
        Policy.from_json(policy.encode())
    except MalformedPolicy as error:
        raise SigningError("The policy isn't a statement that CloudFront can read.") from error


def _covering(resource: str | None, url: str) -> str:
    """The resource of a policy for ``url``, refused where it would do harm or nothing."""
    if resource is None or resource == url:
        _check_exact(url)
        return url
    check_resource(resource)
    if not matches(resource, url):
        raise InvalidURL(f"The resource {resource} doesn't cover the URL, so it can't open it.")
    return resource


def _check_exact(url: str) -> None:
    # A canned policy is no shelter: its viewer can send the same text, with the same
    # signature, as a custom policy, where the edge takes these for wildcards.
    if "*" in url or "?" in url.partition("?")[2]:
        raise InvalidURL(
            "A '*' or a second '?' of the URL is a wildcard to CloudFront, so the signature "
            "would open more than it; write %2A or %3F, or name the resource yourself."
        )
