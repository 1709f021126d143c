"""Ask for a URL as a viewer does: one GET of the first byte, without following redirects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Final

from cf_protected.key_rotation.first_byte import first_byte

TIMEOUT: Final = 5.0

_ERROR_BYTES: Final = 4096


class Unreachable(Exception):
    """No answer came. The text says why, and never shows the query that was sent."""


@dataclass(frozen=True)
class Answer:
    """A response, with as much of its body as an error message needs."""

    status: int
    headers: Message
    body: bytes

    @property
    def is_served(self) -> bool:
        """Whether the object was served. An empty object has no first byte, so it answers 416."""
        return self.status in (200, 206, 416) and not self.is_error_page

    @property
    def is_from_s3(self) -> bool:
        """Whether S3 answered, so that CloudFront, if it was asked, let the request through."""
        return self.headers.get("Server") == "AmazonS3" and not self.is_error_page

    @property
    def is_error_page(self) -> bool:
        """Whether this is a custom error page: it may have any status, and hides what was refused.

        Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
        """
        is_error = self.headers.get("X-Cache", "").startswith("Error")
        return is_error and not self.code and self.headers.get("Server") != "CloudFront"

    @property
    def code(self) -> str:
        """The code in CloudFront's or S3's XML, such as ``AccessDenied``."""
        found = re.search(rb"<Code>([A-Za-z]{1,64})</Code>", self.body)
        return found[1].decode("ascii") if found else ""

    def __str__(self) -> str:
        server = re.sub(r"[^\w.\-/ ]", "", self.headers.get("Server", ""))[:40]
        return " ".join(filter(None, [str(self.status), self.code, server and f"from {server}"]))


Fetch = Callable[[str], Answer]


def fetch(url: str, *, timeout: float = TIMEOUT) -> Answer:
    """GET the first byte of ``url``; ``timeout`` is in seconds. Raises ``Unreachable``."""
    try:
        with first_byte(url, timeout=timeout, user_agent="cf_doctor") as response:
            return Answer(response.status, response.headers, response.read(_ERROR_BYTES))
    except OSError as error:
        raise Unreachable(f"{type(error).__name__}: {error.strerror or error}") from error
    except HTTPException as error:
        # Its text may repeat the query.
        raise Unreachable(type(error).__name__) from error
