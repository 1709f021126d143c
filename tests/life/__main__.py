"""``python -m tests.life``: random lives of grants, compared with a plain model at each step.

A difference is shown as the shortest series of steps that leads to it, and makes the command
fail. ``TEST_DATABASE_URL`` chooses the database.
"""

from __future__ import annotations

import argparse
import logging
import time

from benchmarks import report
from tests.standalone import database

STEPS = 60  # of one life at most
LIVES = 100  # of one run of hypothesis


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    options = parser.parse_args()
    began = time.monotonic()
    with database():
        from django.conf import settings as django_settings
        from django.test import override_settings
        from hypothesis import HealthCheck, settings
        from hypothesis.stateful import run_state_machine_as_test

        from tests.life import SETTINGS
        from tests.life.machine import Life

        with override_settings(CF_PROTECTED=django_settings.CF_PROTECTED | SETTINGS):
            logging.disable()  # repetitions with other terms
            while Life.outcomes.total() < options.steps:
                run_state_machine_as_test(
                    Life,
                    settings=settings(
                        max_examples=LIVES,
                        stateful_step_count=STEPS,
                        database=None,
                        deadline=None,
                        suppress_health_check=[*HealthCheck],
                    ),
                )
                report.write(f"{Life.outcomes.total():,} steps, {time.monotonic() - began:.0f} s")
    rows = [[name, f"{count:,}"] for name, count in Life.outcomes.most_common()]
    report.write(
        report.table("Steps, none of which differs from the model", ["step", "times"], rows)
    )
    report.write(f"{Life.outcomes.total():,} steps in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
