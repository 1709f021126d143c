"""``python -m benchmarks [--only PART] [--quick]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec

import django

from benchmarks import report

PARTS = ("signing", "playlist", "key_cache", "downloads", "queries", "streams", "calls")
EXTRA = ("dj_database_url", "gunicorn")


def main() -> None:
    """Set up a project in a directory of its own, and run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", choices=PARTS, help="run this part alone")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    options = parser.parse_args()
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        sys.exit(f"Not installed: {', '.join(missing)}. Try: pip install -e '.[bench]'")
    with tempfile.TemporaryDirectory(prefix="cf_protected-benchmarks-") as directory:
        os.environ["BENCHMARK_DIRECTORY"] = directory
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
        django.setup()
        report.write(report.machine())
        for part in [options.only] if options.only else PARTS:
            # Imported only now, since models need the settings.
            import_module(f"benchmarks.{part}").run(quick=options.quick)


if __name__ == "__main__":
    main()
