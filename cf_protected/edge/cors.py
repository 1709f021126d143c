"""Requests from pages of other origins, where the distribution and the bucket let some in.

CloudFront's response headers policy adds headers to every response, errors too; a preflight
is answered by the bucket's CORS configuration. Sources:
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
from cf_protected.edge.response import Response
from cf_protected.exceptions import CFProtectedError

# As a browser spells it in "Origin": no path, not even "/". https://fetch.spec.whatwg.org/#origin-header
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.\-_]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
_METHODS: Final = ("GET", "HEAD")
_EXPOSED: Final = "Accept-Ranges, Content-Length, Content-Range, ETag"
_REFUSED: Final = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
    "are not whitelisted by the resource's CORS spec."
)


class InvalidOrigin(CFProtectedError, ValueError):
    """The text is no origin that a browser could send."""


def check_origins(origins: Collection[str]) -> None:
    """Raise ``InvalidOrigin`` if one of ``origins`` can't be."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidOrigin(
                f"{origin!r} is not an origin. Write it as in https://www.example.com: in lower "
                "case, with the port if the address bar shows one, and without a path."
            )


def policy_headers(request: Message, origins: Collection[str]) -> dict[str, str]:
    """Return what the response headers policy adds, which is for CORS requests alone."""
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
    """Return S3's answer to ``OPTIONS``, where the bucket allows ``origins`` any header."""
    if "Origin" not in request:
        return s3_error(
            HTTPStatus.BAD_REQUEST,
            "BadRequest",
            "Insufficient information. Origin request header needed.",
            detail="no Origin, so not a preflight",
        )
    method = request.get("Access-Control-Request-Method", "")
    if request["Origin"] not in origins or method not in _METHODS:
        return s3_error(
            HTTPStatus.FORBIDDEN,
            "AccessForbidden",
            _REFUSED,
            detail="the preflight's origin or method is not allowed",
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
