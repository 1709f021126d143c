"""One request that most tests share, and the moments around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

DOMAIN: Final = "d111111abcdef8.cloudfront.net"
URL: Final = f"https://{DOMAIN}/books/a%20b.pdf"
URL_WITH_QUERY: Final = f"{URL}?size=large&response-content-disposition=attachment"

NOW: Final = 1_767_225_600  # 2026-01-01T00:00:00Z
STARTS: Final = NOW + 100
EXPIRES: Final = NOW + 900

# Quoted by two independent public sources. vectors.json has the other errors.
MALFORMED_SIGNATURE: Final[dict[str, Any]] = {
    "code": "MalformedSignature",
    "message": "Could not unencode Signature",
    "body": '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MalformedSignature</Code>'
    "<Message>Could not unencode Signature</Message></Error>",
    "body_len": 131,
}


def moment(seconds: int) -> datetime:
    """Return the instant as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
