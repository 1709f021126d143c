"""The origin: a storage that answers as a private S3 bucket behind CloudFront."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from cf_protected.edge.conditions import is_not_modified, range_applies
from cf_protected.edge.errors import s3_error
from cf_protected.edge.ranges import Unsatisfiable, requested_range
from cf_protected.edge.response import Response
from cf_protected.edge.storage import (
    Errors,
    ObjectRange,
    Storage,
    StoredObject,
    find_object,
    object_name,
)

_DISPOSITION: Final = "response-content-disposition"
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


class Origin:
    """Answers for the objects of ``storage``; in a path, their names follow ``path_prefix``.

    ``storage_errors`` are what the storage raises when it fails, besides ``OSError``.
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
        """Return S3's answer to a GET of ``path`` and ``query``, both as the viewer sent them.

        Raises ``OriginError``.
        """
        # S3's overrides: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        disposition = parse_qs(query).get(_DISPOSITION, [""])[0]
        if not _HEADER_VALUE.fullmatch(disposition):
            return _not_a_header()
        stored = self._find(path)
        if stored is None:
            return _missing()
        response = self._answer(stored, headers)
        if disposition and response.status < HTTPStatus.MULTIPLE_CHOICES:
            return replace(
                response, headers={**response.headers, "Content-Disposition": disposition}
            )
        return response

    def _find(self, path: str) -> StoredObject | None:
        name = object_name(path, self._path_prefix)
        return None if name is None else find_object(self._storage, name, self._errors)

    def _answer(self, stored: StoredObject, headers: Message) -> Response:
        validators = {"Last-Modified": stored.last_modified, "ETag": stored.etag}
        if is_not_modified(headers, stored.etag, stored.last_modified):
            stored.file.close()
            return Response(HTTPStatus.NOT_MODIFIED, {**validators, "Server": "AmazonS3"})
        wanted = headers.get("Range", "")
        if not range_applies(headers, stored.etag, stored.last_modified):
            wanted = ""
        try:
            part = requested_range(wanted, stored.size)
        except Unsatisfiable:
            stored.file.close()
            return _unsatisfiable(wanted, stored.size)
        return self._content(stored, part, validators)

    def _content(
        self, stored: StoredObject, part: range | None, validators: dict[str, str]
    ) -> Response:
        sent = range(stored.size) if part is None else part
        headers = {
            "Content-Type": stored.content_type,
            "Content-Length": str(sent.stop - sent.start),
            **validators,
            "Accept-Ranges": "bytes",
            "Server": "AmazonS3",
        }
        body = ObjectRange(stored.file, sent, self._errors)
        if part is None:
            return Response(HTTPStatus.OK, headers, body)
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
        return Response(HTTPStatus.PARTIAL_CONTENT, headers, body)


def _missing() -> Response:
    """S3's answer without ``s3:ListBucket``, which doesn't tell missing from forbidden."""
    return s3_error(
        HTTPStatus.FORBIDDEN,
        "AccessDenied",
        "Access Denied",
        detail="the storage has no object of this name",
    )


def _not_a_header() -> Response:
    return s3_error(
        HTTPStatus.BAD_REQUEST,
        "InvalidArgument",
        "Header value cannot be represented using ISO-8859-1.",
        detail=f"{_DISPOSITION} has a character that no header can carry",
        ArgumentName=_DISPOSITION,
    )


def _unsatisfiable(wanted: str, size: int) -> Response:
    response = s3_error(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
        detail=f"there is no {wanted} in {size} bytes",
        RangeRequested=wanted,
        ActualObjectSize=str(size),
    )
    return replace(response, headers={**response.headers, "Content-Range": f"bytes */{size}"})
