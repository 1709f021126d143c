from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_accounts_without_name_and_address_and_with_a_uuid_as_their_key() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.members.settings"}

    # A process of its own: the user model is chosen once.
    done = subprocess.run(
        [sys.executable, "-m", "tests.members.story"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
