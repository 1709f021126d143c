"""Answer a request as CloudFront would."""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Callable, Collection
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from cf_protected.cloudfront.url import MAX_REQUEST_BYTES, MAX_URL_BYTES
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.bucket import Bucket
from cf_protected.edge.cors import check_origins, policy_headers, preflight
from cf_protected.edge.errors import (
    BAD_REQUEST,
    METHOD_NOT_ALLOWED,
    NO_KEY,
    EdgeError,
    error_page,
    signature_error,
)
from cf_protected.edge.messages import Request, Response
from cf_protected.edge.storage import Errors, Storage
from cf_protected.exceptions import CFProtectedError, VerificationError

_ABSOLUTE_FORM: Final = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
# With a "/" or "?" in the host, the URL that is verified would name another path than the
# one that is served.
_HOST: Final = re.compile(r"[A-Za-z0-9.\-_]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")

# CloudFront has no edge location with this code.
_POINT_OF_PRESENCE: Final = "LOC00-C1"


class Edge:
    """An edge that serves the objects of ``storage`` to requests that ``verifier`` accepts.

    ``verifier`` is called for each request, since keys are replaced while the edge runs.
    ``scheme`` is the scheme of the signed URLs; their domain is the request's ``Host``.
    ``path_prefix`` precedes the storage's names in the path. ``storage_errors`` are the
    errors, other than ``OSError``, that the storage raises when it fails. Pages of
    ``cors_origins`` may read the responses; CloudFront needs a response headers policy for
    that. ``now`` returns the time in epoch seconds.

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
        self._bucket = Bucket(storage, path_prefix=path_prefix, storage_errors=storage_errors)
        self._verifier = verifier
        self._scheme = scheme
        self._cors_origins = cors_origins
        self._methods = ("GET", "HEAD", "OPTIONS") if cors_origins else ("GET", "HEAD")
        self._now = now
        self._via = f"1.1 {secrets.token_hex(16)}.cloudfront.net (CloudFront)"

    def respond(self, request: Request) -> Response:
        """Return CloudFront's response, also to a request that it refuses.

        The caller must close the body, and must not send it in answer to a HEAD.
        """
        try:
            response = self._as_cloudfront(self._serve(request))
        except VerificationError as error:
            response = self._as_cloudfront(signature_error(error))
        except EdgeError as error:
            response = self.error_page(error)
        except CFProtectedError as error:
            unavailable = HTTPStatus.SERVICE_UNAVAILABLE
            response = self.error_page(EdgeError(unavailable, NO_KEY, str(error)))
        return response.with_headers(policy_headers(request.headers, self._cors_origins))

    def error_page(self, error: EdgeError) -> Response:
        """Return CloudFront's page for ``error``."""
        request_id = _request_id()
        return self._as_cloudfront(error_page(error, request_id), request_id)

    def _serve(self, request: Request) -> Response:
        _check_size(request)
        _check_form(request, self._methods)
        host, target = _host_and_target(request)
        url = f"{self._scheme}://{host}{target}"
        if len(url) > MAX_URL_BYTES:
            raise EdgeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BAD_REQUEST, "the URL is too long")
        self._verifier().verify(
            url, cookies=request.cookies, viewer_ip=request.viewer_ip, now=self._now()
        )
        if request.method == "OPTIONS":
            return preflight(request.headers, self._cors_origins)
        path, _, query = target.partition("?")
        return self._bucket.get(path, query, request.headers)

    def _as_cloudfront(self, response: Response, request_id: str = "") -> Response:
        """Add the headers that CloudFront puts on its own responses and the origin's."""
        result = "Error" if response.status >= HTTPStatus.BAD_REQUEST else "Miss"
        return response.with_headers(
            {
                "Date": formatdate(self._now(), usegmt=True),
                "X-Cache": f"{result} from cloudfront",
                "Via": self._via,
                "X-Amz-Cf-Pop": _POINT_OF_PRESENCE,
                "X-Amz-Cf-Id": request_id or _request_id(),
            }
        )


def _check_size(request: Request) -> None:
    """Raise ``EdgeError`` if the request line and the headers are longer than CloudFront accepts.

    Source: "Maximum length of a request",
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html
    """
    if request.head_bytes > MAX_REQUEST_BYTES:
        detail = f"the request is longer than {MAX_REQUEST_BYTES:,} bytes"
        raise EdgeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BAD_REQUEST, detail)


def _check_form(request: Request, methods: Collection[str]) -> None:
    """Raise ``EdgeError`` for a method or a body that CloudFront refuses before all else.

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
    """Return the request's host, and its path and query from the first ``/`` on."""
    absolute = _ABSOLUTE_FORM.fullmatch(request.target)
    if absolute:
        hosts, target = [absolute[1]], absolute[2]
        target = target if target.startswith("/") else f"/{target}"
    else:
        hosts, target = request.headers.get_all("Host", []), request.target
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]) or not target.startswith("/"):
        raise EdgeError(HTTPStatus.BAD_REQUEST, BAD_REQUEST, "the request has no host or no path")
    return hosts[0], target


def _request_id() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(40)).decode("ascii")
