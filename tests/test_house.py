"""Names in cf_protected mean one thing each."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "cf_protected"

# Names that Django looks for.
DJANGO = {"Command", "Migration"}


def modules() -> Iterator[Path]:
    """Yield every module of cf_protected; a package is its folder."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.parent if path.name == "__init__.py" else path


def classes(node: ast.AST, outer: str = "") -> Iterator[str]:
    """Yield the names of all classes below ``node``; those in a class as ``Outer.Inner``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield outer + child.name
            yield from classes(child, f"{outer}{child.name}.")
        else:
            yield from classes(child, outer)


def test_no_module_shadows_the_standard_library() -> None:
    shadows = [
        path.relative_to(PACKAGE.parent).as_posix()
        for path in modules()
        if path.stem in sys.stdlib_module_names
    ]

    assert shadows == [], "rename these modules: the standard library has their names"


def test_no_two_classes_have_the_same_name() -> None:
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in classes(ast.parse(path.read_text("utf-8"))):
            places[name].append(path.relative_to(PACKAGE.parent).as_posix())
    twice = {name: found for name, found in places.items() if len(found) > 1 and name not in DJANGO}

    assert twice == {}, "rename all but one of these classes"
