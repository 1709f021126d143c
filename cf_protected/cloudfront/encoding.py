"""Encode bytes, query values and object keys for CloudFront's URLs and cookies."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote

from cf_protected.exceptions import InvalidURL

_TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")
_FROM_CLOUDFRONT = bytes.maketrans(b"-_~", b"+=/")
_CLOUDFRONT_ALPHABET = re.compile(r"[A-Za-z0-9\-_~]*")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


def cloudfront_b64encode(data: bytes) -> str:
    """Encode ``data`` in CloudFront's base64, which isn't RFC 4648's URL-safe variant.

    ``+`` becomes ``-``, ``=`` becomes ``_`` and ``/`` becomes ``~``.

    Source: "Create a signature for a signed URL that uses a canned policy",
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
    """
    encoded = binascii.b2a_base64(data, newline=False)
    return encoded.translate(_TO_CLOUDFRONT).decode("ascii")


def cloudfront_b64decode(text: str) -> bytes:
    """Decode what ``cloudfront_b64encode`` returned.

    Each value has one canonical spelling, and only that one is accepted. Otherwise two
    texts could stand for the same bytes.

    Raises ``ValueError`` for anything else.
    """
    if not _CLOUDFRONT_ALPHABET.fullmatch(text):
        raise ValueError("has a character outside CloudFront's base64 alphabet")
    data = base64.b64decode(text.encode("ascii").translate(_FROM_CLOUDFRONT), validate=True)
    if cloudfront_b64encode(data) != text:
        raise ValueError("isn't the canonical base64 of its bytes")
    return data


def quote_query_value(value: str) -> str:
    """Percent-encode ``value`` for a query, so that every client sends the same bytes.

    All characters but RFC 3986's unreserved ones are encoded: ``'`` because browsers send
    it as ``%27``, ``*`` and ``?`` because they are wildcards in a custom policy.
    """
    return quote(value, safe="")


def quote_object_key(key: str) -> str:
    """Percent-encode an object key for the path of a URL, without its leading ``/``.

    Different keys give different paths. ``*`` and ``?`` are encoded, so they can't act as
    wildcards of a policy. The key isn't normalised in any way.

    Raises ``InvalidURL`` for a key that no URL can carry: an empty key, one with a control
    character or a lone surrogate, or one with a ``.`` or ``..`` segment. Browsers remove
    such a segment before they send the request, however it is encoded.
    """
    if not key:
        raise InvalidURL("The object key is empty.")
    if _CONTROL_CHARACTER.search(key):
        raise InvalidURL(f"The object key {key!r} has a control character; rename the object.")
    if any(segment in (".", "..") for segment in key.split("/")):
        raise InvalidURL(
            f"The object key {key!r} has a '.' or '..' segment, which browsers remove "
            "from every URL; rename the object."
        )
    try:
        return quote(key, safe="/")
    except UnicodeEncodeError as error:
        raise InvalidURL(f"The object key {key!r} can't be written as UTF-8.") from error
