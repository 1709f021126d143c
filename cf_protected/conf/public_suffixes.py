"""Domains below which unrelated people have theirs, such as ``co.uk`` and ``cloudfront.net``.

Browsers refuse cookies for such a domain. The list is the Public Suffix List, which browsers
use too, in the copy that the package ``publicsuffixlist`` contains: nothing is fetched.

Source: https://datatracker.ietf.org/doc/html/rfc6265#section-5.3 step 5, and https://publicsuffix.org/list/
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def is_public_suffix(domain: str) -> bool:
    """Return whether browsers refuse cookies for ``domain``, given without a leading dot.

    A single label that isn't on the list counts as one, as in browsers.
    """
    return _list().is_public(domain)


@cache
def _list() -> PublicSuffixList:
    # Made when it is asked for: reading it takes a tenth of a second.
    return PublicSuffixList()
