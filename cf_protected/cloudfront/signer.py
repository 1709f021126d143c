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
from cf_protected.cloudfront.matching import matches
from cf_protected.cloudfront.memo import SignatureMemo
from cf_protected.cloudfront.policy import (
    Policy,
    canned_policy,
    custom_policy,
    to_epoch_seconds,
    to_source_ip,
)
from cf_protected.cloudfront.url import append_query, check_resource, check_url
from cf_protected.exceptions import InvalidCondition, InvalidURL, MalformedPolicy, SigningError

Moment = datetime | int

DEFAULT_MEMO_SIZE: Final = 4096


class CloudFrontSigner:
    """A signer of URLs and cookies with one key. Threads may share it.

    ``hash_algorithm`` is ``"SHA256"`` or ``"SHA1"``. The former adds
    ``Hash-Algorithm=SHA256``, since CloudFront's default is SHA-1.
    ``memo_size`` is how many signatures are remembered (0: none). The same URL with the
    same expiry is then the same text again, so caches keep working.
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

        The policy is canned; an optional argument makes it custom. ``resource`` is what the
        signature opens, if that is more than ``url``. Its ``*`` is a wildcard, and it must
        cover ``url``. The request must arrive before ``date_less_than``, after
        ``date_greater_than`` and from ``ip_address`` (an IPv4 address or network).

        Raises ``InvalidURL`` for a URL that isn't fully percent-encoded, is too long, has a
        wildcard or has a parameter that CloudFront reserves. Raises ``InvalidCondition`` for
        an impossible date or address.
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
        """Return one query that opens every URL covered by ``resource``.

        ``append_query`` puts it on each URL. The policy is custom; the arguments are those
        of ``sign_url``.

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
        """Return the cookies that open ``resource``, as a dictionary of name to value.

        The policy is canned for one exact URL, and custom with a wildcard or another
        condition. The caller sets ``Domain``, ``Path``, ``Secure`` and ``HttpOnly``.

        Raises the same errors as ``sign_url``, and ``InvalidURL`` unless ``resource`` starts
        with ``http://`` or ``https://``: CloudFront takes other wildcards for URLs only.
        """
        _check_cookie_scheme(resource)
        expires = self._expiry(date_less_than)
        exact = "*" not in resource and date_greater_than is None and ip_address is None
        if exact:
            check_url(resource)
            _check_exact(resource)
            check_resource(resource)
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
        """Sign ``url`` as botocore's method of this name does, for django-storages.

        Give exactly one of ``date_less_than`` and ``policy`` (a custom policy's JSON). A
        naive datetime means UTC, since django-storages passes such.

        Raises ``SigningError`` for anything else, and the errors of ``sign_url``.
        """
        if (date_less_than is None) == (policy is None):
            raise SigningError("Give either date_less_than or policy, not both.")
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
        resource = Policy.from_json(policy.encode()).resource
    except MalformedPolicy as error:
        raise SigningError("The policy isn't a statement that CloudFront can parse.") from error
    if resource is not None:
        check_resource(resource)


def _check_cookie_scheme(resource: str) -> None:
    # "The value must begin with http:// or https://":
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
    if not resource.startswith(("http://", "https://")):
        raise InvalidURL(
            "The resource of cookies must start with http:// or https://; CloudFront takes "
            "'*' and '*://' for signed URLs only."
        )


def _covering(resource: str | None, url: str) -> str:
    """Return the resource for the policy; refuse one that opens too much, or not ``url``."""
    if resource is None or resource == url:
        _check_exact(url)
    if resource is None:
        return url
    check_resource(resource)
    if not matches(resource, url):
        raise InvalidURL(f"The resource {resource} doesn't cover the URL, so it can't open it.")
    return resource


def _check_exact(url: str) -> None:
    # This applies to canned policies too: the viewer can send the same text, with the same
    # signature, as a custom policy, and there the edge treats these as wildcards.
    if "*" in url or "?" in url.partition("?")[2]:
        raise InvalidURL(
            "The URL has a '*' or a second '?', which are wildcards to CloudFront, so the "
            "signature would open other URLs too; write %2A or %3F, or pass resource."
        )
    if url.endswith("?"):
        raise InvalidURL("The URL ends with a '?' and no query; leave it out.")
