"""The longest object keys, signed URLs and cookie paths that S3, CloudFront and browsers accept."""

from __future__ import annotations

from typing import Final

from cf_protected.cloudfront.encoding import cloudfront_b64encode
from cf_protected.cloudfront.policy import MAX_EPOCH_SECONDS, custom_policy
from cf_protected.cloudfront.url import MAX_URL_BYTES
from cf_protected.exceptions import InvalidURL

#: "a sequence of Unicode characters whose UTF-8 encoding is at most 1,024 bytes long":
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES: Final = 1024

#: The longest path that browsers accept for a cookie: they ignore longer ones. With such a path
#: a cookie stays below the 4,096 bytes that they keep.
#: https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis section 5.6 and 5.7
MAX_PATH_BYTES: Final = 1024

_RSA_SIGNATURE: Final = cloudfront_b64encode(bytes(256))
# A key pair ID of today has 14 characters. Those of an account's own key pairs had 20.
_QUERY_TAIL: Final = f"&Signature={_RSA_SIGNATURE}&Key-Pair-Id={'K' * 20}&Hash-Algorithm=SHA256"


def check_key_length(key: str) -> None:
    """Raise ``InvalidURL`` for an object key that is longer than S3 accepts."""
    length = len(key.encode("utf-8", "surrogatepass"))
    if length > MAX_KEY_BYTES:
        raise InvalidURL(
            f"The object key has {length:,} bytes in UTF-8, with the storage's location; "
            f"S3 accepts {MAX_KEY_BYTES:,}."
        )


def check_signed_length(url: str) -> None:
    """Raise ``InvalidURL`` if ``url`` may be too long with its signature.

    The longest signature has a custom policy, which repeats the URL, and an RSA key.
    """
    length = longest_signed_url(url)
    if length > MAX_URL_BYTES:
        raise InvalidURL(
            f"With its signature, the URL may have {length:,} bytes; CloudFront accepts "
            f"{MAX_URL_BYTES:,}."
        )


def check_cookie_path(path: str) -> None:
    """Raise ``InvalidURL`` for a URL's path that is too long for a cookie."""
    if len(path) > MAX_PATH_BYTES:
        raise InvalidURL(
            f"The folder's path has {len(path):,} bytes in a URL; browsers accept "
            f"{MAX_PATH_BYTES:,} for a cookie."
        )


def longest_signed_url(url: str) -> int:
    """Return the greatest length that ``url`` may have with its signature, in bytes."""
    policy = custom_policy(
        url,
        expires=MAX_EPOCH_SECONDS,
        starts=MAX_EPOCH_SECONDS,
        source_ip="255.255.255.255/32",
    )
    return len(f"{url}?Policy={cloudfront_b64encode(policy.encode())}{_QUERY_TAIL}")
