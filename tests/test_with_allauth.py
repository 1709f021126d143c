"""Runs ``tests/with_allauth`` in its own process, since its settings install more apps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_what_allauth_has_verified_is_vouched_for() -> None:
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider"]
    settings = "--ds=tests.with_allauth.settings"
    # What the outer run is told, as a coverage that it must reach, isn't meant for this one.
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}

    done = subprocess.run(
        [*command, settings, "tests/with_allauth/cases.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
