"""Let pages of other origins read responses, as CloudFront and S3 can be set to do.

CloudFront's response headers policy adds headers to every response, including errors. The
bucket's CORS configuration answers preflights. Sources:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
and https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

import re
from collections.abc import Collection
from email.message import Message
from http import HTTPStatus
from typing import Final

from cf_protected.edge.errors import s3_error
from cf_protected.edge.messages import Response
from cf_protected.exceptions import CFProtectedError

# As browsers write it in "Origin", so without any path. https://fetch.spec.whatwg.org/#origin-header
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.\-_]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
_METHODS: Final = ("GET", "HEAD")
_EXPOSED: Final = "Accept-Ranges, Content-Length, Content-Range, ETag"
_REFUSED: Final = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
    "are not whitelisted by the resource's CORS spec."
)


class InvalidOrigin(CFProtectedError, ValueError):
    """The text isn't an origin that a browser could send."""


def check_origins(origins: Collection[str]) -> None:
    """Raise ``InvalidOrigin`` if a browser would never send one of ``origins``."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidOrigin(
                f"{origin!r} isn't an origin. Write it like https://www.example.com: in lower "
                "case, with the port if the address bar shows one, and without a path."
            )


def policy_headers(request: Message, origins: Collection[str]) -> dict[str, str]:
    """Return the headers that the policy adds to the response; none without ``Origin``."""
    origin = request.get("Origin")
    if not origins or origin is None:
        return {}
    if origin not in origins:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _EXPOSED,
        "Vary": "Origin",
    }


def preflight(request: Message, origins: Collection[str]) -> Response:
    """Return S3's response to ``OPTIONS`` if the bucket allows ``origins`` to send any header."""
    if "Origin" not in request:
        return s3_error(
            HTTPStatus.BAD_REQUEST,
            "BadRequest",
            "Insufficient information. Origin request header needed.",
            detail="it isn't a preflight: it has no Origin",
        )
    method = request.get("Access-Control-Request-Method", "")
    if request["Origin"] not in origins or method not in _METHODS:
        return s3_error(
            HTTPStatus.FORBIDDEN,
            "AccessForbidden",
            _REFUSED,
            detail="the preflight's origin or method isn't allowed",
            Method=method,
            ResourceType="OBJECT",
        )
    wanted = request.get("Access-Control-Request-Headers")
    return Response(
        HTTPStatus.OK,
        {
            "Access-Control-Allow-Methods": ", ".join(_METHODS),
            **({"Access-Control-Allow-Headers": wanted} if wanted else {}),
            "Content-Length": "0",
            "Server": "AmazonS3",
        },
    )
