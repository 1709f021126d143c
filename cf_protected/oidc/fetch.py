"""Fetch a JSON document of an issuer: over TLS, with limits on time and size, not redirected."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.error import HTTPError

from cf_protected.oidc.exceptions import IssuerUnavailable

_LOOPBACK: Final = r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?"
_SAFE_URL: Final = re.compile(rf"https://[^/?#@\s]+(?:[/?][^#\s]*)?|http://{_LOOPBACK}/[^#\s]*")
_TIMEOUT: Final = 3.0  # seconds, for each wait
_DEADLINE: Final = 10.0  # seconds, for all of the body
_MAX_BYTES: Final = 256 * 1024


#: Returns the JSON object at a URL, or raises ``IssuerUnavailable``.
Fetch = Callable[[str], Mapping[str, Any]]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Don't follow: urllib then raises the redirect as an error."""


_opener: Final = urllib.request.build_opener(_NoRedirects)


def fetch_json(
    url: str, *, timeout: float = _TIMEOUT, clock: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Return the JSON object at ``url``, which must use https, or http on this computer.

    Raises ``IssuerUnavailable``, also for a redirect, for more than 256 KiB, and for an answer
    that takes longer than 3 seconds to begin or 10 seconds to end.
    """
    if not _SAFE_URL.fullmatch(url):
        raise IssuerUnavailable(f"{url!r} isn't a URL with https.")
    # Firewalls in front of some issuers refuse urllib's own name.
    headers = {"Accept": "application/json", "User-Agent": "cf_protected"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked above
    try:
        with _opener.open(request, timeout=timeout) as response:
            document = json.loads(_read(response, clock))
    except HTTPError as error:
        error.close()
        raise IssuerUnavailable(f"{url} answers {error.code}.") from error
    except (OSError, HTTPException) as error:
        raise IssuerUnavailable(f"{url} doesn't answer: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise IssuerUnavailable(f"{url} doesn't answer with JSON.") from error
    if not isinstance(document, dict):
        raise IssuerUnavailable(f"{url} doesn't answer with a JSON object.")
    return document


def _read(response: HTTPResponse, clock: Callable[[], float]) -> bytes:
    content, deadline = b"", clock() + _DEADLINE
    while chunk := response.read1(_MAX_BYTES):
        content += chunk
        if len(content) > _MAX_BYTES:
            raise OSError("the answer is too long")
        if clock() > deadline:
            raise TimeoutError("the answer takes too long")
    return content
