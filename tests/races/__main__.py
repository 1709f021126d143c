"""``python -m tests.races``: what can happen to a grant, all at the same moment.

Each round starts every event in a process of its own, and then compares what is stored. Half of
the rounds run with ``ATOMIC_REQUESTS``. ``TEST_DATABASE_URL`` chooses the database.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from typing import Final

from django.db import connection

from benchmarks import report
from tests.standalone import database

FAULT: Final = re.compile("OperationalError|failed statement")
CHUNK: Final = 25  # rounds of one set of processes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()
    deadlocks = 0
    with database():
        from tests.races.lives import RACES

        for title, run in RACES.items():
            # Once a transaction has read, SQLite lets it write only if no other did meanwhile.
            for atomic in (False, True) if connection.vendor != "sqlite" else (False,):
                outcomes: Counter[str] = Counter()
                began = time.monotonic()
                for start in range(0, options.rounds // 2, CHUNK):
                    numbers = range(start, min(start + CHUNK, options.rounds // 2))
                    outcomes += run([f"{title}-{atomic}-{n}" for n in numbers], atomic=atomic)
                deadlocks += sum(n for name, n in outcomes.items() if FAULT.search(name))
                rows = [[name, f"{count:,}"] for name, count in sorted(outcomes.items())]
                heading = (
                    f"{title}, {'atomic' if atomic else 'plain'}, {options.rounds // 2} rounds"
                )
                report.write(report.table(heading, ["outcome", "times"], rows))
                report.write(f"{time.monotonic() - began:.0f} s")
    report.write(f"{deadlocks} deadlocks")
    sys.exit(bool(deadlocks))


if __name__ == "__main__":
    main()
