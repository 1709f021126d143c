"""hls.js, which plays HLS in browsers without it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

_SCRIPT: Final = Path(__file__).parent / "node_modules" / "hls.js" / "dist" / "hls.min.js"


def hls_js() -> Path:
    """Return the script, or skip the test; with ``TEST_BROWSER=1`` it must be there."""
    if not _SCRIPT.exists():
        missing = "There is no hls.js; run: npm ci --prefix tests"
        if os.environ.get("TEST_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return _SCRIPT
