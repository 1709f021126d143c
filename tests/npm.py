"""Scripts of npm packages, for tests in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

_FOLDER: Final = Path(__file__).parent / "node_modules"


def npm_script(path: str) -> Path:
    """Return the script, or skip the test; with ``TEST_BROWSER=1`` it must be there."""
    script = _FOLDER / path
    if not script.exists():
        missing = f"There is no {path}; run: npm ci --prefix tests"
        if os.environ.get("TEST_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return script
