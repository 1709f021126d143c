"""Reading pages."""

from __future__ import annotations

import re
from typing import Any


def text(response: Any) -> str:
    """The page's HTML with single spaces, so that it can be searched for sentences."""
    return re.sub(r"\s+", " ", response.content.decode())
