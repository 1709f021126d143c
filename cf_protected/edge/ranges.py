"""Parse the ``Range`` header: at most one range of bytes."""

from __future__ import annotations

import re
from typing import Final

# 19 digits are enough for any size that a file system supports.
_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The range is well formed, but the object has none of its bytes."""


def requested_range(header: str, size: int) -> range | None:
    """Return which bytes ``header`` requests of an object of ``size`` bytes; None for all.

    CloudFront also sends all bytes if the syntax is bad, and S3 does for several ranges.

    Raises ``Unsatisfiable`` if the answer must be 416.

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
