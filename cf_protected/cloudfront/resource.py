"""Resources: the URL a signature opens, exact or with wildcards.

Source of the rules: "Values that you specify in the policy statement for a signed URL
that uses a custom policy",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cf_protected.cloudfront.encoding import quote_object_key, quote_query_value
from cf_protected.exceptions import InvalidURL

# "The maximum length of a URL is 8,192 bytes":
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_URL_BYTES = 8192

# The query parameters that CloudFront takes for itself. Source: the pages on canned and
# custom policies, and the reserved list of `aws cloudfront sign`.
SIGNING_PARAMETERS = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})

# Browsers send the host in lower case and leave a scheme's own port out.
_HOST = r"[a-z0-9.\-_]+(?::[1-9][0-9]{0,4})?"
_OWN_PORT = r"http://[^/]*:80/|https://[^/]*:443/"
# What RFC 3986 allows, less the apostrophe in a query: browsers send it as %27. The
# possessive quantifiers (++, *+) cut this check to a third of its time.
_PATH = r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/\[\]]++|%[0-9A-Fa-f]{2})*+)"
_QUERY = r"(?:\?(?:[A-Za-z0-9\-._~!$&()*+,;=:@/?\[\]]++|%[0-9A-Fa-f]{2})*+)"
_URL = re.compile(rf"(?!{_OWN_PORT})https?://{_HOST}{_PATH}{_QUERY}?")
_HOST_PATTERN = r"[a-z0-9.\-_*?:]+"
_RESOURCE = re.compile(rf"(?!{_OWN_PORT})(?:https?|\*)://{_HOST_PATTERN}{_PATH}?{_QUERY}?|\*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2[eE]){1,2}(?:/|$)")


def object_url(
    domain: str, key: str, *, query: dict[str, str] | None = None, scheme: str = "https"
) -> str:
    """Return the URL of the object ``key`` at a distribution, encoded once and for good.

    ``domain`` may carry a port. ``query`` becomes the URL's own query, in its order.

    Raises ``InvalidURL`` for keys that no URL can carry (see ``quote_object_key``).
    """
    url = f"{scheme}://{domain}/{quote_object_key(key)}"
    if query:
        pairs = (f"{quote_query_value(name)}={quote_query_value(query[name])}" for name in query)
        url = f"{url}?{'&'.join(pairs)}"
    return url


def append_query(url: str, query: str) -> str:
    """Return ``url`` with ``query`` after a query of its own, if it has one.

    Raises ``InvalidURL`` if that is longer than CloudFront takes.
    """
    joined = f"{url}{'&' if '?' in url else '?'}{query}"
    if len(joined) > MAX_URL_BYTES:
        raise InvalidURL(
            f"The signed URL has {len(joined)} bytes; CloudFront takes {MAX_URL_BYTES}."
        )
    return joined


def check_url(url: str) -> None:
    """Raise ``InvalidURL`` unless ``url`` can be signed exactly as it stands.

    The signature covers the bytes that the viewer sends, so a URL has to be absolute,
    percent-encoded and free of anything a browser would rewrite.
    """
    if not _URL.fullmatch(url):
        raise InvalidURL(_why_not_a_url(url))
    if len(url) > MAX_URL_BYTES:
        raise InvalidURL(f"The URL has {len(url)} bytes; CloudFront takes {MAX_URL_BYTES}.")
    path, _, query = url.partition("?")
    if ("/." in path or "%2" in path) and _DOT_SEGMENT.search(path):
        raise InvalidURL("The URL's path has a '.' or '..' segment, which browsers remove.")
    if query:
        _check_reserved(query)


def check_resource(resource: str) -> None:
    """Raise ``InvalidURL`` unless ``resource`` can stand in a policy as it is.

    Beyond what a URL may be, a resource may be ``*``, start with ``*://``, and hold
    ``*`` and ``?`` as wildcards. The parser of the policy would take ``"``, ``\\`` and
    control characters for JSON, so they are refused, not escaped.
    """
    if not _RESOURCE.fullmatch(resource):
        raise InvalidURL(_why_not_a_url(resource, "resource"))
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
    """Name the first thing wrong with ``url``, without repeating a query that may be secret."""
    if re.search(r"[\x00-\x1f\x7f]", url):
        return f"The {what} has a control character; percent-encode it."
    for character in '"\\':
        if character in url:
            return f"The {what} has a raw {character}; write %{ord(character):02X}."
    if not re.match(r"(?:https?|\*)://|\*$" if what == "resource" else r"https?://", url):
        return f"The {what} has to start with http:// or https://."
    if "#" in url:
        return f"The {what} has a fragment, which browsers never send; write %23 for a '#'."
    if " " in url or not url.isascii():
        return f"The {what} has a space or a non-ASCII character; percent-encode it as UTF-8."
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    if authority != authority.lower():
        return f"The {what} has a host in capitals, which browsers send in lower case."
    if re.match(_OWN_PORT, url):
        return f"The {what} names its scheme's own port, which browsers leave out."
    if not re.fullmatch(_HOST if what == "URL" else _HOST_PATTERN, authority):
        return f"The {what} has no plain host name (user names aren't allowed)."
    if "/" not in url.partition("://")[2].partition("?")[0]:
        return f"The {what} has no path; add at least '/'."
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        return f"The {what} has a '%' that starts no escape; write %25."
    if "'" in url.partition("?")[2]:
        return f"The {what}'s query has a raw ', which browsers send as %27; write %27."
    return f"The {what} has a character that RFC 3986 doesn't allow; percent-encode it."


class _Sections(NamedTuple):
    protocol: str
    domain: str
    path: str
    query: str


def matches(resource: str, url: str) -> bool:
    """Whether the policy's ``resource`` covers ``url`` (without its signing parameters).

    ``*`` stands for any number of characters and ``?`` for exactly one, neither across
    the sections protocol, domain, path and query. A trailing ``*`` in the path covers
    any query; in the domain, any path and query; and a leading one without a protocol,
    any protocol. ``*`` alone covers everything.

    The first ``?`` after the domain separates path and query. AWS doesn't document how
    it tells that one from a wildcard, so nothing here depends on the other reading.
    """
    if resource == "*":
        return True
    pattern, target = _resource_sections(resource), _url_sections(url)
    return all(_glob(one, other) for one, other in zip(pattern, target, strict=True))


def _url_sections(url: str) -> _Sections:
    protocol, _, rest = url.partition("://")
    location, _, query = rest.partition("?")
    domain, slash, path = location.partition("/")
    # "?" is kept, so that a URL with an empty query differs from one without.
    return _Sections(protocol, domain, slash + path, rest[len(location) :][:1] + query)


def _resource_sections(resource: str) -> _Sections:
    if "://" not in resource and resource.startswith("*"):
        resource = f"*://{resource}"
    protocol, domain, path, query = _url_sections(resource)
    if not path and not query:
        return _Sections(protocol, domain, *(("*", "*") if domain.endswith("*") else ("/", "")))
    if path.endswith("*") and not query:
        query = "*"
    return _Sections(protocol, domain, path, query)


def _glob(pattern: str, text: str) -> bool:
    """Match ``*`` and ``?`` in time proportional to pattern times text, without backtracking."""
    at, mark, start = 0, -1, -1
    position = 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            start, mark = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[position]):
            at += 1
            position += 1
        elif start >= 0:
            mark += 1
            at, position = start + 1, mark
        else:
            return False
    return pattern[at:].strip("*") == ""
