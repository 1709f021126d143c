"""Build URLs for objects, and check that a URL or a policy's resource can be signed.

Source of the rules: "Values that you specify in the policy statement for a signed URL
that uses a custom policy",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
"""

from __future__ import annotations

import re

from cf_protected.cloudfront.encoding import quote_object_key, quote_query_value
from cf_protected.exceptions import InvalidURL

# "The maximum length of a URL is 8,192 bytes":
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_URL_BYTES = 8192
# The same page: 20,480 bytes for a request, with its headers and query, without a body.
MAX_REQUEST_BYTES = 20_480

# The query parameters that CloudFront reserves. Source: the pages on canned and custom
# policies, and the list in `aws cloudfront sign`.
SIGNING_PARAMETERS = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})

# Browsers send the host in lower case, and leave out the scheme's default port.
_HOST = r"[a-z0-9.\-_]+(?::[1-9][0-9]{0,4})?"
_OWN_PORT = r"http://[^/]*:80/|https://[^/]*:443/"
# What RFC 3986 allows, less the apostrophe in a query: browsers send it as %27. The
# possessive quantifiers (++, *+) cut this check to a third of its time.
_PATH = r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/\[\]]++|%[0-9A-Fa-f]{2})*+)"
_QUERY = r"(?:\?(?:[A-Za-z0-9\-._~!$&()*+,;=:@/?\[\]]++|%[0-9A-Fa-f]{2})*+)"
_URL = re.compile(rf"(?!{_OWN_PORT})https?://{_HOST}{_PATH}{_QUERY}?")
_HOST_PATTERN = r"[a-z0-9.\-_*:]+"
_RESOURCE = re.compile(rf"(?!{_OWN_PORT})(?:https?|\*)://{_HOST_PATTERN}{_PATH}?{_QUERY}?|\*")
# A "?" that certainly begins a query: "?name=" or "?*" comes after it.
_QUERY_MARK = re.compile(r"[^?]*://[^/?]*/[^?]*\?(?:[^?*&=]+=|\*(?:&|$))[^?]*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2[eE]){1,2}(?:/|$)")


def object_url(
    domain: str, key: str, *, query: dict[str, str] | None = None, scheme: str = "https"
) -> str:
    """Return the percent-encoded URL of the object ``key`` at ``domain``.

    ``domain`` may include a port. ``query`` becomes the URL's own query, in its order.

    Raises ``InvalidURL`` for a key that no URL can carry (see ``quote_object_key``).
    """
    url = f"{scheme}://{domain}/{quote_object_key(key)}"
    if query:
        pairs = (f"{quote_query_value(name)}={quote_query_value(query[name])}" for name in query)
        url = f"{url}?{'&'.join(pairs)}"
    return url


def append_query(url: str, query: str) -> str:
    """Return ``url`` with ``query`` appended, after the URL's own query if it has one.

    Raises ``InvalidURL`` if the result is longer than CloudFront accepts.
    """
    joined = f"{url}{'&' if '?' in url else '?'}{query}"
    if len(joined) > MAX_URL_BYTES:
        raise InvalidURL(
            f"The signed URL has {len(joined)} bytes; CloudFront accepts {MAX_URL_BYTES}."
        )
    return joined


def check_url(url: str) -> None:
    """Raise ``InvalidURL`` unless ``url`` can be signed exactly as given.

    The signature covers the bytes that the viewer sends. So a URL must be absolute,
    percent-encoded and free of anything that a browser would rewrite.
    """
    if not _URL.fullmatch(url):
        raise InvalidURL(_why_not_a_url(url))
    if len(url) > MAX_URL_BYTES:
        raise InvalidURL(f"The URL has {len(url)} bytes; CloudFront accepts {MAX_URL_BYTES}.")
    path, _, query = url.partition("?")
    if ("/." in path or "%2" in path) and _DOT_SEGMENT.search(path):
        raise InvalidURL("The URL's path has a '.' or '..' segment, which browsers remove.")
    if query:
        _check_reserved(query)


def check_resource(resource: str) -> None:
    """Raise ``InvalidURL`` unless ``resource`` can be written into a policy as given.

    Unlike a URL, a resource may be ``*``, start with ``*://``, and use ``*`` as a wildcard.
    To AWS ``?`` is a wildcard too, for one character. AWS doesn't document how CloudFront
    tells it from the ``?`` that begins a query, so only the latter may occur. ``"``, ``\\``
    and control characters would change the policy's JSON, so they are refused, not escaped.
    """
    if not _RESOURCE.fullmatch(resource):
        raise InvalidURL(_why_not_a_url(resource, "resource"))
    if "?" in resource and not _QUERY_MARK.fullmatch(resource):
        raise InvalidURL(
            "The resource has a '?' that doesn't begin a query such as ?name=value, which "
            "CloudFront could take for a wildcard; use '*', or write %3F for a plain '?'."
        )
    query = resource.partition("?")[2]
    if query:
        _check_reserved(query, "resource")


def _check_reserved(query: str, what: str = "URL") -> None:
    for parameter in query.split("&"):
        name = parameter.partition("=")[0]
        if name in SIGNING_PARAMETERS:
            raise InvalidURL(
                f"The {what}'s query has {name}, which CloudFront reserves for signatures "
                "(is it signed already?); rename the parameter."
            )


def _why_not_a_url(url: str, what: str = "URL") -> str:
    """Return what is wrong with ``url`` first, without repeating a query that may be secret."""
    if re.search(r"[\x00-\x1f\x7f]", url):
        return f"The {what} has a control character; percent-encode it."
    for character in '"\\':
        if character in url:
            return f"The {what} has a raw {character}; write %{ord(character):02X}."
    if not re.match(r"(?:https?|\*)://|\*$" if what == "resource" else r"https?://", url):
        return f"The {what} must start with http:// or https://."
    if "#" in url:
        return f"The {what} has a fragment, which browsers never send; write %23 for a '#'."
    if " " in url or not url.isascii():
        return f"The {what} has a space or a non-ASCII character; percent-encode it as UTF-8."
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    if authority != authority.lower():
        return f"The {what} has a host in capitals, which browsers send in lower case."
    if re.match(_OWN_PORT, url):
        return f"The {what} has its scheme's default port, which browsers leave out."
    if not re.fullmatch(_HOST if what == "URL" else _HOST_PATTERN, authority):
        return f"The {what} has no plain host name. User names aren't allowed."
    if "/" not in url.partition("://")[2].partition("?")[0]:
        return f"The {what} has no path; add at least '/'."
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        return f"The {what} has a '%' without two hexadecimal digits after it; write %25."
    if "'" in url.partition("?")[2]:
        return f"The {what}'s query has a raw ', which browsers send as %27; write %27."
    return f"The {what} has a character that RFC 3986 doesn't allow; percent-encode it."
