"""How CloudFront writes bytes and object keys into URLs and cookies."""

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
    """Encode ``data`` in CloudFront's base64, which isn't RFC 4648's URL-safe one.

    ``+`` becomes ``-``, ``=`` becomes ``_`` and ``/`` becomes ``~``.

    Source: "Create a signature for a signed URL that uses a canned policy",
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
    """
    encoded = binascii.b2a_base64(data, newline=False)
    return encoded.translate(_TO_CLOUDFRONT).decode("ascii")


def cloudfront_b64decode(text: str) -> bytes:
    """Decode CloudFront's base64; the inverse of ``cloudfront_b64encode`` and nothing more.

    Only the one canonical spelling of each value is accepted, so that no other text
    stands for the same bytes.

    Raises ``ValueError`` for anything else.
    """
    if not _CLOUDFRONT_ALPHABET.fullmatch(text):
        raise ValueError("a character outside CloudFront's base64 alphabet")
    data = base64.b64decode(text.encode("ascii").translate(_FROM_CLOUDFRONT), validate=True)
    if cloudfront_b64encode(data) != text:
        raise ValueError("not the canonical base64 of its bytes")
    return data


def quote_query_value(value: str) -> str:
    """Percent-encode ``value`` for a query so that it reads the same everywhere.

    Everything but RFC 3986's unreserved characters is encoded: ``'`` because browsers
    send it as ``%27``, ``*`` and ``?`` because a custom policy takes them as wildcards.
    """
    return quote(value, safe="")


def quote_object_key(key: str) -> str:
    """Percent-encode an object key for the path of a URL, without its leading ``/``.

    Different keys give different paths, and none holds a raw ``*`` or ``?``, so neither
    can act as a wildcard of a policy. The key isn't normalised in any way.

    Raises ``InvalidURL`` for a key no URL can carry: an empty one, one with a control
    character or a lone surrogate, or with a ``.`` or ``..`` segment, which every
    browser removes before it sends the request, however it is encoded.
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
