"""Answer for the objects of a storage as a private S3 bucket behind CloudFront does."""

from __future__ import annotations

import re
from email.message import Message
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from cf_protected.edge.conditions import failed_precondition, is_not_modified, range_applies
from cf_protected.edge.errors import s3_error
from cf_protected.edge.messages import Response
from cf_protected.edge.multipart import Part, multipart
from cf_protected.edge.ranges import Unsatisfiable, requested_ranges
from cf_protected.edge.storage import (
    Errors,
    ObjectRange,
    OpenObject,
    Storage,
    leads_out,
    object_name,
    open_object,
)

_DISPOSITION: Final = "response-content-disposition"
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_SERVER: Final = {"Server": "AmazonS3"}


class Bucket:
    """A bucket with the objects of ``storage``. In a path, ``path_prefix`` precedes their names.

    ``storage_errors`` are the errors, other than ``OSError``, that the storage raises when
    it fails.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        path_prefix: str = "",
        storage_errors: Errors = (),
    ) -> None:
        self._storage = storage
        self._path_prefix = path_prefix
        self._errors: Errors = (OSError, EOFError, *storage_errors)

    def get(self, path: str, query: str, headers: Message) -> Response:
        """Return S3's response to a GET of ``path`` and ``query``, both as the viewer sent them.

        Raises ``EdgeError`` if the storage fails.
        """
        # S3's overrides: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        disposition = parse_qs(query).get(_DISPOSITION, [""])[0]
        if not _HEADER_VALUE.fullmatch(disposition):
            return _not_a_header()
        name = object_name(path, self._path_prefix)
        if name is not None and leads_out(self._storage, name):
            return _missing("a symbolic link leads out of the storage")
        found = None if name is None else open_object(self._storage, name, self._errors)
        if found is None:
            return _missing("the storage has no object of this name")
        response = self._respond(found, headers)
        if disposition and response.status < HTTPStatus.MULTIPLE_CHOICES:
            return response.with_headers({"Content-Disposition": disposition})
        return response

    def _respond(self, found: OpenObject, headers: Message) -> Response:
        validators = {"Last-Modified": found.last_modified, "ETag": found.etag}
        failed = failed_precondition(headers, found.etag, found.last_modified)
        if failed:
            found.file.close()
            return _precondition_failed(failed)
        if is_not_modified(headers, found.etag, found.last_modified):
            found.file.close()
            return Response(HTTPStatus.NOT_MODIFIED, {**validators, **_SERVER})
        wanted = ", ".join(headers.get_all("Range", []))
        if not range_applies(headers, found.etag, found.last_modified):
            wanted = ""
        try:
            parts = requested_ranges(wanted, found.size)
        except Unsatisfiable:
            found.file.close()
            return _unsatisfiable(wanted, found.size)
        return self._content(found, parts).with_headers(validators)

    def _content(self, found: OpenObject, ranges: list[range]) -> Response:
        parts = [self._part(found, one) for one in ranges or [range(found.size)]]
        if len(parts) > 1:
            headers, body = multipart(parts)
        else:
            headers, body = parts[0].headers, parts[0].body
            headers["Content-Length"] = str(parts[0].length)
        if not ranges:
            del headers["Content-Range"]
        status = HTTPStatus.PARTIAL_CONTENT if ranges else HTTPStatus.OK
        return Response(status, {**headers, "Accept-Ranges": "bytes", **_SERVER}, body)

    def _part(self, found: OpenObject, part: range) -> Part:
        headers = {
            "Content-Type": found.content_type,
            "Content-Range": f"bytes {part.start}-{part.stop - 1}/{found.size}",
        }
        return Part(headers, len(part), ObjectRange(found.file, part, self._errors))


def _missing(detail: str) -> Response:
    """Return S3's answer without ``s3:ListBucket``, the same for missing and forbidden."""
    return s3_error(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied", detail=detail)


def _precondition_failed(condition: str) -> Response:
    return s3_error(
        HTTPStatus.PRECONDITION_FAILED,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        detail=f"{condition} asks for another state of the object",
        Condition=condition,
    )


def _not_a_header() -> Response:
    return s3_error(
        HTTPStatus.BAD_REQUEST,
        "InvalidArgument",
        "Header value cannot be represented using ISO-8859-1.",
        detail=f"{_DISPOSITION} has a character that a header can't carry",
        ArgumentName=_DISPOSITION,
    )


def _unsatisfiable(wanted: str, size: int) -> Response:
    response = s3_error(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
        detail=f"an object of {size} bytes has nothing at {wanted}",
        RangeRequested=wanted,
        ActualObjectSize=str(size),
    )
    return response.with_headers({"Content-Range": f"bytes */{size}"})
