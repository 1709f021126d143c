"""What the benchmarks print: aligned tables, and the machine they ran on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import date

import cryptography
import django
from cryptography.hazmat.backends.openssl import backend


def machine() -> str:
    """Return the machine and the versions that the figures depend on."""
    return (
        f"{date.today()}, {os.cpu_count()} CPUs ({platform.machine()}), "  # noqa: DTZ011
        f"Python {platform.python_version()}, Django {django.get_version()},\n"
        f"cryptography {cryptography.__version__}, {backend.openssl_version_text()}"
    )


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a title and aligned columns: the first to the left, the others to the right."""
    columns = zip(headers, *rows, strict=True)
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = [_line(row, widths) for row in (headers, *rows)]
    return "\n".join((title, "=" * len(title), lines[0], "-" * len(lines[0]), *lines[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = row
    cells = [
        first.ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
    ]
    return "  ".join(cells)


def rate(value: float) -> str:
    """Return a rate per second, rounded to the digits that are significant."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def ratio(value: float) -> str:
    """Return a ratio, rounded to the digits that are significant."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def write(text: str) -> None:
    """Print a paragraph without buffering it."""
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()
