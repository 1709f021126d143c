"""Match the resource of a policy against a URL.

Source: "Values that you specify in the policy statement for a signed URL that uses a custom
policy",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

_PROTOCOLS: Final = ("http", "https")


class _Sections(NamedTuple):
    protocol: str
    domain: str
    path: str
    query: str


def matches(resource: str, url: str) -> bool:
    """Return whether ``resource`` covers ``url``, given without its signing parameters.

    ``*`` stands for any number of characters and ``?`` for exactly one. Neither crosses
    the sections protocol, domain, path and query. A trailing ``*`` in the path also covers
    any query; in the domain, any path and query. A leading ``*`` without a protocol also
    covers any protocol. ``*`` alone covers every URL. A protocol is ``http``, ``https`` or
    ``*``: part of one, as in ``http*``, covers nothing.

    The first ``?`` after the protocol begins the query. AWS doesn't document how it tells
    that one from a wildcard, so the signer writes no other. A query without a character
    covers nothing.
    """
    pattern, target = _resource_sections(resource), _url_sections(url)
    if pattern.protocol not in (*_PROTOCOLS, "*") or target.protocol not in _PROTOCOLS:
        return False
    return pattern.query != "?" and all(
        _glob(one, other) for one, other in zip(pattern, target, strict=True)
    )


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
    """Match ``*`` and ``?`` without backtracking: at most pattern times text steps."""
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
