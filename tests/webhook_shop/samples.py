"""The documents' samples as they are printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parents[2] / "docs"


def run_sample(page: str, marker: str) -> dict[str, Any]:
    """Run the one Python sample of ``page`` with this text; returns its names."""
    text = (_DOCS / page).read_text("utf-8")
    samples = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (sample,) = (one for one in samples if marker in one)
    names: dict[str, Any] = {"__name__": f"docs.{page}"}
    exec(compile(sample, page, "exec"), names)
    return names
