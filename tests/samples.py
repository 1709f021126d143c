"""The samples that the documents print, for tests to run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cf_protected

ROOT = Path(cf_protected.__file__).parents[1]


def page(name: str) -> str:
    """Return the text of README.md, of CONTRIBUTING.md or of a page of ``docs``."""
    folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
    return (folder / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below ``heading``, up to the next one of its level or a higher one."""
    marks = heading.partition(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(marks)}}} |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found, f"no heading {heading!r}"
    return found[1]


def blocks(text: str, language: str = r"\w*") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def sample(name: str, part: str) -> str:
    """Return the page's one sample that contains ``part``.

    A test that calls this claims the sample: ``test_a_test_runs_each_sample``.
    """
    (found,) = (one for one in blocks(page(name), r"[\w+]+") if part in one)
    return found


def run(name: str, part: str, **names: Any) -> dict[str, Any]:
    """Execute the page's one Python sample that contains ``part``. Return its names."""
    exec(sample(name, part), names)
    return names
