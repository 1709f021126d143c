"""Calls of our own functions: for a page of links, a download, and a cold signature.

The counts show how much code one request goes through, and in how many files. Nothing is timed,
so they don't depend on the machine.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import cf_protected
from benchmarks import report
from benchmarks.database import FILES, database, make_shop, signed_in
from benchmarks.key_cache import cold_signature

_PACKAGE = str(Path(cf_protected.__file__).parent)


def run(*, quick: bool) -> None:
    """Count and print. Counting takes one round, so ``quick`` changes nothing."""
    with database():
        shop = make_shop(buyers=1)
        buyer = signed_in(shop.buyers[0])
        buyer.get("/signed-links/")  # so that imports and the settings are done
        rows = [
            _row(f"page with {FILES} {{% signed_url %}}", lambda: buyer.get("/signed-links/")),
            _row("download", lambda: buyer.get(shop.files[0].get_absolute_url())),
        ]
    with cold_signature() as sign:
        rows.append(_row("cold signature with a key in SSM", sign))
    report.write(report.table("Calls of our own functions", ["", "calls", "in files"], rows))


def _row(name: str, act: Callable[[], object]) -> list[str]:
    with _counted() as calls:
        act()
    return [name, f"{calls.total():,}", str(len(calls))]


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Count the calls of the package's functions, by file."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_PACKAGE):
            calls[frame.f_code.co_filename] += 1

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)
