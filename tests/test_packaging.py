"""What ``setup.cfg`` promises is what ``.ci/run`` tests."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).parent.parent


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def classified(topic: str) -> list[str]:
    """Return the versions that the classifiers name below ``topic``."""
    lines = setup_cfg()["metadata"]["classifiers"].splitlines()
    versions = [line.removeprefix(f"{topic} :: ") for line in lines if line.startswith(topic)]
    return [version for version in versions if version[0].isdigit() and "." in version]


def pairs() -> list[list[str]]:
    """Return the rows of ``.ci/pairs``: Python, Django, and the versions of the dependencies."""
    lines = (ROOT / ".ci" / "pairs").read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def test_each_python_of_the_classifiers_is_tested() -> None:
    assert classified("Programming Language :: Python") == [python for python, _, _ in pairs()]


def test_each_django_of_the_classifiers_is_tested() -> None:
    assert classified("Framework :: Django") == sorted({django for _, django, _ in pairs()})


def test_the_oldest_are_tested_with_the_lowest_versions_of_the_rest() -> None:
    options = setup_cfg()["options"]
    python, django, versions = pairs()[0]

    assert versions == "lowest"
    assert options["python_requires"] == f">={python}"
    assert f"Django>={django}" in options["install_requires"].splitlines()
