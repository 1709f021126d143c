"""Parse the ``Range`` header."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_RANGE: Final = re.compile(r"([0-9]*)-([0-9]*)")


class Unsatisfiable(ValueError):
    """The ranges are well formed, but the object has none of their bytes."""


def requested_ranges(header: str, size: int) -> list[range]:
    """Return which bytes ``header`` requests of an object of ``size`` bytes; empty for all.

    CloudFront sends all bytes if a range is invalid, if the ranges aren't in ascending
    order, or if they overlap. Of several ranges, those beyond the object are left out.

    Raises ``Unsatisfiable`` if the answer must be 416.

    Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
    and RFC 9110, section 14.2.
    """
    unit, _, text = header.strip().partition("=")
    if unit.lower() != "bytes":
        return []
    try:
        positions = [_positions(one, size) for one in _elements(text)]
    except ValueError:
        return []
    if any(after[0] <= before[1] for before, after in pairwise(positions)):
        return []
    ranges = [range(first, min(last + 1, size)) for first, last in positions if first < size]
    if positions and not ranges:
        raise Unsatisfiable(f"{header} of {size} bytes")
    return ranges


def _elements(text: str) -> list[str]:
    """Split a list; empty elements don't count: RFC 9110, section 5.6.1."""
    stripped = (element.strip(" \t") for element in text.split(","))
    return [element for element in stripped if element]


def _positions(text: str, size: int) -> tuple[int, int]:
    """Return the first and the last position of a range, which may lie beyond the object.

    Raises ``ValueError`` for anything else, and for a number of thousands of digits.
    """
    match = _RANGE.fullmatch(text)
    if match is None or text == "-":
        raise ValueError("not a range")
    if not match[1]:
        return max(size - int(match[2]), 0), size - 1
    first = int(match[1])
    last = int(match[2]) if match[2] else max(first, size - 1)
    if last < first:
        raise ValueError("the range ends before it begins")
    return first, last
