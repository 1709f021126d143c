"""The ``Range`` header: at most one range of bytes."""

from __future__ import annotations

import re
from typing import Final

# Nothing that a file system can hold needs more digits.
_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The range is well formed, and the object has none of its bytes."""


def requested_range(header: str, size: int) -> range | None:
    """Return the bytes that ``header`` asks for of an object of ``size``; ``None`` for all.

    All of them is also CloudFront's answer to bad syntax, and S3's to several ranges.
    Raises ``Unsatisfiable`` where the answer is 416.

    Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
    and ``Range`` in https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if first and last and int(first) > int(last):
        return None
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(size - int(last), 0), size
    if start >= size:
        raise Unsatisfiable(f"{header} of {size} bytes")
    return range(start, stop)
