"""Test a new key before the app signs with it: does CloudFront accept its signature?"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Final

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.key_rotation.first_byte import first_byte

TIMEOUT: Final = 10.0
#: How long the canary's signature lives, in seconds.
LIFETIME: Final = 300

#: Returns the status of the answer to a URL. Raises ``OSError`` or ``HTTPException`` without one.
Fetch = Callable[[str], int]


def fetch(url: str, *, timeout: float = TIMEOUT) -> int:
    """Return the status of the answer to ``url``; ``timeout`` is in seconds."""
    with first_byte(url, timeout=timeout, user_agent="cf_rotate_keys") as response:
        return response.status


class Canary:
    """A URL behind the distribution, of a protected object that exists.

    For a missing object S3 also answers 403, unless CloudFront may list the bucket.

    ``now`` returns epoch seconds.
    """

    def __init__(
        self, url: str, *, fetch: Fetch = fetch, now: Callable[[], float] = time.time
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now

    def ask(self, key: SigningKey) -> tuple[bool, str]:
        """Return whether CloudFront accepts the key's signature, and what it answered.

        Raises ``SigningError`` for a URL that can't be signed, and ``KeySourceError`` if
        the key can't sign.
        """
        signer = CloudFrontSigner(key, memo_size=0, now=self._now)
        signed = signer.sign_url(self._url, date_less_than=round(self._now()) + LIFETIME)
        try:
            status = self._fetch(signed)
        except (OSError, HTTPException) as error:
            return False, type(error).__name__  # its text may repeat the signature
        # An answer of the origin, 404 included, means that CloudFront let the request through.
        return status in (200, 206, 304, 404, 416), str(status)
