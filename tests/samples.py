"""The samples that the documents print, for tests to run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cf_protected

ROOT = Path(cf_protected.__file__).parents[1]


def read(page: str) -> str:
    """Return the text of README.md, of CONTRIBUTING.md or of a page of ``docs``."""
    folder = ROOT if (ROOT / page).exists() else ROOT / "docs"
    return (folder / page).read_text("utf-8")


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


def sample(page: str, part: str) -> str:
    """Return the page's one sample that contains ``part``."""
    (found,) = (one for one in blocks(read(page), r"[\w+]+") if part in one)
    return found


def run(page: str, part: str, **names: Any) -> dict[str, Any]:
    """Execute the page's one Python sample that contains ``part``. Return its names."""
    names.setdefault("__name__", "sample")
    exec(sample(page, part), names)
    return names


@cache
def claimed() -> frozenset[tuple[str, str]]:
    """Return the page and the text of each sample that a test takes, by reading the tests.

    They take it by ``sample`` and ``run``, or several by ``blocks(read(page), language)``, where
    ``section`` may narrow the page.
    """
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "tests").rglob("*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    calls = (one for one in nodes if isinstance(one, ast.Call) and isinstance(one.func, ast.Name))
    return frozenset(taken for call in calls for taken in _taken_by(call))


def _taken_by(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = _name(call)
    words = [_constant(argument) for argument in call.args]
    if name in ("sample", "run") and words and words[0].endswith(".md"):
        yield words[0], sample(words[0], words[1])
    if name == "blocks" and call.args and (page := _read_by(call.args[0])):
        heading = _constant(call.args[0].args[1]) if _name(call.args[0]) == "section" else ""
        text = section(read(page), heading) if heading else read(page)
        for found in blocks(text, *filter(None, words[1:])):
            yield page, found


def _read_by(node: ast.expr) -> str:
    """Return the page of the ``read`` in an expression."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and _name(one) == "read"]
    return _constant(calls[0].args[0]) if calls else ""


def _name(node: ast.expr) -> str:
    is_named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return node.func.id if is_named else ""


def _constant(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""
