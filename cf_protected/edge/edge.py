"""The edge itself: one request in, one response out, as CloudFront would answer it."""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from cf_protected.cloudfront.resource import MAX_URL_BYTES
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.cors import check_origins, policy_headers, preflight
from cf_protected.edge.errors import (
    BAD_REQUEST,
    METHOD_NOT_ALLOWED,
    NO_KEY,
    EdgeError,
    error_page,
    signature_error,
)
from cf_protected.edge.origin import Origin
from cf_protected.edge.response import Response
from cf_protected.edge.storage import Errors, Storage
from cf_protected.exceptions import CFProtectedError, VerificationError

_ABSOLUTE_FORM: Final = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
# A "/" or "?" in there would shift the verified URL's sections away from what is served.
_HOST: Final = re.compile(r"[A-Za-z0-9.\-_]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")

# Names a place that has no CloudFront.
_POINT_OF_PRESENCE: Final = "LOC00-C1"


@dataclass(frozen=True)
class Request:
    """A viewer's request; ``target`` is the request line's, each byte as one character."""

    method: str
    target: str
    headers: Message
    viewer_ip: str


class Edge:
    """Serves ``storage`` to those whose signature ``verifier`` accepts.

    ``verifier`` is called for each request, since keys are replaced while the edge runs.
    ``scheme`` is the one that viewers sign; the domain is whatever ``Host`` says.
    ``path_prefix`` stands before the storage's names in the path. ``storage_errors`` are
    what the storage raises when it fails, besides ``OSError``. Pages of ``cors_origins`` may
    read the answers, which takes CloudFront a response headers policy. ``now`` returns the
    time in epoch seconds.

    Raises ``InvalidOrigin``.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        verifier: Callable[[], CloudFrontVerifier],
        scheme: str = "http",
        path_prefix: str = "",
        storage_errors: Errors = (),
        cors_origins: Collection[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        check_origins(cors_origins)
        self._origin = Origin(storage, path_prefix=path_prefix, storage_errors=storage_errors)
        self._verifier = verifier
        self._scheme = scheme
        self._cors_origins = cors_origins
        self._methods = ("GET", "HEAD", "OPTIONS") if cors_origins else ("GET", "HEAD")
        self._now = now
        self._via = f"1.1 {secrets.token_hex(16)}.cloudfront.net (CloudFront)"

    def respond(self, request: Request) -> Response:
        """Return CloudFront's answer, whatever the request.

        The caller closes its body, and doesn't send it to a HEAD.
        """
        response = self._answer(request)
        added = policy_headers(request.headers, self._cors_origins)
        return replace(response, headers={**response.headers, **added})

    def error_page(self, error: EdgeError) -> Response:
        """Return CloudFront's page for ``error``."""
        request_id = _request_id()
        return self._as_cloudfront(error_page(error, request_id), request_id)

    def _answer(self, request: Request) -> Response:
        try:
            return self._serve(request)
        except VerificationError as error:
            return self._as_cloudfront(signature_error(error))
        except EdgeError as error:
            return self.error_page(error)
        except CFProtectedError as error:
            unavailable = HTTPStatus.SERVICE_UNAVAILABLE
            return self.error_page(EdgeError(unavailable, NO_KEY, str(error)))

    def _serve(self, request: Request) -> Response:
        _check_form(request, self._methods)
        host, target = _host_and_target(request)
        url = f"{self._scheme}://{host}{target}"
        if len(url) > MAX_URL_BYTES:
            raise EdgeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BAD_REQUEST, "the URL is too long")
        self._verifier().verify(
            url,
            cookies=parse_cookies("; ".join(request.headers.get_all("Cookie", []))),
            viewer_ip=request.viewer_ip,
            now=self._now(),
        )
        if request.method == "OPTIONS":
            return self._as_cloudfront(preflight(request.headers, self._cors_origins))
        path, _, query = target.partition("?")
        return self._as_cloudfront(self._origin.get(path, query, request.headers))

    def _as_cloudfront(self, response: Response, request_id: str = "") -> Response:
        """Add what CloudFront adds to its own answers and the origin's."""
        result = "Error" if response.status >= HTTPStatus.BAD_REQUEST else "Miss"
        headers = {
            **response.headers,
            "Date": formatdate(self._now(), usegmt=True),
            "X-Cache": f"{result} from cloudfront",
            "Via": self._via,
            "X-Amz-Cf-Pop": _POINT_OF_PRESENCE,
            "X-Amz-Cf-Id": request_id or _request_id(),
        }
        return replace(response, headers=headers)


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies by name, the first of each, whatever else the header holds.

    ``http.cookies`` gives up at the first cookie it can't read, and all sites on a
    domain share the header.
    """
    cookies: dict[str, str] = {}
    for cookie in header.split(";"):
        name, mark, value = cookie.strip().partition("=")
        if mark:
            cookies.setdefault(name, value)
    return cookies


def _check_form(request: Request, methods: Collection[str]) -> None:
    """Refuse what CloudFront doesn't look at any further.

    Sources: "HTTP 403 status code (Invalid method)",
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-405-not-found.html
    and "GET requests that include a body",
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html
    """
    if request.method not in methods:
        allowed = f"only {', '.join(methods)} are allowed"
        raise EdgeError(HTTPStatus.FORBIDDEN, METHOD_NOT_ALLOWED, allowed)
    lengths = set(request.headers.get_all("Content-Length", []))
    if lengths - {"0"} or "Transfer-Encoding" in request.headers:
        raise EdgeError(HTTPStatus.FORBIDDEN, BAD_REQUEST, "the request has a body")


def _host_and_target(request: Request) -> tuple[str, str]:
    """The host that the request is for, and its path and query from the first ``/`` on."""
    absolute = _ABSOLUTE_FORM.fullmatch(request.target)
    if absolute:
        hosts, target = [absolute[1]], absolute[2]
        target = target if target.startswith("/") else f"/{target}"
    else:
        hosts, target = request.headers.get_all("Host", []), request.target
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]) or not target.startswith("/"):
        raise EdgeError(HTTPStatus.BAD_REQUEST, BAD_REQUEST, "no host or no path")
    return hosts[0], target


def _request_id() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(40)).decode("ascii")
